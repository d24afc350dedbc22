"""Answers and runbooks in Slack's markup: escaped, citations as numbered links, nobody called by what a document says.

Source: https://docs.slack.dev/messaging/formatting-message-text/. Messages are sent with `parse: none`, without unfurling.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

_LONGEST = 3800  # characters of a message; Slack cuts at 4,000
_QUOTE = 1200  # of one step
_SHOWN_CITATIONS = 12
_SHOWN_TERRAFORM = 8
_CALLS = re.compile(r"@(?=channel\b|here\b|everyone\b|group\b)|!(?=subteam\b)", re.I)
_FENCE = re.compile(r"^(\s*)(`{3,}|~{3,}).*$", re.M)
_NUMBER = re.compile(r"\[(\d{1,3})\]")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.M)


def escaped(text: str) -> str:
    """A text in which Slack finds no link, no mention and no command of its own."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _CALLS.sub(lambda found: f"{found[0]}\u200b", text)


def link(url: str, label: str) -> str:
    """A link where the address is one of the web; else the label alone."""
    if not re.match(r"https?://[^\n\r]+\Z", url, re.I):
        return escaped(label)
    address = quote(url, safe="%/:?#[]@!$'()*+,;=~&-._")
    return f"<{escaped(address)}|{escaped(label).replace('|', '¦')}>"


def answer_text(view: Mapping[str, Any]) -> str:
    """An answer with its citations, from `api.views.answer_view`."""
    cited = {one["number"]: one for one in view["citations"]}
    body = _marked(view["answer"], cited)
    listed = [f"[{number}] {_place(one)}" for number, one in sorted(cited.items())[:_SHOWN_CITATIONS]]
    warned = [
        f":warning: {escaped(flag['reason'])}" for flag in view["flags"] if flag["kind"] in ("outdated", "destructive")
    ]
    partial = "_The documents speak of this only in part._" if view["verdict"] == "partial" else ""
    return _whole(body, [partial, *warned[:4], "\n".join(listed)])


def alert_text(view: Mapping[str, Any]) -> str:
    """An alert's runbook, from `api.alerts.views.alert_view`."""
    page, rule = view["runbook"], view["link"]
    title = f"*{escaped(view['name'][:200])}*"
    dead = (
        f":warning: The link in the rule leads to nothing: {escaped(rule['url'][:300])}"
        if rule["state"] == "dead"
        else ""
    )
    if page is None:
        outside = link(rule["url"], "the link in the rule") if rule["state"] == "outside" else ""
        return _whole(
            f"{title}: no runbook was found." + (f" There is {outside}, which is not synced." if outside else ""),
            [dead],
        )
    dated = f", {page['updated_at'][:10]}" if page["updated_at"] else ""
    owner = f", owner {page['owner']}" if page["owner"] else ""
    lead = f"{title}: {link(page['url'], page['title'])} (by {view['found_by']}{escaped(dated + owner)})"
    old = f":warning: It says of itself: {escaped(page['outdated'][:300])}" if page["outdated"] else ""
    due = f":warning: Its review was due on {escaped(page['review_due'])}." if page["review_overdue"] else ""
    steps = [_step(step) for step in view["steps"]]
    touched = ", ".join(f"`{escaped(one['address'])}`" for one in view["terraform"][:_SHOWN_TERRAFORM])
    rest = escaped(view["steps_rest"])
    body = "\n\n".join(filter(None, (lead, dead, old, due, escaped(view["steps_before"]), *steps)))
    return _whole(body, [rest, f"Terraform: {touched}" if touched else ""])


def _step(step: Mapping[str, Any]) -> str:
    lines = f"lines {step['start_line']}–{step['end_line']}"
    mark = ":warning: " if step["warns"] else ""
    quote_ = step["quote"] if len(step["quote"]) <= _QUOTE else step["quote"][:_QUOTE] + "…"
    danger = [f":rotating_light: `{escaped(one['command'])}` {escaped(one['effect'])}" for one in step["destructive"]]
    return "\n".join(
        [f"{mark}*{escaped(step['heading'] or 'Runbook')}* ({link(step['url'], lines)})", _marked(quote_, {}), *danger]
    )


def _marked(text: str, cited: Mapping[int, Mapping[str, Any]]) -> str:
    """Markdown as Slack shows it: fences without languages, bold, headings, numbers of citations as links."""
    out: list[str] = []
    fenced = False
    for part in re.split(r"(?m)(^\s*(?:`{3,}|~{3,}).*$)", text):
        if _FENCE.match(part):
            fenced = not fenced
            out.append("```")
        elif fenced:
            out.append(escaped(part).replace("```", "'''"))
        else:
            plain = _BOLD.sub(r"*\1*", _HEADING.sub(r"*\1*", escaped(part).replace("```", "'''")))
            out.append(_NUMBER.sub(lambda found: _numbered(found, cited), plain))
    return "".join(out) + ("\n```" if fenced else "")


def _numbered(found: re.Match[str], cited: Mapping[int, Mapping[str, Any]]) -> str:
    one = cited.get(int(found[1]))
    return link(one["url"], found[0]) if one else found[0]


def _place(one: Mapping[str, Any]) -> str:
    dated = f", {one['updated_at'][:10]}" if one["updated_at"] else ""
    owner = f", owner {one['owner']}" if one["owner"] else ""
    where = f"{one['source']}/{one['path']}:{one['start_line']}-{one['end_line']}"
    return f"{link(one['url'], one['title'] or where)} ({escaped(where + dated + owner)})"


def _whole(body: str, below: Sequence[str]) -> str:
    """The message: what stands below is kept, and the body cut where there is no room for all of it."""
    rest = "\n\n".join(part for part in below if part)[: _LONGEST // 2]
    room = _LONGEST - len(rest) - 40
    if len(body) > room:
        body = body[:room].rsplit("\n", 1)[0]
        body += "\n```" if body.count("```") % 2 else ""
        body += "\n… (cut here)"
    return f"{body}\n\n{rest}".strip()
