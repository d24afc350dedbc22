"""`waypost drift`: where documents state what Terraform contradicts, or name what it no longer has."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from api.console import ConfigOption, GroupsOption, JsonOption, out, print_json, settings_from


def drift(
    source: Annotated[str, typer.Option("--source", help="Only documents of this source.")] = "",
    least: Annotated[float, typer.Option("--min-confidence", min=0, max=1, help="From 0 to 1; 0.6 unless told.")] = 0.6,
    as_groups: GroupsOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List where documents state what Terraform contradicts, or name what it no longer has."""
    from api.compose import departures_from, viewer_from
    from api.views import drift_view
    from rag.catalog import Catalog
    from rag.drift import DriftWatch
    from rag.errors import SettingsError

    settings = settings_from(config)
    catalog = Catalog(settings.catalog_url, read_only=True)
    try:
        viewer = viewer_from(as_groups or settings.groups)
        if source and source not in {row.name for row in catalog.sources()}:
            raise SettingsError(f"there is no source {source!r}")
        found = DriftWatch(catalog).everything(viewer, departures_from(settings, catalog))
    finally:
        catalog.close()
    told = [one for one in found if one.confidence >= least and source in ("", one.document.source)]
    if as_json:
        print_json({"drift": [drift_view(one) for one in told]})
        return
    for one in told:
        here = f"{one.document.source}/{one.document.path}:{one.document.line}"
        out.print(f"[bold]{escape(one.summary)}[/bold]  ({one.confidence:.0%} sure)")
        out.print(f"   [cyan]{escape(here)}[/cyan]  {escape(one.document.quote[:160])}")
        if one.code:
            there = f"{one.code.source}/{one.code.path}:{one.code.line}"
            out.print(f"   [cyan]{escape(there)}[/cyan]  {escape(one.code.quote[:160])}")
    out.print(f"{len(told)} found")
