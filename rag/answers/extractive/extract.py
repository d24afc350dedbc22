"""The extractive answer: what answers the question in the documents' own words, when no model is at hand.

The sentences, items, commands, rows and lines (`pieces`) that say most of the question, the surest first, each under
where it stands; a procedure whole and in order. `rag.ask` calls this without a key, or when the model fails.
"""

from __future__ import annotations

import math
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from rag.answers.extractive.adding import Question
from rag.answers.extractive.deeds import deeds
from rag.answers.extractive.filling import Prohibitions, Room, filled
from rag.answers.extractive.leading import led
from rag.answers.extractive.mishaps import mishap
from rag.answers.extractive.outline import Outline
from rag.answers.extractive.page import headings_above
from rag.answers.extractive.pieces import Piece, pieces
from rag.answers.extractive.purposes import does_away, gives_back, seeks_return
from rag.answers.extractive.quotation import Run, Scored, best_score, quoted, runs_of, word_count
from rag.answers.extractive.steps import FOLLOWS, Pages, Procedure, procedure
from rag.answers.extractive.task import is_form
from rag.answers.judging.parts import Part, parts
from rag.answers.judging.sought import Sought, asks_for_fact
from rag.answers.judging.wording import Wording, all_of, parts_alone, worth
from rag.answers.values.asked import AskedFor
from rag.answers.values.bearing import Bears, bearing
from rag.answers.values.matters import also_called
from rag.answers.values.settled import absent, settled
from rag.answers.values.stores import of_other_stores
from rag.cite import Citer
from rag.indexes.tokens import content_words
from rag.records import Document, ScoredPassage
from rag.shorthand import Forms

_WORDS = 250  # of the whole answer
_BRIEF_WORDS = 80  # of one to a question whose name nothing speaks of: it is about something near at best
_DIRECT_WORDS = 110  # of one whose first piece says just the kind of thing that was asked for
_PROCEDURE_WORDS = 590  # of an answer that holds a procedure, which must not pass 600

# What makes a piece a likely answer. The figures lie on a plateau that both question sets of decision 29 share.
_CONTEXT = 0.5  # what a word counts that stands above a piece, not in it
_BESIDE = 0.35  # what the better neighbour's score counts
_RANK = 0.09  # what each rank of the passage takes off, down to the tenth
_HEADED = 1.75  # what one counts that says such a thing as is asked for, under a heading of just that
_WHOLE = 0.6  # how far the share of the question that the whole passage holds counts

_PART = 0.2  # what a part of a word counts that is asked for itself
_ALL, _SPARED = 0.9, 0.5  # of the question that a passage holds, from which on its rank takes off so much of that
_CLOSE = 0.5  # of the best piece's score, for another that says what was asked for where that one does
_NEXT = 0.8  # the same, for one that doesn't say it

_RETURNING = 0.3  # of the best piece's score, for one that tells how to get something back
_REMOVING = 0.5  # the same, for one that does away with things: of less nothing need be said
_AWAY = 0.2  # what a piece counts that does away with things, for who seeks them back
_OF_FORM = 0.4  # what a piece of a form counts, or of another thing's setting
_OWN = 2.0  # what a piece counts that sets just what is asked, of the very one that it is asked about
_NO_RETURN = "Nothing that was found tells how to get it back: what is quoted tells how such things are removed."

Weigh = Callable[[str], float]


