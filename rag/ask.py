"""From a question to a cited answer: retrieve → evidence → prompt → model → verify citations → Answer.

`Asker.stream` is that path. Without a model, or when it fails, the answer is extractive and says so. All that is said leaves
through `rag.answers.outgoing.outlet`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace

from rag.answers.caveats.warnings import Warnings
from rag.answers.evidence import EVIDENCE_PASSAGES, EVIDENCE_TOKENS, assemble
from rag.answers.extractive.extract import extract
from rag.answers.extractive.reading import read_next
from rag.answers.judging.judgement import Judgement, judge
from rag.answers.judging.listings import saying
from rag.answers.judging.parts import untold
from rag.answers.judging.rota import NAMED as ROTA_NAMES
from rag.answers.judging.rota import SOUGHT, TOLD, asks_who, telling
from rag.answers.judging.spelling import misread
from rag.answers.judging.unheard import Unheard, of_nobody, unheard
from rag.answers.judging.verdicts import half, with_values, without
from rag.answers.outgoing.leaks import Instructions
from rag.answers.outgoing.outlet import Outlet, Redact, readable
from rag.answers.replies.claims import Transcript
from rag.answers.replies.toolbox import DocumentToolbox
from rag.answers.values.asked import AskedFor, asked_values
from rag.catalog import Catalog
from rag.catalog.kept import Kept
from rag.cite import Citer
from rag.courtesy import ANSWER, is_courtesy
from rag.drift import DriftWatch
from rag.embedders.sentence_transformer import PACKAGED
from rag.errors import ModelError
from rag.namesakes import Namesakes, own_paths
from rag.owned import OWN_PASSAGES, Owned, with_own
from rag.persona import Persona, persona_of
from rag.ports import ChatModel, Lookup, ModelEvent, Prompt
from rag.records import UNCHECKED, Answer, Citation, Flag, ScoredPassage, Usage, Verdict, Viewer
from rag.search import Filters, Retriever, SearchResult
from rag.shorthand import Forms
from rag.spans import Spans
from rag.terraform.lookup import TerraformLookup

_NEAREST = 3
_UNTOLD = 'Nothing of what was found tells this part: "{}".'
_NAMED = 3  # names of one among several in whose own documents it is looked too
_SPARED = 0.1  # of an answer's seconds, for the extractive one when the model fails, on a machine that is busy
History = tuple[tuple[str, str], ...]


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

    `restart` tells that the text and the citations so far are void: the model failed half-way, or looks further before it
    answers, and numbers begin anew.
    """

    text: str = ""
    citation: Citation | None = None
    lookup: Lookup | None = None
    answer: Answer | None = None
    restart: bool = False


@dataclass(frozen=True)
class _Asked:
    """A question that stands alone, who asks it, of what, and what was said before it; `outlet` is where its answer leaves."""

    question: str
    viewer: Viewer
    filters: Filters | None
    history: History
    outlet: Outlet


@dataclass(frozen=True)
class _Found:
    """What was found for a question ("" for who is on call), what of it an answer may rest on, whether that speaks of what is
    asked, and the values of Terraform that are."""

    question: str
    result: SearchResult
    evidence: tuple[ScoredPassage, ...]
    judged: Judgement
    rarity: Callable[[str], float]
    values: AskedFor
    forms: Forms
    rota: bool = False  # who is on call was asked
    own: Owned = field(default_factory=lambda: Owned(""))  # of what it names


