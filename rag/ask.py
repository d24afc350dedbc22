"""From a question to a cited answer: retrieve → evidence → prompt → model → verify citations → Answer.

`Asker.stream` is that path. Without a model, or when it fails, the answer is extractive and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answers.evidence import EVIDENCE_PASSAGES, assemble
from rag.answers.extract import extract
from rag.answers.judgement import Judgement, judge
from rag.answers.leaks import Instructions
from rag.answers.outlet import Outlet, Redact, readable
from rag.answers.reading import read_next
from rag.answers.warnings import Warnings
from rag.catalog import Catalog
from rag.cite import Citer
from rag.drift import DriftWatch
from rag.embedders.sentence_transformer import PACKAGED
from rag.errors import ModelError
from rag.persona import Persona, persona_of
from rag.ports import ChatModel, Claim, Prompt
from rag.records import Answer, Citation, Flag, ScoredPassage, Usage, Verdict, Viewer
from rag.search import Filters, Retriever, SearchResult
from rag.terraform.lookup import TerraformLookup

_NEAREST = 3


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
        self, catalog: Catalog, retriever: Retriever, persona: Persona | str, model: ChatModel | None = None,
        drift: DriftWatch | None = None, terraform: Callable[[Viewer], TerraformLookup] | None = None,
        redact: Redact = str,
    ) -> None:  # fmt: skip
        self._catalog = catalog
        self._warnings = Warnings(catalog, drift or DriftWatch(catalog))
        self._terraform = terraform or (lambda viewer: TerraformLookup(catalog, viewer))
        self._retriever = retriever
        self._persona = persona if isinstance(persona, Persona) else persona_of("", persona)
        self._model = model
        self._redact = redact
        self._instructions = Instructions(self._persona.system if model else "")

    def answer(self, question: str, viewer: Viewer, filters: Filters | None = None) -> Answer:
        """The whole answer at once."""
        final = Answer("", "not_found")
        for event in self.stream(question, viewer, filters):
            final = event.answer or final
        return final

    def stream(
        self, question: str, viewer: Viewer, filters: Filters | None = None, history: tuple[tuple[str, str], ...] = ()
    ) -> Iterator[AskEvent]:
        """The answer as it comes; the last event carries the whole of it. All of it leaves through the outlet. `history` are
        earlier questions and answers of its thread, which a model is told; the question itself must stand alone
        (`rag.threads`)."""
        question = readable(question).strip()
        outlet = Outlet(question, self._instructions, self._redact)
        for event in self._answering(question, viewer, filters, history, outlet):
            if event.restart:
                outlet.restart()
            if event.answer and (rest := outlet.close()):
                yield AskEvent(text=rest)
            answer = event.answer and outlet.answer(event.answer)
            shown = replace(event, text=outlet.write(event.text) if event.text else "", answer=answer)
            if shown != AskEvent():  # what is held back is no event
                yield shown

    def _answering(
        self, question: str, viewer: Viewer, filters: Filters | None, history: tuple[tuple[str, str], ...],
        outlet: Outlet,
    ) -> Iterator[AskEvent]:  # fmt: skip
        found = self._retriever.search(question, viewer, EVIDENCE_PASSAGES, filters)
        evidence = assemble(question, found, self._catalog, viewer, self._terraform(viewer))
        evidence = outlet.admit(evidence)
        rarity = self._retriever.rarity()
        judged = judge(question, evidence, rarity, _nearness(found))
        if judged.verdict == "not_found":
            yield AskEvent(answer=self._not_found(found, judged))
            return
        degraded = found.coverage.note
        if self._model is not None:
            prompt = self._prompt(question, viewer, evidence, history)
            try:
                yield from self._from_model(self._model, prompt, viewer, found)
                return
            except ModelError as error:
                degraded = "; ".join(filter(None, (degraded, f"no model available: {error}")))
                yield AskEvent(restart=True)
        extracted = self._extracted(question, viewer, evidence, found, judged, degraded, rarity)
        yield from self._with_reading(extracted, viewer) if self._persona.read_next else extracted

    def _extracted(
        self, question: str, viewer: Viewer, evidence: tuple[ScoredPassage, ...], found: SearchResult,
        judged: Judgement, degraded: str, rarity: Callable[[str], float],
    ) -> Iterator[AskEvent]:  # fmt: skip
        citer = Citer(self._catalog, viewer, evidence)
        text = extract(question, evidence, citer, rarity, self._terraform(viewer), judged.note)
        if not citer.citations:
            yield AskEvent(answer=self._not_found(found, judged))
            return
        yield AskEvent(text=text)
        for citation in citer.citations:
            yield AskEvent(citation=citation)
        flags = tuple(self._warnings.of(citer.citations, evidence, viewer))
        answer = Answer(text, judged.verdict, citer.citations, evidence, flags, degraded=degraded, model="extractive")
        yield AskEvent(answer=replace(answer, coverage=found.coverage, score=judged.score, missing=judged.missing))

    def _with_reading(self, events: Iterator[AskEvent], viewer: Viewer) -> Iterator[AskEvent]:
        """An answer without a model, with what to read next behind it."""
        for event in events:
            reading = read_next(event.answer, self._catalog, viewer) if event.answer else ""
            if event.answer is None or not reading:
                yield event
                continue
            yield AskEvent(text=reading)
            yield replace(event, answer=replace(event.answer, text=event.answer.text + reading))

    def _from_model(self, model: ChatModel, prompt: Prompt, viewer: Viewer, found: SearchResult) -> Iterator[AskEvent]:
        """Raises: ModelError, also half-way."""
        evidence = prompt.evidence
        citer = Citer(self._catalog, viewer, evidence)
        text, flags, usage = "", [], Usage()
        for event in model.stream(prompt):
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
            (*flags, *self._warnings.of(citer.citations, evidence, viewer)),
            degraded=found.coverage.note, model=model.name, usage=usage, coverage=found.coverage,
        )  # fmt: skip
        yield AskEvent(answer=answer if citer.citations else replace(answer, nearest=_nearest(found.passages)))

    def _prompt(
        self, question: str, viewer: Viewer, evidence: tuple[ScoredPassage, ...], history: tuple[tuple[str, str], ...]
    ) -> Prompt:
        """What the model is asked: of sources that disagree, the one to prefer stands first."""
        evidence, doubts = self._warnings.beforehand(evidence, viewer)
        guidance = "\n".join(filter(None, (self._persona.guidance(question, evidence), *doubts)))
        return Prompt(self._persona.system, evidence, question, history=history, guidance=guidance)

    def _not_found(self, found: SearchResult, judged: Judgement) -> Answer:
        nearest = _nearest(found.passages)
        text = "Our documents don't answer this."
        if nearest:
            pages = "; ".join(
                f"{n.document.title} ({n.document.source}/{n.document.path}"
                + (f", owner {n.document.owner})" if n.document.owner else ")")
                for n in nearest
            )
            text += f" Nearest pages: {pages}."
        answer = Answer(text, "not_found", nearest=nearest, degraded=found.coverage.note, coverage=found.coverage)
        return replace(answer, score=judged.score, missing=judged.missing)


def _nearness(found: SearchResult) -> float | None:
    """The nearest passage's cosine, where it is of the embedder that the judge's numbers were fitted with."""
    return found.nearness if found.generation.embedder == PACKAGED else None


def _nearest(passages: Sequence[ScoredPassage]) -> tuple[ScoredPassage, ...]:
    """The first few passages, one for each document."""
    by_document = {found.document.id: found for found in reversed(passages)}
    return tuple(sorted(by_document.values(), key=lambda found: -found.score)[:_NEAREST])


def _check(claim: Claim, citer: Citer) -> tuple[str, list[Flag], list[Citation]]:
    """The marks to put behind a claim, a flag when nothing it cites could be verified, and citations not yet shown."""
    before = len(citer.citations)
    verified = [citation for span in claim.spans if (citation := citer.cite(*span))]
    marks = "".join(f" [{number}]" for number in dict.fromkeys(citation.number for citation in verified))
    flags = []
    if claim.spans and not verified:
        flags.append(Flag("unverified", claim.text.strip(), "what it cites is not in the documents as stored"))
    return marks, flags, list(citer.citations[before:])