def extract(
    question: str, evidence: Sequence[ScoredPassage], citer: Citer, weigh: Weigh, asked: AskedFor | None = None,
    opening: str = "", *, forms: Forms = (), brief: bool = False, named: Sequence[str] = (),
    own: Callable[[str, str], int] | None = None,
) -> str:  # fmt: skip
    """The answer's text with [n] after each quotation; "" when nothing could be quoted.

    `weigh` gives a word's rarity, 0 to 1; `asked` are the values of Terraform that it asks for; `opening` is said first.
    `forms` are what the question says in another form. A `brief` answer holds no procedure and few words, and those that speak of
    what is `named`, if any do. `own` tells by path and text what sets just that in a document of what is asked about:
    it counts more.
    """
    befell = mishap(question)
    words = _weighed(question, weigh, befell)
    sought, called = Sought(question), also_called(question)
    concerned = _concerned(evidence, asked) if asked else range(len(evidence))
    scored = [*_all_scores(concerned, evidence, words, sought, forms, called)]
    scored = [one for one in scored if _speaks_of(named, one, evidence)] or scored
    scored = [one for one in scored if befell and _tells(befell, one)] or scored
    scored = _set_back(question, scored, evidence)
    scored = [_raised(one, evidence[one.index].document.path, own) for one in scored] if own else scored
    everything = scored
    scored, lacking = _on_purpose(question, scored, evidence)
    opening = " ".join(filter(None, (opening, lacking)))
    brief = brief or bool(lacking)
    values = settled(asked, evidence, citer) if asked else ""
    code = [one.document for one in evidence if one.document.kind == "terraform"]
    doubt = _doubt(asked, code) if asked and not values else ""
    used = len(f"{values} {opening} {doubt}".split())
    pages = (
        None if values or brief or asks_for_fact(question) else Pages(scored, evidence, question)
    )  # of what is to be done
    prohibitions = Prohibitions(everything, evidence)
    steps = procedure(pages, _PROCEDURE_WORDS - used) if pages else Procedure()
    if pages and (must := prohibitions.of(steps.taken)):
        steps = procedure(pages, _PROCEDURE_WORDS - used - word_count(must, evidence))
    if steps.cut:  # no later step without those before it
        its = evidence[steps.taken[0].index].document.id if steps.taken else ""
        scored = [one for one in scored if evidence[one.index].document.id != its]
    scored = [one for one in scored if FOLLOWS not in evidence[one.index].why]  # it is told as a procedure, or named
    scored = _beside(question, scored, steps, evidence)
    left = pages.left(steps, steps.taken) if pages else ("", "")
    used += len(f"{steps.before} {steps.rest} {' '.join(left)}".split())
    fits = _BRIEF_WORDS + len(opening.split()) if brief else _WORDS
    best = best_score(everything) if everything else 0.0
    direct = any(one.score == best and sought.is_all(one.piece.text) for one in scored)
    if direct:  # what is as near, and what says such a thing too
        fits = min(fits, used + _DIRECT_WORDS)
        scored = [one for one in scored if one.score >= (_CLOSE if sought.is_all(one.piece.text) else _NEXT) * best]
    if values and asked and (bears := bearing(question, asked)):  # the value is the answer
        near = (one for one in scored if one.score >= _CLOSE * best and sought.is_met(one.piece.text))
        scored = [one for one in near if _adds(one, bears, evidence, citer)]
        fits = min(fits, used + _BRIEF_WORDS)
    wanted = Question(question, words, (*forms, *called), evidence)
    room = Room(evidence, used, fits, _PROCEDURE_WORDS, pages, prohibitions, wanted)
    chosen = _with_parts(question, filled(steps.taken, scored, room, everything), everything, evidence, forms)
    left = pages.left(steps, chosen) if pages else left
    runs = _ordered(chosen, steps, prohibitions.of(chosen), evidence)
    runs = runs if steps.taken or parts(question) else led(runs, sought.is_said)  # led cuts what one part alone tells
    quotations = [quoted(evidence, run, runs, citer) for run in runs]
    shown = [evidence[run[0].index].document for run in runs]
    doubt = _doubt(asked, [one for one in shown if one.kind == "terraform"]) if asked and not values else ""
    told = "\n\n".join(filter(None, (values, *quotations)))
    return "\n\n".join(filter(None, (opening, doubt, steps.before, left[0], told, steps.rest, left[1]))) if told else ""


def _raised(one: Scored, path: str, own: Callable[[str, str], int]) -> Scored:
    """A piece, counting more where it sets just what is asked in a document of what it is asked about."""
    return replace(one, score=_OWN * one.score) if own(path, one.piece.text) else one


def _set_back(question: str, scored: Sequence[Scored], evidence: Sequence[ScoredPassage]) -> list[Scored]:
    """The pieces, those of forms that are filled in each time counting less than those of pages, unless one is asked for; and so
    those of code that sets such a value of another thing."""
    anothers = of_other_stores(question)
    less = {
        index
        for index, found in enumerate(evidence)
        if is_form(question, found.document)
        or (found.document.kind == "terraform" and anothers(found.document.path, found.passage.heading))
    }
    return [replace(one, score=_OF_FORM * one.score) if one.index in less else one for one in scored]


def _weighed(question: str, weigh: Weigh, befell: str) -> dict[str, float]:
    """What each word of a question is worth: a name's parts little beside it, what befell a thing as much as any."""
    twice = parts_alone(question)
    words = {w: worth(w, weigh(w)) * (_PART if w in twice else 1.0) for w in content_words(question)}
    return {**words, befell: max(words.values())} if befell else words


