"""`waypost alerts`: which alert rules lack a runbook, and the runbook of one alert."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.markup import escape

from api import failures
from api.console import ConfigOption, GroupsOption, JsonOption, err, out, print_json, settings_from
from rag.errors import SettingsError

alerts = typer.Typer(no_args_is_help=True, help="Find the runbooks of alerts, and the alert rules that lack one.")


@alerts.command()
def check(as_groups: GroupsOption = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List each alert rule in the synced repositories that has no runbook, a dead link, or a runbook by search only.

    Ends with 3 when there is any: it needs a person.
    """
    from api.alerts.views import rule_view
    from api.compose import open_reader, viewer_from

    settings = settings_from(config)
    with open_reader(settings) as reader:
        found = [rule_view(one) for one in reader.runbooks.rules(viewer_from(as_groups or settings.groups))]
    wrong = [one for one in found if one["problem"]]
    links = Counter(one["link"]["state"] for one in found)
    counts = {"rules": len(found), "problems": len(wrong), "links": dict(links)}
    if as_json:
        print_json({"rules": wrong, "counts": counts})
    else:
        for one in wrong:
            _print_rule(one)
        outside = f"; {links['outside']} link to what is not synced, and are not checked" if links["outside"] else ""
        out.print(f"{len(found)} alert rules, {len(wrong)} with a problem{outside}")
    if wrong:
        raise typer.Exit(failures.NEEDS_A_PERSON)


def _print_rule(one: dict[str, Any]) -> None:
    out.print(f"[bold]{escape(one['name'])}[/bold]  {escape(one['problem'])}")
    out.print(f"   [cyan]{escape(one['source'] + '/' + one['path'])}:{one['line']}[/cyan]")
    if one["link"]["state"] == "dead":
        out.print(f"   its link leads to nothing: {escape(one['link']['url'])}")
    if one["runbook"]:
        page = one["runbook"]
        out.print(
            f"   by {escape(one['found_by'])} there is {escape(page['title'])} ({escape(page['source'] + '/' + page['path'])})"
        )


@alerts.command()
def find(
    name: Annotated[str, typer.Argument(help="The alert's name, or an incident's title.")],
    label: Annotated[list[str] | None, typer.Option("--label", help="A label, as key=value (repeatable).")] = None,
    annotation: Annotated[
        list[str] | None, typer.Option("--annotation", help="An annotation, such as runbook_url=… (repeatable).")
    ] = None,
    as_groups: GroupsOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the runbook of an alert, and quote what it says is to be done."""
    from api.alerts.views import alert_view
    from api.compose import open_reader, viewer_from
    from rag.alerts.records import Alert

    settings = settings_from(config)
    alert = Alert(name, _pairs(label, "--label"), _pairs(annotation, "--annotation"))
    with open_reader(settings) as reader:
        answered = reader.runbooks.answer([alert], viewer_from(as_groups or settings.groups))
        view = alert_view(answered[0])
    if as_json:
        print_json(view)
        return
    _print_alert(view)


def _pairs(given: Sequence[str] | None, option: str) -> dict[str, str]:
    pairs = [one.partition("=") for one in given or ()]
    if wrong := next((key for key, equals, _ in pairs if not key or not equals), None):
        raise SettingsError(f"{option} {wrong}: write it as key=value")
    return {key: value for key, _, value in pairs}


def _print_alert(view: dict[str, Any]) -> None:
    page, link = view["runbook"], view["link"]
    if link["state"] == "dead":
        err.print(f"[yellow]the rule's link leads to nothing: {escape(link['url'])}[/yellow]")
    if page is None:
        where = f"; its link leads outside of what is synced: {link['url']}" if link["state"] == "outside" else ""
        out.print(f"no runbook was found for {escape(view['name'] + where)}")
        return
    dated = f", {page['updated_at'][:10]}" if page["updated_at"] else ""
    owner = f", owner {page['owner']}" if page["owner"] else ""
    out.print(f"[bold]{escape(page['title'])}[/bold]  (by {view['found_by']}{escape(dated + owner)})")
    out.print(f"   [cyan]{escape(page['url'])}[/cyan]")
    if page["outdated"]:
        out.print(f"[yellow]it says of itself: {escape(page['outdated'])}[/yellow]")
    if page["review_overdue"]:
        out.print(f"[yellow]its review was due on {escape(page['review_due'])}[/yellow]")
    for told in filter(None, (view["steps_before"],)):
        out.print(escape(told))
    for step in view["steps"]:
        lines = f"lines {step['start_line']}-{step['end_line']}"
        out.print(
            f"\n[dim]{escape(step['heading'])}  {lines}[/dim]{'  [yellow]warning[/yellow]' if step['warns'] else ''}"
        )
        out.print(escape(step["quote"]))
        for one in step["destructive"]:
            out.print(f"[red]destructive: {escape(one['command'])}: {escape(one['effect'])}[/red]")
    if view["steps_rest"]:
        out.print("\n" + escape(view["steps_rest"]))
    for one in view["terraform"]:
        where = f"{one['source']}/{one['path']}:{one['start_line']}"
        out.print(f"touches {escape(one['address'])}  [cyan]{escape(where)}[/cyan]")