class Asker:
    """Answers questions over one catalog."""

    def __init__(
        self, catalog: Catalog, retriever: Retriever, persona: Persona | str, model: ChatModel | None = None,
        drift: DriftWatch | None = None, terraform: Callable[[Viewer], TerraformLookup] | None = None,
        redact: Redact = str, budget: Budget | None = None, spans: Spans | None = None,
        namesakes: Callable[[Viewer], Namesakes] | None = None,
    ) -> None:  # fmt: skip
        self._catalog = catalog
        self._warnings = Warnings(catalog, drift or DriftWatch(catalog))
        self._terraform = terraform or (lambda viewer: TerraformLookup(catalog, viewer))
        self._namesakes = namesakes or Kept(catalog, lambda viewer: Namesakes(catalog.paths_for(viewer))).of
        self._retriever = retriever
        self._persona = persona if isinstance(persona, Persona) else persona_of("", persona)
        self._model = model
        self._redact = redact
        self._instructions = Instructions(self._persona.system if model else "")
        self._budget = budget or Budget()
        self._spans = spans or Spans()

    def answer(self, question: str, viewer: Viewer, filters: Filters | None = None) -> Answer:
        """The whole answer at once."""
        final = Answer("", "not_found")
        for event in self.stream(question, viewer, filters):
            final = event.answer or final
        return final

    def stream(
        self, question: str, viewer: Viewer, filters: Filters | None = None, history: History = ()
    ) -> Iterator[AskEvent]:
        """The answer as it comes; the last event carries the whole of it. `history` are earlier questions and answers of its
        thread, which a model is told; the question itself must stand alone (`rag.threads`)."""
        asked = self._asked(question, viewer, filters, history)
        for event in self._answering(asked):
            if event.restart:
                asked.outlet.restart()
            if event.answer and (rest := asked.outlet.close()):
                yield AskEvent(text=rest)
            answer = event.answer and asked.outlet.answer(event.answer)
            text = asked.outlet.write(event.text) if event.text else ""
            lookup = event.lookup and asked.outlet.lookup(event.lookup)
            shown = replace(event, text=text, lookup=lookup, answer=answer)
            if shown != AskEvent():  # what is held back is no event
                yield shown

    def together(self, viewer: Viewer) -> Callable[[str, str], bool]:
        """What tells whether two words stand beside each other in what the viewer may read."""
        return lambda first, second: self._retriever.together(first, second, viewer)

    def prompt(self, question: str, viewer: Viewer, filters: Filters | None = None) -> tuple[Prompt, Verdict]:
        """What a model would be asked, and what is thought of the evidence: of `not_found` no model is asked."""
        asked = self._asked(question, viewer, filters, ())
        found = self._find(asked)
        return self._prompt(asked, found, self._budget.seconds), found.judged.verdict

    def _asked(self, question: str, viewer: Viewer, filters: Filters | None, history: History) -> _Asked:
        question = readable(question).strip()
        return _Asked(question, viewer, filters, history, Outlet(question, self._instructions, self._redact))

    def _answering(self, asked: _Asked) -> Iterator[AskEvent]:
        began = time.monotonic()
        if is_courtesy(asked.question):
            yield AskEvent(answer=Answer(ANSWER, "not_found"))
            return
        found = self._find(asked)
        if found.judged.verdict == "not_found":
            yield AskEvent(answer=_not_found(found))
            return
        degraded, usage = found.result.coverage.note, found.result.usage
        if self._model is not None:
            seconds = self._budget.seconds * (1 - _SPARED) - (time.monotonic() - began)
            spent = [found.result.usage]
            try:
                yield from self._from_model(self._model, asked, found, self._prompt(asked, found, seconds), spent)
                return
            except ModelError as error:
                degraded, usage = (
                    "; ".join(filter(None, (degraded, f"no model available: {error}"))),
                    sum(spent, Usage()),
                )
                yield AskEvent(restart=True)
        yield from self._extracted(asked, found, degraded, usage)

    def _find(self, asked: _Asked) -> _Found:
        rota = asks_who(asked.question)
        sought = SOUGHT if rota else asked.question
        result = self._retriever.search(sought, asked.viewer, EVIDENCE_PASSAGES, asked.filters)
        lookup, tokens = self._terraform(asked.viewer), self._budget.evidence_tokens
        namesakes, rarity = self._namesakes(asked.viewer), self._retriever.rarity(asked.viewer)
        names = namesakes.named(asked.question)[:_NAMED]
        own = Owned(asked.question, names, namesakes.beside(names))
        result = replace(result, passages=self._with_own(asked, result.passages, own))
        nobody = self._unheard(asked, namesakes)
        values = AskedFor() if nobody else asked_values(asked.question, result.passages, lookup)
        whole = assemble(asked.question, result, self._catalog, asked.viewer, lookup, tokens, values)
        evidence = saying(asked.question, asked.outlet.admit(of_nobody(whole, namesakes) if nobody else whole))
        forms = self._retriever.forms(asked.question, asked.viewer)
        if rota:
            evidence = telling(evidence)
            score = judge(sought, evidence, rarity, _nearness(result), forms).score
            return _Found(
                "",
                result,
                evidence,
                Judgement("partial" if evidence else "not_found", score),
                rarity,
                AskedFor(),
                forms,
                rota,
            )
        mentions = self._retriever.mentions(asked.viewer)
        judged = judge(asked.question, evidence, rarity, _nearness(result), forms, mentions)
        judged = without(judged, nobody) if nobody else with_values(judged, values)
        return _Found(asked.question, result, evidence, judged, rarity, values, forms, own=own)

    def _unheard(self, asked: _Asked, namesakes: Namesakes) -> tuple[Unheard, ...]:
        """The names in the question that nothing has which its asker may read."""
        retriever, viewer = self._retriever, asked.viewer
        return unheard(
            asked.question,
            lambda name: retriever.holds(name, viewer),
            lambda word: retriever.spelt(word, viewer),
            namesakes,
        )

    def _with_own(self, asked: _Asked, found: Sequence[ScoredPassage], own: Owned) -> tuple[ScoredPassage, ...]:
        """What was found, with what stands in the documents of whatever the question names."""
        filters = asked.filters or Filters()
        if filters.paths or not own.names:
            return tuple(found)
        of = {name: replace(filters, paths=own_paths(name)) for name in own.names}
        search = self._retriever.search
        looked = {name: search(asked.question, asked.viewer, OWN_PASSAGES, of[name]).passages for name in own.names}
        return with_own(own, found, looked)

    # -- without a model ----------------------------------------------------------------------------------------------

    def _extracted(self, asked: _Asked, found: _Found, degraded: str, usage: Usage) -> Iterator[AskEvent]:
        """`usage` is that of a model that failed before, and of the search."""
        viewer, judged = asked.viewer, found.judged
        citer = Citer(self._catalog, viewer, found.evidence)
        elsewhere = bool(judged.passing or judged.first)
        opening = " ".join(
            filter(None, (_note(found), _nearest_pages(found) if elsewhere else "", TOLD if found.rota else ""))
        )
        with self._spans.span("extract"):
            text = extract(
                SOUGHT if found.rota else asked.question, found.evidence, citer, found.rarity, found.values, opening,
                forms=found.forms, brief=elsewhere or found.rota, named=ROTA_NAMES if found.rota else judged.passing,
                own=found.own.sets,
            )  # fmt: skip
        if not citer.citations:
            yield AskEvent(answer=replace(_not_found(found), usage=usage))
            return
        with self._spans.span("verify", {"content.answer": text}) as told:
            warned = tuple(self._warnings.of(citer.citations, found.evidence, viewer, found.values))
            told.update(citations=len(citer.citations), flags=len(warned), verdict=judged.verdict)
        lacking = _untold(found, text, citer) if not (found.rota or elsewhere) else ()
        if lacking:
            judged = half(judged, lacking)
            text = f"{' '.join(_UNTOLD.format(part) for part in lacking)}\n\n{text}"
        answer = Answer(
            text, judged.verdict, citer.citations, found.evidence, warned, degraded=degraded, model="extractive",
            usage=usage, coverage=found.result.coverage, score=judged.score, missing=judged.missing,
        )  # fmt: skip
        if self._persona.read_next:
            answer = replace(answer, text=text + read_next(answer, self._catalog, viewer))
        yield AskEvent(text=answer.text)
        yield from (AskEvent(citation=citation) for citation in citer.citations)
        yield AskEvent(answer=answer)

    # -- by a model ---------------------------------------------------------------------------------------------------

    def _prompt(self, asked: _Asked, found: _Found, seconds: float) -> Prompt:
        """What the model is asked: of sources that disagree, the one to prefer stands first."""
        budget, viewer = self._budget, asked.viewer
        evidence, doubts = self._warnings.beforehand(found.evidence, viewer)
        toolbox = DocumentToolbox(
            self._catalog, self._retriever, lambda: self._terraform(viewer), viewer, found.result.generation, evidence,
            asked.filters, asked.outlet.admit,
        )  # fmt: skip
        guidance = "\n".join(filter(None, (self._persona.guidance(asked.question, evidence), *doubts)))
        return Prompt(
            self._persona.system, evidence, asked.question, budget.reply_tokens, asked.history, guidance, toolbox,
            budget.lookups, max(seconds, 0.001), budget.cost,
        )  # fmt: skip

    def _from_model(
        self, model: ChatModel, asked: _Asked, found: _Found, prompt: Prompt, spent: list[Usage]
    ) -> Iterator[AskEvent]:
        """What the model says, as far as it has been checked. `spent` takes what it used, behind what searching did. Raises:
        ModelError, also half-way."""
        citer = Citer(self._catalog, asked.viewer, prompt.evidence)
        transcript = Transcript(citer)
        cut: list[Flag] = []
        for event in self._reply(model, prompt):
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
                spent[0] += event.lookup.usage
                yield AskEvent(lookup=event.lookup)
            if event.usage:
                spent[1:] = [event.usage]
            if event.stop_reason == "max_tokens":
                cut.append(Flag("cut", "", "the answer reached its length limit"))
        if text := transcript.close():
            yield AskEvent(text=text)
        if not transcript.shown.strip():
            raise ModelError("the model said nothing")
        uncited = "" if citer.citations else f"\n\nNothing of this is cited. {_not_found(found).text}"
        if uncited:
            yield AskEvent(text=uncited)
        flags = [*transcript.flags(), *cut]
        yield AskEvent(answer=self._checked(model.name, transcript.shown + uncited, citer, flags, asked, found, spent))

    def _reply(self, model: ChatModel, prompt: Prompt) -> Iterator[ModelEvent]:
        """The model's reply as it comes, as one step."""
        with self._spans.span("chat", {"model": model.name, "content.question": prompt.question}) as told:
            for event in model.stream(prompt):
                if event.usage:
                    told.update(asdict(event.usage))
                if event.stop_reason:
                    told["stop_reason"] = event.stop_reason
                yield event

    def _checked(
        self, name: str, text: str, citer: Citer, flags: list[Flag], asked: _Asked, found: _Found,
        spent: Sequence[Usage],
    ) -> Answer:  # fmt: skip
        doubted = any(flag.kind in UNCHECKED for flag in flags)
        verdict: Verdict = "not_found" if not citer.citations else "partial" if doubted else "answered"
        with self._spans.span("verify", {"content.answer": text}) as told:
            warned = tuple(self._warnings.of(citer.citations, citer.evidence, asked.viewer, found.values))
            told.update(citations=len(citer.citations), flags=len(flags) + len(warned), verdict=verdict)
        return Answer(
            text, verdict, citer.citations, citer.evidence, (*flags, *warned),
            () if citer.citations else _nearest(found.result.passages),
            found.result.coverage.note, name, sum(spent, Usage()), found.result.coverage, found.judged.score,
            missing=() if verdict == "answered" else _missing(asked.question, citer, found),
        )  # fmt: skip