def _beside(
    question: str, scored: Sequence[Scored], told: Procedure, evidence: Sequence[ScoredPassage]
) -> list[Scored]:  # fmt: skip
    """What may stand beside a procedure. The rest of its page tells of another task, where it is whole, or under headings that
    say what was asked to be done: who reads both does the wrong one. Of other pages, beside a whole task, the best alone."""
    own = {evidence[one.index].document.id for one in told.taken}
    whole, deed = told.task and not told.cut, deeds(question)
    if not whole and not any(map(Wording(" ".join(one.piece.heading for one in told.taken)).holds, deed)):
        return list(scored)
    least = _NEXT * best_score(scored) if whole and scored else 0.0

    def stands(one: Scored) -> bool:
        if evidence[one.index].document.id not in own:
            return one.score >= least
        return not whole and any(_tells(word, one) for word in deed)

    return [one for one in scored if one in told.taken or stands(one)]


def _on_purpose(
    question: str, scored: Sequence[Scored], evidence: Sequence[ScoredPassage]
) -> tuple[list[Scored], str]:  # fmt: skip
    """The pieces, those that do away with things counting less for who seeks something back; and that none gives it back."""
    if not scored or not seeks_return(question):
        return list(scored), ""
    titles = {one.index: evidence[one.index].document.title for one in scored}
    away = [one for one in scored if does_away(titles[one.index], one.piece)]
    back = [one.score for one in scored if gives_back(titles[one.index], one.piece)]
    best = best_score(scored)
    if not away or best_score(away) < _REMOVING * best:
        return list(scored), ""
    if max(back, default=0.0) < _RETURNING * best:
        return list(scored), _NO_RETURN
    return [replace(one, score=_AWAY * one.score) if one in away else one for one in scored], ""


def _concerned(evidence: Sequence[ScoredPassage], asked: AskedFor) -> list[int]:
    """The evidence that may be quoted: none of the code of another environment than the one that is asked for, unless there is
    no other evidence."""
    own = [index for index, found in enumerate(evidence) if not _of_another(found.document, asked)]
    return own or list(range(len(evidence)))


def _of_another(document: Document, asked: AskedFor) -> bool:
    """Whether a document is code of another environment than the one that is asked for."""
    return bool({(document.source, document.path), (document.source, posixpath.dirname(document.path))} & asked.others)


def _doubt(asked: AskedFor, code: Sequence[Document]) -> str:
    """What is said before this code is quoted, which may be of another environment than the one asked for."""
    named = asked.named
    if named.unknown and not (named.known or named.marked):
        nothing = f"Nothing in the code is called {', '.join(named.unknown)}"
        if code:
            return f"{nothing}; what is quoted of it is another environment's."
        return f"{nothing}." if asked.lacking else ""
    if asked.absent:
        return absent(asked)
    if asked.lacking and asked.values:
        return f"The code tells no such value for {', '.join(asked.lacking)}."
    if code and all(_of_another(one, asked) for one in code):
        return f"What is quoted of the code is another environment's than {', '.join(named.all)}."
    return ""


# -- what answers -----------------------------------------------------------------------------------------------------


def _all_scores(
    concerned: Iterable[int], evidence: Sequence[ScoredPassage], words: Mapping[str, float], sought: Sought, forms: Forms,
    called: Forms,
) -> Iterator[Scored]:  # fmt: skip
    """The pieces of these passages, those of pages with where they stand."""
    outlines = {found.document.id: Outline(found.document) for found in evidence if found.passage.kind == "section"}
    for index in concerned:
        outline = outlines.get(evidence[index].document.id)
        for one in _scores(index, evidence[index], words, sought, forms, called):
            yield replace(one, piece=outline.of(one.piece)) if outline else one


def _scores(
    index: int, found: ScoredPassage, words: Mapping[str, float], sought: Sought, forms: Forms, called: Forms
) -> Iterator[Scored]:  # fmt: skip
    """The pieces of a passage; `called` are what pages head by another word than the question's."""
    if found.document.kind != "terraform":
        forms = (*forms, *called)
    parts = pieces(found.passage, headings_above(found))
    own = [_gain(piece, found, words, forms) for piece in parts]
    everything = Wording(all_of(found), forms)
    share = sum(value for word, value in words.items() if everything.holds(word)) / (sum(words.values()) or 1.0)
    behind = _RANK * min(index, 9) * (_SPARED if share >= _ALL else 1.0)
    standing = (1 - behind) * (1 - _WHOLE + _WHOLE * share)
    for at, piece in enumerate(parts):
        beside = max((own[near] for near in (at - 1, at + 1) if 0 <= near < len(own)), default=0.0)
        lacking = piece.kind == "row" and not own[at]  # another row says nothing of this one
        headed = _HEADED if sought.is_all(piece.text) and _is_below(called, piece, found) else 1.0
        score = (own[at] + _BESIDE * beside) * standing * sought.weight(piece.text) * headed
        yield Scored(index, piece, 0.0 if lacking else score)


