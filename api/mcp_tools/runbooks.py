"""`runbook_for_alert`: the runbook that belongs to an alert."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from api.access.scopes import READ
from api.compose import Reader
from api.mcp_tools.tool import Arguments, Asking, Told, Tool, address_of, portion
from rag.records import ScoredPassage, Viewer
from rag.search import Filters

_TEXT = 12_000  # characters of the runbook
_OTHERS = 4
_POOL = 20  # passages among which the name is looked for
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
    """The runbook, or None where there is none; `others` come next. `note` says how sure this is."""

    runbook: Runbook | None
    others: list[Runbook]
    note: str


def find_runbooks(
    reader: Reader, viewer: Viewer, name: str, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> list[tuple[ScoredPassage, bool]]:
    """Runbooks for an alert, best first, each with whether it bears the alert's name. The one place where they are looked for."""
    said = " ".join(filter(None, (annotations.get("summary"), annotations.get("description"))))[:500]
    query = f"{name} {said}".strip() or name
    found: dict[str, ScoredPassage] = {}
    for one in reader.retriever.search(query, viewer, _POOL, Filters(kinds=("runbook",))).passages:
        found.setdefault(one.document.id, one)
    ranked = [(one, _bears(one, name)) for one in found.values()]
    return sorted(ranked, key=lambda pair: not pair[1])


def _bears(found: ScoredPassage, name: str) -> bool:
    """Whether a title, heading or file name is the alert's name, however its words are joined."""
    document = found.document
    named = (document.title, document.path.rsplit("/", 1)[-1].rsplit(".", 1)[0], *found.passage.heading_path)
    return _joined(name) in {_joined(one) for one in named}


def _joined(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


def _runbook_for_alert(asking: Asking, arguments: AlertArguments) -> Told:
    found = find_runbooks(asking.reader, asking.viewer, arguments.name, arguments.labels, arguments.annotations)
    told: dict[str, Any] = {
        "runbook": _view(*found[0], _TEXT) if found else None,
        "others": [_view(*one, 300) for one in found[1 : 1 + _OTHERS]],
        "note": _note(found),
    }
    return Told(told, json.dumps(told, ensure_ascii=False))


def _note(found: Sequence[tuple[ScoredPassage, bool]]) -> str:
    if not found:
        return "no runbook was found for this alert; search for what its summary says"
    if not found[0][1]:
        return "no runbook bears this alert's name; the nearest was found by what it says: check that it fits"
    return ""


def _view(found: ScoredPassage, named: bool, longest: int) -> Runbook:
    document = found.document
    text, last = portion(document, 1, longest)
    return {
        "id": document.id,
        "title": document.title,
        "url": address_of(document, 1, last),
        "source": document.source,
        "path": document.path,
        "updated_at": document.updated_at,
        "owner": document.owner,
        "outdated": document.outdated,
        "matched": "name" if named else "search",
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
