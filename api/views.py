"""Records as the JSON that every face gives out; the keys are those of ../shared/SURFACE.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from api.compose import without_secrets
from rag.answers.outgoing.outlet import reason
from rag.catalog.documents import ListedDocument
from rag.drift import Drift
from rag.feedback import Opinion
from rag.gaps import Listed
from rag.persona import Persona
from rag.ports import Lookup
from rag.records import Answer, Citation, Coverage, Document, Passage, ScoredPassage
from rag.search import SearchResult
from rag.suggestions import Suggestion
from rag.terraform.mentions import Mention


def result_view(found: ScoredPassage) -> dict[str, Any]:
    passage, document = found.passage, found.document
    return {
        "id": passage.id,
        "document_id": document.id,
        "source": document.source,
        "path": document.path,
        "title": document.title,
        "heading": passage.heading,
        "kind": document.kind,
        "start_line": passage.start_line,
        "end_line": passage.end_line,
        "text": passage.text,
        "score": round(found.score, 4),
        "found_by": list(found.why),
        "url": document.link(passage.start_line, passage.end_line),
        "version": document.version,
        "updated_at": document.updated_at,
        "owner": document.owner,
        "outdated": document.outdated,
        "reviewed_at": document.reviewed_at,
        "review_due": document.review_due,
        "place": document.place(passage.start_line, passage.end_line),
    }


def coverage_view(coverage: Coverage) -> dict[str, Any]:
    """Its note may be what a model's server said of itself."""
    return {**asdict(coverage), "note": reason(coverage.note, without_secrets), "complete": coverage.complete}


def search_view(result: SearchResult, took_ms: float) -> dict[str, Any]:
    return {
        "results": [result_view(found) for found in result.passages],
        "coverage": coverage_view(result.coverage),
        "took_ms": round(took_ms, 1),
    }


def citation_view(citation: Citation) -> dict[str, Any]:
    return asdict(citation)


def lookup_view(lookup: Lookup) -> dict[str, Any]:
    """A look that the model took: with what, at what, and where it found something."""
    found = [f"{one.document.source}/{one.document.path}" for one in lookup.found]
    return {"tool": lookup.tool, "asked": lookup.asked, "found": list(dict.fromkeys(found)), "error": lookup.error}


def answer_view(answer: Answer, took_ms: float) -> dict[str, Any]:
    return {
        "answer": answer.text,
        "verdict": answer.verdict,
        "citations": [citation_view(citation) for citation in answer.citations],
        "flags": [asdict(flag) for flag in answer.flags],
        "missing": list(answer.missing),
        "degraded": answer.degraded,
        "nearest": [
            {key: value for key, value in result_view(found).items() if key != "text"} for found in answer.nearest
        ],
        "model": answer.model,
        "usage": asdict(answer.usage),
        "coverage": coverage_view(answer.coverage) if answer.coverage else None,
        "thread": answer.thread,
        "asked_as": answer.asked_as,
        "took_ms": round(took_ms, 1),
    }


def gap_view(one: Listed) -> dict[str, Any]:
    gap = one.gap
    return {
        "id": gap.id,
        "question": gap.question,
        "verdict": gap.verdict,
        "count": gap.count,
        "first_asked": gap.first_asked,
        "last_asked": gap.last_asked,
        "missing": list(gap.missing),
        "done_at": gap.done_at,
        "nearest": [
            {"document_id": d.id, "source": d.source, "path": d.path, "title": d.title, "owner": d.owner}
            for d in one.nearest
        ],
    }


def opinion_view(one: Opinion) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": one.at,
        "name": one.name,
        "useful": one.useful,
        "comment": one.comment,
        "question": one.question,
        "verdict": one.verdict,
        "documents": [{"document_id": id_, "source": source, "path": path} for id_, source, path in one.documents],
    }


def suggestion_view(one: Suggestion) -> dict[str, Any]:
    document, passage = one.document, one.passage
    return {
        "passage_id": passage.id,
        "document_id": document.id,
        "source": document.source,
        "path": document.path,
        "title": document.title,
        "heading": one.heading,
        "kind": document.kind,
        "start_line": passage.start_line if one.heading else 1,
    }


def persona_view(persona: Persona) -> dict[str, Any]:
    return {"name": persona.name, "title": persona.title, "for": persona.purpose, "read_next": persona.read_next}


def document_view(
    document: Document, passages: list[Passage], start: int, end: int, mentions: Sequence[Mention] = ()
) -> dict[str, Any]:
    total = document.text.count("\n") + (0 if document.text.endswith("\n") else 1)
    end = min(end, total)
    return {
        "id": document.id,
        "source": document.source,
        "path": document.path,
        "title": document.title,
        "kind": document.kind,
        "version": document.version,
        "url": document.link(start, end),
        "updated_at": document.updated_at,
        "owner": document.owner,
        "notes": list(document.notes),
        "outdated": document.outdated,
        "reviewed_at": document.reviewed_at,
        "review_due": document.review_due,
        "place": document.place(start, end),
        "start_line": start,
        "end_line": end,
        "total_lines": total,
        "text": document.lines(start, end),
        "passages": [
            {"id": p.id, "heading": p.heading, "start_line": p.start_line, "end_line": p.end_line} for p in passages
        ],
        "resources": [mentioned_view(mention) for mention in mentions],
    }


def listed_view(document: ListedDocument) -> dict[str, Any]:
    """A document in a list: without its text, and with a link to the whole of it."""
    return asdict(document)


def passage_view(document: Document, passages: Sequence[Passage], at: int) -> dict[str, Any]:
    """The passage of this number among those that stand around it in its document."""
    view = result_view(ScoredPassage(passages[at], document, 0.0))
    del view["score"], view["found_by"]
    near = [
        {
            "id": p.id, "heading": p.heading, "kind": p.kind, "start_line": p.start_line, "end_line": p.end_line,
            "text": p.text,
        }
        for p in passages
    ]  # fmt: skip
    return {**view, "before": near[:at], "after": near[at + 1 :]}


def mentioned_view(mention: Mention) -> dict[str, Any]:
    """A symbol that a page mentions."""
    found = mention.symbol
    return {
        "address": found.symbol.address, "kind": found.symbol.kind, "source": found.source, "folder": found.folder,
        "path": found.path, "start_line": found.symbol.start, "line": mention.line, "name": mention.name,
    }  # fmt: skip


def drift_view(drift: Drift) -> dict[str, Any]:
    return {**asdict(drift), "summary": drift.summary, "confidence": round(drift.confidence, 2)}
