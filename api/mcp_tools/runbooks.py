"""`runbook_for_alert`: the runbook that belongs to an alert."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from api.access.scopes import READ
from api.alerts.views import alert_view
from api.mcp_tools.tool import Arguments, Asking, Told, Tool, address_of, portion
from rag.alerts.records import Alert
from rag.alerts.records import Runbook as Found
from rag.records import Document

_TEXT = 12_000  # characters of the runbook
_NOTES = {
    "": "no runbook was found for this alert; search for what its summary says",
    "search": "no runbook bears this alert's name; this one was found by what it says: check that it fits",
}
_Label = Annotated[str, Field(max_length=2000)]
_Labels = dict[Annotated[str, Field(max_length=200)], _Label]


class AlertArguments(Arguments):
    """An alert as Alertmanager tells it."""

    name: Annotated[
        str, Field(min_length=1, max_length=200, description="The alert's name.", examples=["KubePodCrashLooping"])
    ]
    labels: Annotated[_Labels, Field(max_length=60, description="The alert's labels, such as namespace.")] = Field(
        default={}
    )
    annotations: Annotated[
        _Labels, Field(max_length=60, description="The alert's annotations, such as summary and runbook_url.")
    ] = Field(default={})


class Runbook(TypedDict):
    """A runbook: `id` is for fetch, `text` its beginning, `matched` whether it bears the alert's name or was found by search."""

    id: str
    title: str
    url: str
    source: str
    path: str
    updated_at: str
    owner: str
    outdated: str
    matched: Literal["link", "name", "search"]
    text: str


class RunbookOut(TypedDict):
    """The runbook, or None where there is none, and what it says is to be done: quoted, with lines. `link` says what the address
    in the alert's rule is: resolved, dead, outside, template, none. `note` says how sure this is."""

    runbook: Runbook | None
    steps: list[dict[str, Any]]
    link: str
    note: str


def _runbook_for_alert(asking: Asking, arguments: AlertArguments) -> Told:
    alert = Alert(arguments.name, arguments.labels, arguments.annotations)
    (answered,) = asking.reader.runbooks.answer([alert], asking.viewer)
    found = answered.runbook
    told: dict[str, Any] = {
        "runbook": _view(found.document, found) if found.document else None,
        "steps": alert_view(answered)["steps"],
        "link": found.link,
        "note": _NOTES.get(found.found_by, ""),
    }
    return Told(told, json.dumps(told, ensure_ascii=False))


def _view(document: Document, found: Found) -> Runbook:
    text, last = portion(document, found.start, _TEXT)
    return {
        "id": document.id,
        "title": document.title,
        "url": address_of(document, found.start, last),
        "source": document.source,
        "path": document.path,
        "updated_at": document.updated_at,
        "owner": document.owner,
        "outdated": document.outdated,
        "matched": found.found_by or "search",
        "text": text,
    }


RUNBOOK_FOR_ALERT = Tool(
    "runbook_for_alert",
    "Find an alert's runbook",
    "Finds the runbook for an alert by its name, labels and annotations, with its text; fetch its id for the rest of a long one.",
    READ,
    AlertArguments,
    RunbookOut,
    _runbook_for_alert,
    action="alert",
)
