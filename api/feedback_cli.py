"""`waypost feedback`: what readers thought of answers."""

from __future__ import annotations

from rich.markup import escape

from api.console import ConfigOption, JsonOption, out, print_json, settings_from


def feedback(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List what readers thought of answers, newest first."""
    from api.compose import feedback_of
    from api.views import opinion_view

    found = [opinion_view(one) for one in feedback_of(settings_from(config)).listed()]
    if as_json:
        print_json({"feedback": found})
        return
    for one in found:
        out.print(f"[bold]{escape(one['question'])}[/bold]")
        said = f": {escape(one['comment'])}" if one["comment"] else ""
        out.print(f"   {'useful' if one['useful'] else 'not useful'}{said}")
        out.print(f"   {one['at'][:10]}, {escape(one['name'])}; the answer was {one['verdict']}")
    useful = sum(one["useful"] for one in found)
    out.print(f"{len(found)} opinions, {useful} of them: useful" if found else "nobody has said anything yet")
