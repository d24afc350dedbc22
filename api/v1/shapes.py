"""What the routes of `api.v1` answer with, as OpenAPI shows it. `api.views` and `api.status` make the objects.

They describe and don't filter: a key that is added to a view is sent, and a test finds that it is not described here.
"""

from __future__ import annotations

from typing import (
    Any,
    Literal,
    NotRequired,  # Pydantic takes the standard library's from Python 3.12 on
)

from typing_extensions import TypedDict

from rag.drift.records import Place as DriftPlace
from rag.records import Citation, Flag, Usage, Verdict


class CoverageShape(TypedDict):
    """How much of what is in the catalog was searched, in passages; `complete`: all of it."""

    passages: int
    lexical: int
    vectors: int
    note: str
    complete: bool


class StandsShape(TypedDict):
    """A passage and the document that it stands in."""

    id: str
    document_id: str
    source: str
    path: str
    title: str
    heading: str
    kind: str
    start_line: int
    end_line: int
    url: str
    version: str
    updated_at: str
    owner: str
    outdated: str
    reviewed_at: str
    review_due: str
    place: str


class NearestShape(StandsShape):
    """A passage and the document that it stands in, without its text."""

    score: float
    found_by: list[str]


class ResultShape(NearestShape):
    """A passage that was found; `score` orders results and means nothing else."""

    text: str


class SearchShape(TypedDict):
    """Results, best first, and how much was searched."""

    results: list[ResultShape]
    coverage: CoverageShape
    took_ms: float


class AnswerShape(TypedDict):
    """An answer with its checked citations; `thread` is what a follow-up and feedback name."""

    answer: str
    verdict: Verdict
    citations: list[Citation]
    flags: list[Flag]
    missing: list[str]
    degraded: str
    nearest: list[NearestShape]
    model: str
    usage: Usage
    coverage: CoverageShape | None
    thread: str
    asked_as: str
    took_ms: float


class PersonaShape(TypedDict("Named", {"for": str})):  # `for` is a keyword
    """In whose voice an answer can be had."""

    name: str
    title: str
    read_next: bool


class PersonasShape(TypedDict):
    """The personas, and what is wrong with files that are none, by name."""

    personas: list[PersonaShape]
    broken: dict[str, str]


class NamedDocument(TypedDict):
    """A document, by where it stands."""

    document_id: str
    source: str
    path: str
    title: str
    owner: str


class GapShape(TypedDict):
    """What was asked and not answered, or only in part. `done_at` is "" while it is open."""

    id: str
    question: str
    verdict: str
    count: int
    first_asked: str
    last_asked: str
    missing: list[str]
    done_at: str
    nearest: list[NamedDocument]


class GapsShape(TypedDict):
    """Gaps, most asked first; `next_cursor` is None after the last page."""

    gaps: list[GapShape]
    next_cursor: str | None


class PassageSpan(TypedDict):
    """Where a passage of a document stands."""

    id: str
    heading: str
    start_line: int
    end_line: int


class ResourceShape(TypedDict):
    """A thing of Terraform that a page mentions on `line` by `name`."""

    address: str
    kind: str
    source: str
    folder: str
    path: str
    start_line: int
    line: int
    name: str


class DocumentShape(TypedDict):
    """A document or some lines of it, credentials taken out."""

    id: str
    source: str
    path: str
    title: str
    kind: str
    version: str
    url: str
    updated_at: str
    owner: str
    notes: list[str]
    outdated: str
    reviewed_at: str
    review_due: str
    place: str
    start_line: int
    end_line: int
    total_lines: int
    text: str
    passages: list[PassageSpan]
    resources: list[ResourceShape]
    replaced_at: str


class ListedShape(TypedDict):
    """A document without its text."""

    id: str
    source: str
    path: str
    title: str
    kind: str
    version: str
    url: str
    updated_at: str
    owner: str
    outdated: str


class DocumentsShape(TypedDict):
    """Documents in the order of source and path; `total` counts those of all pages."""

    documents: list[ListedShape]
    next_cursor: str | None
    total: int


class NeighbourShape(TypedDict):
    """A passage that stands beside another in the same document."""

    id: str
    heading: str
    kind: str
    start_line: int
    end_line: int
    text: str


class PassageShape(StandsShape):
    """A passage with its document's data, and those that stand before and after it, as many as were asked for."""

    text: str
    before: list[NeighbourShape]
    after: list[NeighbourShape]


class SuggestionShape(TypedDict):
    """A heading or a document that what was typed may lead to."""

    passage_id: str
    document_id: str
    source: str
    path: str
    title: str
    heading: str
    kind: str
    start_line: int


class SuggestionsShape(TypedDict):
    """Suggestions, best first."""

    suggestions: list[SuggestionShape]


class DriftShape(TypedDict):
    """A document states what code contradicts (`kind` value), or names what code does not have (gone)."""

    kind: Literal["value", "gone"]
    stated: str
    actual: str
    about: str
    document_id: str
    document: DriftPlace
    code: DriftPlace | None
    confidence: float
    went: str
    summary: str


class DriftsShape(TypedDict):
    """Drift, surest first."""

    drift: list[DriftShape]


class RunShape(TypedDict):
    """One sync of one source; `finished_at` is "" while it runs."""

    source: str
    started_at: str
    finished_at: str
    outcome: str
    message: str
    counts: dict[str, Any]
    counts_hidden: NotRequired[str]


class RunsShape(TypedDict):
    """Syncs, newest first; `next_cursor` is None after the last page."""

    runs: list[RunShape]
    next_cursor: str | None


class ReasonShape(TypedDict):
    """Why so many things of a source are not indexed."""

    outcome: str
    reason: str
    count: int


class SourceShape(TypedDict):
    """A source as the viewer may know of it. `named` is None while waypost.yaml can't be read."""

    name: str
    type: str
    state: str
    message: str
    head: str
    listed_at: str
    synced_at: str
    schedule: str
    next_sync: str
    named: bool | None
    documents: int
    counts: dict[str, int]
    reasons: list[ReasonShape]
    last_run: RunShape | None
    counts_hidden: str


class SourcesShape(TypedDict):
    """The sources, by name."""

    sources: list[SourceShape]


class QueuedShape(TypedDict):
    """A source that is synced as soon as the sync before it is done."""

    source: str
    queued: bool


class HealthShape(TypedDict):
    """The process runs."""

    status: str


class ReadyShape(TypedDict):
    """Questions are answered, over so much."""

    status: str
    coverage: dict[str, Any]


class NotedShape(TypedDict):
    """Feedback that was kept."""

    id: str


class CompletionShape(TypedDict):
    """An answer in OpenAI's shape (https://platform.openai.com/docs/api-reference/chat/object); `waypost` is the object of
    `/v1/ask`."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: dict[str, Any]
    waypost: dict[str, Any]