def _is_below(called: Forms, piece: Piece, found: ScoredPassage) -> bool:
    """Whether a piece stands under a heading of the very thing that is asked for."""
    heading = Wording(f"{piece.heading} {found.passage.heading}")
    return found.document.kind != "terraform" and any(heading.holds(form) for _, form in called)


def _gain(piece: Piece, found: ScoredPassage, words: Mapping[str, float], forms: Forms) -> float:
    """What of the question a piece says, by its length."""
    held = Wording(piece.text, forms)
    if piece.kind == "row" and not any(held.holds(word) for word in words):
        return 0.0  # its header's words are those of every row
    above = f"{piece.header} {piece.heading} {found.passage.heading} {found.document.title}"
    context = Wording(above, forms)
    gained = sum(
        value if held.holds(word) else _CONTEXT * value if context.holds(word) else 0.0 for word, value in words.items()
    )
    return gained / math.sqrt(1 + math.log1p(piece.words))


def _adds(one: Scored, bears: Bears, evidence: Sequence[ScoredPassage], citer: Citer) -> bool:
    """Whether a piece says more of a value that is told: not the code that says it, nor half a sentence."""
    found, piece = evidence[one.index], one.piece
    above = " ".join((found.document.title, piece.heading, *piece.place.path, piece.header))
    told = piece.kind == "code" and any(
        c.document_id == found.document.id and piece.start <= c.start_line <= piece.end for c in citer.citations
    )
    return not told and not piece.place.leads[0] and bears(piece.text, above)


def _speaks_of(named: Sequence[str], one: Scored, evidence: Sequence[ScoredPassage]) -> bool:
    """Whether a piece, or what stands above it, has one of these names; any, where there are none."""
    said = Wording(f"{evidence[one.index].document.title} {one.piece.heading} {one.piece.text}")
    return not named or any(said.holds(name.lower()) for name in named)


def _tells(word: str, one: Scored) -> bool:
    """Whether a piece says a word, in its own text or in the heading right above."""
    return Wording(f"{one.piece.heading} {one.piece.text}").holds(word)


def _with_parts(
    question: str, chosen: Sequence[Scored], scored: Sequence[Scored], evidence: Sequence[ScoredPassage], forms: Forms
) -> list[Scored]:  # fmt: skip
    """What was chosen, with the best piece for each part of the question that none of that tells: one that says just that, of a
    document that is quoted rather than of another, since it is asked of the same thing."""
    texts = [f"{one.piece.heading} {one.piece.text}" for one in chosen]
    lacking = [part for part in parts(question) if not part.is_told(texts, forms)] if chosen else []
    quoted_from = {evidence[one.index].document.id for one in chosen}

    def fit(part: Part, one: Scored) -> tuple[bool, bool, float]:
        return part.is_met(one.piece.text, forms), evidence[one.index].document.id in quoted_from, one.score

    speaking = ((part, [one for one in scored if part.is_told([one.piece.text], forms)]) for part in lacking)
    best = [max(several, key=partial(fit, part)) for part, several in speaking if several]
    return [*chosen, *(one for one in dict.fromkeys(best) if one not in chosen)]


# -- in what order, and how it is shown -------------------------------------------------------------------------------


def _ordered(
    chosen: Sequence[Scored], procedure: Procedure, forbidding: Sequence[Scored], evidence: Sequence[ScoredPassage]
) -> list[Run]:
    """What another page or section forbids, then the best run. All runs of a procedure's page stand together, in the order of its
    lines: what a page says last is done last. Where it is the task that was asked for, nothing stands before it; where it is
    a thing's description, nothing else of its page stands in it."""
    page = {evidence[one.index].document.id for one in procedure.taken}
    apart = procedure.taken if procedure.named else ()
    described, runs = runs_of(apart), runs_of([one for one in chosen if one not in apart])
    of_page = sorted((r for r in runs if evidence[r[0].index].document.id in page), key=lambda r: r[0].piece.start)
    steps = described or of_page
    others = sorted((run for run in runs if run not in steps), key=lambda run: -best_score(run))
    forbid = [run for run in others if all(one in forbidding for one in run)]
    others = [run for run in others if run not in forbid]
    first = bool(steps) and not procedure.task
    before = [run for run in others if first and best_score(run) > max(map(best_score, steps))]
    return [*forbid, *before, *steps, *(run for run in others if run not in before)]
