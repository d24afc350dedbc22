"""An answer as its template shows it, whether it has just come or is read in a thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from markupsafe import Markup

from api.web.markdown import answer_html
from api.web.templating import fill
from rag.catalog import Catalog
from rag.records import Answer, Citation, Document, Flag, ScoredPassage, Spot, Viewer
from rag.threads import Turn

_FIRST = ("destructive", "suspicious", "unverified")  # told before the answer, in full
_GRAVE = {  # what a reader must not miss, in their words
    "destructive": "destructive command", "red flag": "red flag", "conflict": "documents disagree",
    "suspicious": "a document gave orders to the assistant", "unverified": "not verified", "removed": "taken out",
}  # fmt: skip
_LESSER = {
    "outdated": "deprecated", "review overdue": "review overdue", "drift": "not in the code any more",
    "stale": "source not read", "uncited": "not cited", "particulars": "check the particulars", "cut": "cut short",
    "redacted": "credential taken out",
}  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """A flag in a reader's words; `places` are links to where its reason stands."""

    kind: str
    label: str
    grave: bool
    text: str
    reason: str
    places: tuple[tuple[str, str], ...] = ()

    @property
    def first(self) -> bool:
        """Whether it is told before the answer."""
        return self.kind in _FIRST


@dataclass(frozen=True)
class Cite:
    """A citation as it is listed below an answer."""

    number: int
    href: str
    title: str
    place: str
    owner: str
    date: str
    reviewed: str
    overdue: bool
    outdated: str


@dataclass(frozen=True)
class Shown:
    """All that the template of an answer needs."""

    question: str
    asked_as: str
    verdict: str
    html: Markup
    cites: tuple[Cite, ...]
    marks: tuple[Mark, ...]
    degraded: str
    missing: tuple[str, ...] = ()
    nearest: tuple[Cite, ...] = ()
    thread: str = ""
    model: str = ""
    took: float = 0.0
    at: str = ""
    cut: bool = False
    note: str = ""
    documents: tuple[str, ...] = ()  # ids of those that a turn of a thread was made of


def source_link(document_id: str, start: int, end: int, version: str = "") -> str:
    """Our page that shows these lines of a document."""
    query = {"start": start, "end": end, **({"version": version} if version else {})}
    return f"/source/{quote(document_id, safe='')}?{urlencode(query)}#L{start}"


def place_link(source: str, path: str, start: int, end: int | None = None) -> str:
    """The same of a document that is named by its place."""
    return f"/source?{urlencode({'source': source, 'path': path, 'start': start, 'end': end or start})}#L{start}"


def marks_of(citations: Iterable[Citation]) -> dict[int, str]:
    """The HTML of each citation's mark, by its number."""
    return {
        one.number: _mark(
            one.number, source_link(one.document_id, one.start_line, one.end_line, one.version), one.title
        )
        for one in citations
    }


def draft_html(text: str, citations: Sequence[Citation]) -> Markup:
    """What has come of an answer so far."""
    return answer_html(text, marks_of(citations))


def shown_answer(question: str, answer: Answer, took: float, today: str) -> Shown:
    """An answer that has just come."""
    dangerous = [flag.text for flag in answer.flags if flag.kind == "destructive"]
    outdated = {found.document.id: found.document.outdated for found in answer.evidence}
    coverage = answer.coverage
    return Shown(
        question, answer.asked_as, answer.verdict, answer_html(answer.text, marks_of(answer.citations), dangerous),
        tuple(_cite(one, outdated.get(one.document_id, ""), today) for one in answer.citations),
        tuple(_flag(one) for one in answer.flags), answer.degraded, answer.missing,
        tuple(_near(one, today) for one in answer.nearest), answer.thread, answer.model, took,
        note="" if coverage is None or coverage.complete or answer.degraded else "Indexing is under way: not all was searched.",
    )  # fmt: skip


def shown_turn(turn: Turn, catalog: Catalog, viewer: Viewer, today: str) -> Shown:
    """An answer of a thread. Where the documents of its citations stand now is read anew."""
    documents = catalog.documents({one.document_id for one in turn.cited})
    known = [
        (one, documents[one.document_id])
        for one in turn.cited
        if one.document_id in documents and documents[one.document_id].access.admits(viewer.groups)
    ]
    links = {one.number: source_link(one.document_id, one.start_line, one.end_line, one.version) for one, _ in known}
    marks = {one.number: _mark(one.number, links[one.number], document.title) for one, document in known}
    dangerous = [text for kind, text, _ in turn.flags if kind == "destructive"]
    cites = (
        _listed(one.number, links[one.number], document, one.start_line, one.end_line, today) for one, document in known
    )
    return Shown(
        turn.question, turn.asked_as if turn.asked_as != turn.question else "", turn.verdict,
        answer_html(turn.answer, marks, dangerous), tuple(cites),
        tuple(_flag(Flag(kind, text, reason)) for kind, text, reason in turn.flags), turn.degraded, at=turn.at, cut=turn.cut,
        documents=tuple(document[0] for document in turn.documents),
    )  # fmt: skip


def _mark(number: int, href: str, title: str) -> str:
    return fill("_mark.html", number=number, href=href, title=title).strip()


def _flag(flag: Flag) -> Mark:
    grave = flag.kind in _GRAVE
    label = (_GRAVE | _LESSER).get(flag.kind, flag.kind)
    return Mark(flag.kind, label, grave, flag.text, flag.reason, tuple(map(_spot, flag.spots)))


def _spot(one: Spot) -> tuple[str, str]:
    return f"{one.source}/{one.path}:{one.line}", place_link(one.source, one.path, one.line)


def _cite(one: Citation, outdated: str, today: str) -> Cite:
    lines = one.place or _lines(one.start_line, one.end_line)
    return Cite(
        one.number, source_link(one.document_id, one.start_line, one.end_line, one.version), one.title,
        f"{one.source}/{one.path}, {lines}", one.owner, one.updated_at, one.reviewed_at,
        bool(one.review_due) and one.review_due < today, outdated,
    )  # fmt: skip


def _listed(number: int, href: str, document: Document, start: int, end: int, today: str) -> Cite:
    lines = document.place(start, end) or _lines(start, end)
    return Cite(
        number, href, document.title, f"{document.source}/{document.path}, {lines}", document.owner, document.updated_at,
        document.reviewed_at, bool(document.review_due) and document.review_due < today, document.outdated,
    )  # fmt: skip


def _near(found: ScoredPassage, today: str) -> Cite:
    passage, document = found.passage, found.document
    href = source_link(document.id, passage.start_line, passage.end_line)
    return _listed(0, href, document, passage.start_line, passage.end_line, today)


def _lines(start: int, end: int) -> str:
    return f"line {start}" if start == end else f"lines {start}–{end}"


def query_of(values: Mapping[str, str | Sequence[str]]) -> str:
    """A query string of what is not empty."""
    return urlencode({key: value for key, value in values.items() if value}, doseq=True)
