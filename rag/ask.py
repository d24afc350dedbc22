"""From a question to a cited answer: retrieve → evidence → prompt → model → verify citations → Answer.

`Asker.stream` is that path. Without a model, or when it fails, the answer is extractive and says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from rag.catalog import Catalog
from rag.cite import Citer
from rag.drift import DriftWatch
from rag.errors import ModelError
from rag.evidence import EVIDENCE_PASSAGES, assemble
from rag.extract import extract, stem
from rag.indexes.tokens import content_words, tokenise
from rag.persona import RULES
from rag.ports import ChatModel, Claim, Prompt
from rag.records import Answer, Citation, Flag, ScoredPassage, Usage, Verdict, Viewer
from rag.search import Filters, Retriever, SearchResult
from rag.terraform.lookup import TerraformLookup

_NEAREST = 3
_JUDGED = 5  # passages that a verdict looks at
_WORDS_ALONE = 0.5  # stands in for the nearness of the best passage where no vector was searched
_ANSWERED, _PARTIAL = (
    1.25,
    1.0,
)  # of share of words + nearness; measured on two sets (decision 6), calibrated by issue 7


@dataclass(frozen=True)
class AskEvent:
    """A piece of an answer as it comes: text, a verified citation, or (last) the whole answer.

    `restart` tells that the text so far is void: the model failed half-way, and another answer follows.
    """

    text: str = ""
    citation: Citation | None = None
    answer: Answer | None = None
    restart: bool = False


class Asker:
    """Answers questions over one catalog."""

    def __init__(
        self, catalog: Catalog, retriever: Retriever, persona: str, model: ChatModel | None = None,
        drift: DriftWatch | None = None, terraform: Callable[[Viewer], TerraformLookup] | None = None,
    ) -> None:  # fmt: skip
        self._catalog = catalog
        self._drift = drift or DriftWatch(catalog)
        self._terraform = terraform or (lambda viewer: TerraformLookup(catalog, viewer))
        self._retriever = retriever
        self._system = f"{persona.strip()}\n\n{RULES}"
        self._model = model

    def answer(self, question: str, viewer: Viewer, filters: Filters | None = None) -> Answer:
        """The whole answer at once."""
        final = Answer("", "not_found")
        for event in self.stream(question, viewer, filters):
            final = event.answer or final
        return final

    def stream(self, question: str, viewer: Viewer, filters: Filters | None = None) -> Iterator[AskEvent]:
        """The answer as it comes; the last event carries the whole of it."""
        found = self._retriever.search(question, viewer, EVIDENCE_PASSAGES, filters)
        evidence = assemble(question, found, self._catalog, viewer, self._terraform(viewer))
        rarity = self._retriever.rarity()
        verdict = judge(question, evidence, rarity, found.nearness)
        if verdict == "not_found":
            yield AskEvent(answer=self._not_found(found))
            return
        degraded = found.coverage.note
        if self._model is not None:
            try:
                yield from self._from_model(self._model, question, viewer, evidence, found)
                return
            except ModelError as error:
                degraded = "; ".join(filter(None, (degraded, f"no model available: {error}")))
                yield AskEvent(restart=True)
        yield from self._extracted(question, viewer, evidence, found, verdict, degraded, rarity)

    def _extracted(
        self, question: str, viewer: Viewer, evidence: tuple[ScoredPassage, ...], found: SearchResult,
        verdict: Verdict, degraded: str, rarity: Callable[[str], float],
    ) -> Iterator[AskEvent]:  # fmt: skip
        citer = Citer(self._catalog, viewer, evidence)
        text = extract(question, evidence, citer, rarity)
        if not citer.citations:
            yield AskEvent(answer=self._not_found(found))
            return
        yield AskEvent(text=text)
        for citation in citer.citations:
            yield AskEvent(citation=citation)
        flags = tuple(self._flags(citer.citations, evidence, viewer))
        answer = Answer(text, verdict, citer.citations, evidence, flags, degraded=degraded, model="extractive")
        yield AskEvent(answer=replace(answer, coverage=found.coverage))

    def _from_model(
        self, model: ChatModel, question: str, viewer: Viewer, evidence: tuple[ScoredPassage, ...], found: SearchResult
    ) -> Iterator[AskEvent]:
        """Raises: ModelError, also half-way."""
        citer = Citer(self._catalog, viewer, evidence)
        text, flags, usage = "", [], Usage()
        for event in model.stream(Prompt(self._system, evidence, question)):
            if event.text:
                text += event.text
                yield AskEvent(text=event.text)
            if event.claim:
                marks, flag, fresh = _check(event.claim, citer)
                if marks:
                    text += marks
                    yield AskEvent(text=marks)
                yield from (AskEvent(citation=citation) for citation in fresh)
                flags.extend(flag)
            if event.usage:
                usage = event.usage
            if event.stop_reason == "max_tokens":
                flags.append(Flag("cut", "", "the answer reached its length limit"))
        if not text.strip():
            raise ModelError("the model said nothing")
        verdict: Verdict = (
            "answered" if citer.citations and not flags else "partial" if citer.citations else "not_found"
        )
        answer = Answer(
            text, verdict, citer.citations, evidence,
            (*flags, *self._flags(citer.citations, evidence, viewer)),
            degraded=found.coverage.note, model=model.name, usage=usage, coverage=found.coverage,
        )  # fmt: skip
        yield AskEvent(answer=answer if citer.citations else replace(answer, nearest=_nearest(found.passages)))

    def _flags(
        self, citations: Sequence[Citation], evidence: Sequence[ScoredPassage], viewer: Viewer
    ) -> Iterator[Flag]:
        """What a reader should know of the cited documents."""
        yield from _outdated(citations, evidence)
        yield from _overdue(citations)
        yield from self._stale(citations)
        yield from self._drifted(citations, evidence, viewer)

    def _stale(self, citations: Sequence[Citation]) -> Iterator[Flag]:
        """A flag for each cited source that could not be read the last time."""
        cited = {citation.source for citation in citations}
        for row in self._catalog.sources():
            if row.name in cited and row.state == "stale":
                yield Flag("stale", row.name, f"last read in full {row.synced_at or 'never'}: {row.message}")

    def _drifted(
        self, citations: Sequence[Citation], evidence: Sequence[ScoredPassage], viewer: Viewer
    ) -> Iterator[Flag]:
        """A flag for each cited line that code contradicts."""
        documents = {found.document.id: found.document for found in evidence}
        cited = {c.document_id: documents[c.document_id] for c in citations if c.document_id in documents}
        for drift in self._drift.of(cited.values(), viewer):
            lines = [(c.start_line, c.end_line) for c in citations if c.document_id == drift.document_id]
            if any(start <= drift.document.line <= end for start, end in lines):
                where = f"{drift.code.source}/{drift.code.path}:{drift.code.line}" if drift.code else drift.about
                yield Flag("drift", drift.stated, f"{drift.summary} ({where})")

    def _not_found(self, found: SearchResult) -> Answer:
        nearest = _nearest(found.passages)
        text = "Our documents don't answer this."
        if nearest:
            pages = "; ".join(
                f"{n.document.title} ({n.document.source}/{n.document.path}"
                + (f", owner {n.document.owner})" if n.document.owner else ")")
                for n in nearest
            )
            text += f" Nearest pages: {pages}."
        return Answer(text, "not_found", nearest=nearest, degraded=found.coverage.note, coverage=found.coverage)


def judge(
    question: str, evidence: Sequence[ScoredPassage], rarity: Callable[[str], float], nearness: float | None
) -> Verdict:
    """Whether the evidence speaks of what the question asks: by the share of its rare words that stand there, and by how
    near the nearest passage is (a cosine; None where no vector was searched)."""
    words = content_words(question)
    if not evidence or not words:
        return "not_found"
    weights = {word: weight(rarity(word)) for word in words}
    present: set[str] = set()
    for found in evidence[:_JUDGED]:
        text = f"{found.document.title} {found.passage.heading} {found.document.path} {found.passage.text}"
        present.update(stem(word) for word in tokenise(text).words)
    share = sum(value for word, value in weights.items() if stem(word) in present) / sum(weights.values())
    score = share + (_WORDS_ALONE if nearness is None else nearness)
    return "answered" if score >= _ANSWERED else "partial" if score >= _PARTIAL else "not_found"


def weight(rarity: float) -> float:
    """How much a word says, from the share of passages that lack it: 0.1 for a common one, 6 for one in next to none."""
    return min(6.0, max(0.1, -math.log(max(1.0 - rarity, 1e-9))))


def _nearest(passages: Sequence[ScoredPassage]) -> tuple[ScoredPassage, ...]:
    """The first few passages, one for each document."""
    by_document = {found.document.id: found for found in reversed(passages)}
    return tuple(sorted(by_document.values(), key=lambda found: -found.score)[:_NEAREST])


def _outdated(citations: Sequence[Citation], evidence: Sequence[ScoredPassage]) -> tuple[Flag, ...]:
    """A flag for each cited document that says of itself that it is deprecated, superseded or moved."""
    documents = {found.document.id: found.document for found in evidence}
    cited = dict.fromkeys(citation.document_id for citation in citations)
    outdated = [documents[i] for i in cited if i in documents and documents[i].outdated]
    return tuple(Flag("outdated", document.outdated, f"{document.source}/{document.path}") for document in outdated)


def _overdue(citations: Sequence[Citation]) -> Iterator[Flag]:
    """A flag for each cited document whose review is overdue by its own words."""
    today = datetime.now(UTC).date().isoformat()
    for (source, path), due in {(c.source, c.path): c.review_due for c in citations}.items():
        if due and due < today:
            yield Flag("review overdue", due, f"{source}/{path}")


def _check(claim: Claim, citer: Citer) -> tuple[str, list[Flag], list[Citation]]:
    """The marks to put behind a claim, a flag when nothing it cites could be verified, and citations not yet shown."""
    before = len(citer.citations)
    verified = [citation for span in claim.spans if (citation := citer.cite(*span))]
    marks = "".join(f" [{number}]" for number in dict.fromkeys(citation.number for citation in verified))
    flags = []
    if claim.spans and not verified:
        flags.append(Flag("unverified", claim.text.strip(), "what it cites is not in the documents as stored"))
    return marks, flags, list(citer.citations[before:])
