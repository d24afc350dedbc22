"""`waypost gaps`: what was asked and not answered, or only in part."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from api.console import ConfigOption, GroupsOption, JsonOption, out, print_json, settings_from


def gaps(
    done: Annotated[str, typer.Option("--done", metavar="ID", help="Mark this one as dealt with.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Those that are dealt with too.")] = False,
    as_groups: GroupsOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was asked and the documents don't answer, or only in part, most asked first."""
    from api.compose import gaps_of, viewer_from
    from api.views import gap_view
    from rag.catalog import Catalog

    settings = settings_from(config)
    viewer = viewer_from(as_groups or settings.groups)
    catalog = Catalog(settings.catalog_url, read_only=True)
    try:
        known = gaps_of(settings, catalog)
        finished = known.finish(done, viewer) if done else None
        found = [gap_view(one) for one in known.listed(viewer, done=everything)]
    finally:
        catalog.close()
    if as_json:
        print_json({"gaps": found})
        return
    if finished:
        out.print(f"done: {escape(finished.question)}")
        out.print(f"{len(found)} gaps are left; asked again and not answered, this one is open again")
        return
    for one in found:
        state = f", done {one['done_at'][:10]}" if one["done_at"] else ""
        out.print(f"[bold]{escape(one['question'])}[/bold]")
        out.print(f"   {one['id']}  {one['verdict']}, asked {one['count']} times, last {one['last_asked'][:10]}{state}")
        if one["missing"]:
            out.print(f"   nothing on: {escape(', '.join(one['missing']))}")
        for page in one["nearest"]:
            owner = f", owner {page['owner']}" if page["owner"] else ""
            out.print(f"   [cyan]{escape(page['source'] + '/' + page['path'])}[/cyan]{escape(owner)}")
    out.print(f"{len(found)} gaps" + ("; `waypost gaps --done ID` marks one as dealt with" if found else ""))
