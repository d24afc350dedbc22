"""From a question to a cited answer: retrieve → evidence → prompt → model → verify citations → Answer.

`Asker.stream` is that path. Without a model, or when it fails, the answer is extractive and says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answers.claims import Transcript
from rag.answers.evidence import EVIDENCE_PASSAGES, EVIDENCE_TOKENS, assemble
from rag.answers.extract import extract
from rag.answers.judgement import judge
from rag.answers.toolbox import DocumentToolbox
from rag.answers.warnings import Warnings
from rag.catalog import Catalog
from rag.cite import Citer
from rag.drift import DriftWatch
from rag.errors import ModelError
from rag.persona import RULES
from rag.ports import ChatModel, Lookup, Prompt
from rag.records import Answer, Citation, Flag, ScoredPassage, Usage, Verdict, Viewer
from rag.search import Filters, Retriever, SearchResult
from rag.terraform.lookup import TerraformLookup

_NEAREST = 3
_SPARED = 0.05  # of an answer's seconds, for the extractive one when the model fails
_IN_PART = frozenset({"unverified", "uncited", "particulars", "cut"})  # flags of an answer that is no more than partial


@dataclass(frozen=True)
class Budget:
    """What one answer may take: tokens of evidence and of the reply, rounds of looks, seconds from the question on, and cost
    (`Usage.cost`; 0: no limit)."""

    evidence_tokens: int = EVIDENCE_TOKENS
    reply_tokens: int = 3000
    lookups: int = 2
    seconds: float = 30.0
    cost: int = 0


@dataclass(frozen=True)
class AskEvent:
    """A piece of an answer as it comes: text, a verified citation, a look that the model took, or (last) the whole answer.

    `restart` tells that the text so far is void: the model failed half-way, and another answer follows.
    """

    text: str = ""
    citation: Citation | None = None
    lookup: Lookup | None = None
    answer: Answer | None = None
    restart: bool = False


class Asker:
    """Answers questions over one catalog."""

    def __init__(
        self, catalog: Catalog, retriever: Retriever, persona: str, model: ChatModel | None = None,
        drift: DriftWatch | None = None, terraform: Callable[[Viewer], TerraformLookup] | None = None,
        budget: Budget | None = None,
    ) -> None:  # fmt: skip
        self._catalog = catalog
        self._warnings = Warnings(catalog, drift or DriftWatch(catalog))
        self._terraform = terraform or (lambda viewer: TerraformLookup(catalog, viewer))
        self._retriever = retriever
        self._system = f"{persona.strip()}\n\n{RULES}"
        self._model = model
        self._budget = budget or Budget()

    def answer(self, question: str, viewer: Viewer, filters: Filters | None = None) -> Answer:
        """The whole answer at once."""
        final = Answer("", "not_found")
        for event in self.stream(question, viewer, filters):
            final = event.answer or final
        return final

    def stream(self, question: str, viewer: Viewer, filters: Filters | None = None) -> Iterator[AskEvent]:
        """The answer as it comes; the last event carries the whole of it."""
        began = time.monotonic()
        found, evidence = self._evidence(question, viewer, filters)
        rarity = self._retriever.rarity()
        verdict = judge(question, evidence, rarity, found.nearness)
        if verdict == "not_found":
            yield AskEvent(answer=self._not_found(found))
            return
        degraded, usage = found.coverage.note, Usage()
        if self._model is not None:
            seconds = self._budget.seconds * (1 - _SPARED) - (time.monotonic() - began)
            prompt = self._prompt(question, viewer, filters, found, evidence, seconds)
            spent: list[Usage] = []
            try:
                yield from self._from_model(self._model, prompt, viewer, found, spent)
                return
            except ModelError as error:
                degraded, usage = "; ".join(filter(None, (degraded, f"no model available: {error}"))), sum(spent, usage)
                yield AskEvent(restart=True)
        for event in self._extracted(question, viewer, evidence, found, verdict, degraded, rarity):
            yield (
                replace(event, answer=replace(event.answer, usage=usage)) if event.answer and usage.requests else event
            )

    def prompt(self, question: str, viewer: Viewer, filters: Filters | None = None) -> tuple[Prompt, Verdict]:
        """What a model would be asked, and what is thought of the evidence: of `not_found` no model is asked."""
        found, evidence = self._evidence(question, viewer, filters)
        verdict = judge(question, evidence, self._retriever.rarity(), found.nearness)
        return self._prompt(question, viewer, filters, found, evidence, self._budget.seconds), verdict

    def _evidence(
        self, question: str, viewer: Viewer, filters: Filters | None
    ) -> tuple[SearchResult, tuple[ScoredPassage, ...]]:
        found = self._retriever.search(question, viewer, EVIDENCE_PASSAGES, filters)
        tokens = self._budget.evidence_tokens
        return found, assemble(question, found, self._catalog, viewer, self._terraform(viewer), tokens)

    def _prompt(
        self, question: str, viewer: Viewer, filters: Filters | None, found: SearchResult,
        evidence: tuple[ScoredPassage, ...], seconds: float,
    ) -> Prompt:  # fmt: skip
        budget = self._budget
        toolbox = DocumentToolbox(
            self._catalog, self._retriever, lambda: self._terraform(viewer), viewer, found.generation, evidence, filters
        )
        return Prompt(
            self._system, evidence, question, budget.reply_tokens, toolbox=toolbox, lookups=budget.lookups,
            seconds=max(seconds, 0.001), cost=budget.cost,
        )  # fmt: skip

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
        flags = tuple(self._warnings.of(citer.citations, evidence, viewer))
        answer = Answer(text, verdict, citer.citations, evidence, flags, degraded=degraded, model="extractive")
        yield AskEvent(answer=replace(answer, coverage=found.coverage))

    def _from_model(
        self, model: ChatModel, prompt: Prompt, viewer: Viewer, found: SearchResult, spent: list[Usage]
    ) -> Iterator[AskEvent]:
        """What the model says, as far as it has been checked. `spent` takes what it used. Raises: ModelError, also half-way."""
        citer = Citer(self._catalog, viewer, prompt.evidence)
        transcript = Transcript(citer)
        cut: list[Flag] = []
        for event in model.stream(prompt):
            if event.text and (text := transcript.text(event.text)):
                yield AskEvent(text=text)
            if event.claim:
                text, fresh = transcript.claim(event.claim)
                yield from (AskEvent(citation=citation) for citation in fresh)
                if text:
                    yield AskEvent(text=text)
            if event.lookup:
                if transcript.begun and not transcript.verified:  # "Let me look that up" is no part of an answer
                    transcript = Transcript(citer)
                    yield AskEvent(restart=True)
                elif transcript.begun and (text := transcript.text("\n\n")):
                    yield AskEvent(text=text)
                citer.add(event.lookup.found)
                yield AskEvent(lookup=event.lookup)
            if event.usage:
                spent[:] = [event.usage]
            if event.stop_reason == "max_tokens":
                cut.append(Flag("cut", "", "the answer reached its length limit"))
        if text := transcript.close():
            yield AskEvent(text=text)
        if not transcript.shown.strip():
            raise ModelError("the model said nothing")
        yield AskEvent(
            answer=self._checked(model.name, transcript, citer, [*transcript.flags(), *cut], viewer, found, spent)
        )

    def _checked(
        self, name: str, transcript: Transcript, citer: Citer, flags: list[Flag], viewer: Viewer, found: SearchResult,
        spent: Sequence[Usage],
    ) -> Answer:  # fmt: skip
        doubted = any(flag.kind in _IN_PART for flag in flags)
        verdict: Verdict = "not_found" if not citer.citations else "partial" if doubted else "answered"
        return Answer(
            transcript.shown, verdict, citer.citations, citer.evidence,
            (*flags, *self._warnings.of(citer.citations, citer.evidence, viewer)),
            () if citer.citations else _nearest(found.passages),
            found.coverage.note, name, sum(spent, Usage()), found.coverage,
        )  # fmt: skip

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


def _nearest(passages: Sequence[ScoredPassage]) -> tuple[ScoredPassage, ...]:
    """The first few passages, one for each document."""
    by_document = {found.document.id: found for found in reversed(passages)}
    return tuple(sorted(by_document.values(), key=lambda found: -found.score)[:_NEAREST])