def _note(found: _Found) -> str:
    """What a partial answer says of what it lacks; not where `extract` says it with the values of others."""
    return "" if found.values.known and found.values.unanswered else found.judged.note


def _untold(found: _Found, text: str, citer: Citer) -> tuple[str, ...]:
    """What of a question that asks for more than one thing nothing tells that is quoted."""
    evidence = {one.passage.id: one for one in found.evidence}
    above = (evidence[c.passage_id].passage.heading if c.passage_id in evidence else "" for c in citer.citations)
    quotes = [f"{heading} {c.title} {c.quote}" for heading, c in zip(above, citer.citations, strict=True)]
    return untold(found.question, found.own.names, text, quotes, found.forms)


def _not_found(found: _Found) -> Answer:
    nearest = _nearest(found.result.passages)
    coverage, judged = found.result.coverage, found.judged
    note = (misread(found.question, nearest) or judged.note) if judged.verdict == "not_found" else ""
    text = " ".join(filter(None, ("Our documents don't answer this.", note, _nearest_pages(found))))
    answer = Answer(text, "not_found", nearest=nearest, degraded=coverage.note, coverage=coverage)
    return replace(answer, score=judged.score, missing=judged.missing, usage=found.result.usage)


def _missing(question: str, citer: Citer, found: _Found) -> tuple[str, ...]:
    """The question's words that nothing holds of what a model was shown, and looked up."""
    return judge(question, citer.evidence, found.rarity, None, found.forms).missing


def _nearest_pages(found: _Found) -> str:
    """The nearest pages by their titles, with their owners; "" where nothing is near."""
    pages = "; ".join(
        f"{n.document.title} ({n.document.source}/{n.document.path}"
        + (f", owner {n.document.owner})" if n.document.owner else ")")
        for n in _nearest(found.result.passages)
    )
    return f"Nearest pages: {pages}." if pages else ""


def _nearness(found: SearchResult) -> float | None:
    """The nearest passage's cosine, where it is of the embedder that the judge's numbers were fitted with."""
    return found.nearness if found.generation.embedder == PACKAGED else None


def _nearest(passages: Sequence[ScoredPassage]) -> tuple[ScoredPassage, ...]:
    """The first few passages, one for each document."""
    by_document = {found.document.id: found for found in reversed(passages)}
    return tuple(sorted(by_document.values(), key=lambda found: -found.score)[:_NEAREST])
