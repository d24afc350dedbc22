"""What an answer holds besides a procedure: the best pieces that there is room for, each with what it leads up to, what its
section warns of, and what any page at hand forbids of the commands in it.

`extract` calls `filled`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.answers.extractive.adding import Question
from rag.answers.extractive.prohibitions import forbidden, runs
from rag.answers.extractive.quotation import Scored, runs_of, word_count
from rag.answers.extractive.steps import Pages, told
from rag.answers.outgoing.destructive import destructive
from rag.records import ScoredPassage

_DIRECT_WORDS = 60  # that may stand beside a procedure that is longer than another answer may be
_QUOTATIONS = 7
LEAST = 0.3  # of the best piece's score: what scores less is left out
_DANGLING = 0.6  # of it, for a piece without what it leads up to
_POINTING = 3  # words up to which a sentence beside a link does no more than point there
_FORBIDDING = 2  # prohibitions of a command that come along
_FORBIDDING_WORDS = 100  # of one
# What is misread without the one before it: it draws a conclusion from that, or takes something back.
_GOES_ON = re.compile(
    r"\W*(?:(?:for|because of) (?:that|this)(?: reason)?\b|(?:that|this) (?:is|was) why\b|(?:that|this|which) means\b|"
    r"(?:therefore|thus|hence|consequently|however|otherwise|as a (?:result|consequence)|if not|in that case)\b)",
    re.I,
)
_LINK = re.compile(r"\[[^\]]*\]\([^)]*\)")


@dataclass(frozen=True)
class Room:
    """`used` words already, of those that an answer `fits`, or that one with a procedure may have (`longest`). What is to be done
    comes with what its section warns of: `pages` tell that, None where a fact was asked for."""

    evidence: Sequence[ScoredPassage]
    used: int
    fits: int
    longest: int
    pages: Pages | None
    prohibitions: Prohibitions
    question: Question

    def most(self, length: int) -> int:
        """The words of all quotations, where a procedure has so many."""
        if length + self.used <= self.fits:
            return self.fits - self.used
        return min(length + _DIRECT_WORDS, self.longest - self.used)

    def told(self, one: Scored, chosen: Sequence[Scored]) -> bool:
        """Whether a piece is quoted already, from whatever passage of its document."""
        document = self.evidence[one.index].document.id
        same = (other.piece for other in chosen if self.evidence[other.index].document.id == document)
        return any(told(one.piece, by) for by in same)

    def pads(self, one: Scored, chosen: Sequence[Scored], procedure: Sequence[Scored], best: float) -> bool:
        """Whether a piece says nothing more of the question than what is chosen: not where it goes on with a paragraph or list of
        that, nor on the page of the procedure, whose sections belong together."""
        document = self.evidence[one.index].document
        if not chosen or any(self.evidence[other.index].document.id == document.id for other in procedure):
            return False
        near = [o.piece for o in chosen if o.index == one.index and _place(o) == _place(one)]
        steps = {listing for listing in one.piece.place.lists if listing.numbered}
        if any(abs(piece.at - one.piece.at) == 1 or not steps.isdisjoint(piece.place.lists) for piece in near):
            return False
        return not self.question.adds(one, chosen, best)

    def skips_steps(self, added: Sequence[Scored], more: Sequence[Scored]) -> bool:
        """Whether something of what is added destroys things, and steps of its list that come before it are not quoted: who does
        only that loses what they would have kept."""
        if not self.pages:
            return False
        for one in added:
            document = self.evidence[one.index].document.id
            quoted = {
                line
                for other in more
                if self.evidence[other.index].document.id == document
                for line in range(other.piece.start, other.piece.end + 1)
            }
            earlier = (
                set(range(first, last + 1))
                for listing in one.piece.place.lists
                if listing.numbered
                for first, last in listing.lines()
                if last < one.piece.start
            )
            if any(quoted.isdisjoint(step) for step in earlier) and any(destructive(one.piece.text)):
                return True
        return False

    def warnings(self, one: Scored) -> list[Scored]:
        """What a piece's section warns of, and what is forbidden of its commands anywhere."""
        found = self.evidence[one.index]
        own = (
            self.pages.of(found.document).warnings([one], own=True)
            if self.pages and found.passage.kind == "section"
            else []
        )
        return [*own, *self.prohibitions.of([one])]


class Prohibitions:
    """What the evidence forbids of commands, on whatever page."""

    def __init__(self, scored: Sequence[Scored], evidence: Sequence[ScoredPassage]) -> None:
        self._evidence = evidence
        self._found = [
            (one, command)
            for one in sorted(scored, key=lambda o: -o.score)
            if one.piece.words <= _FORBIDDING_WORDS
            for command in forbidden(one.piece.text)
        ]

    def of(self, chosen: Sequence[Scored]) -> list[Scored]:
        """The pieces that forbid a command which one of these tells to run, each said once."""
        found: dict[str, Scored] = {}
        for other, command in self._found:
            if any(one.piece.text != other.piece.text and runs(one.piece.text, command) for one in chosen):
                found.setdefault(other.piece.text, other)
        return [*found.values()][:_FORBIDDING]


def filled(
    procedure: Sequence[Scored], scored: Sequence[Scored], room: Room, everything: Sequence[Scored]
) -> list[Scored]:  # fmt: skip
    """The procedure, and the best of the other pieces as long as there is room, each with that of `everything` which it goes on
    with."""
    # by tenths: of pieces that score all but the same, the one of the better passage, whatever another page made of the weights
    ordered = sorted(
        (*procedure, *(o for o in scored if o not in procedure)), key=lambda one: (-round(one.score, 1), one.index)
    )
    chosen = [*procedure, *(one for one in room.prohibitions.of(procedure) if not room.told(one, procedure))]
    most = room.most(word_count(chosen, room.evidence))
    for one in ordered:
        if one.score < LEAST * ordered[0].score:
            break
        if room.told(one, chosen) or room.pads(one, chosen, procedure, ordered[0].score):
            continue
        for rest in _rests(one, scored):
            dangles = not rest and one.piece.place.leads[0]
            if dangles and one.score < _DANGLING * ordered[0].score:
                break
            added = [one, *(other for other in rest if not room.told(other, chosen))]
            more = [*(other for other in chosen if not any(room.told(other, [new]) for new in added)), *added]
            more += [other for other in room.warnings(one) if not room.told(other, more)]
            if room.skips_steps(added, more):
                continue
            alone = len(runs_of(more)) > len(runs_of(chosen))
            if alone and one is not ordered[0] and _points_elsewhere(added):
                continue
            if word_count(more, room.evidence) <= most and len(runs_of(more)) <= _QUOTATIONS:
                before = _before(one, everything)
                fits = before and word_count([*more, before], room.evidence) <= most
                chosen = [*more, before] if before and fits and not room.told(before, more) else more
                break
    return chosen or _alone(ordered, room)


def _before(one: Scored, everything: Sequence[Scored]) -> Scored | None:
    """What a sentence would be misread without, if it is such a one."""
    if one.piece.kind != "prose" or not _GOES_ON.match(one.piece.text):
        return None
    beside = (other for other in everything if other.index == one.index and other.piece.at == one.piece.at - 1)
    return next((other for other in beside if other.piece.section == one.piece.section), None)


def _alone(ordered: Sequence[Scored], room: Room) -> list[Scored]:
    """The best piece by itself, where all are longer than there is room for and an answer with a procedure may be as long: better
    than to say that there is none."""
    best = list(ordered[:1])
    fits = word_count(best, room.evidence) + room.used <= room.longest
    return best if fits and not room.skips_steps(best, best) else []


def _rests(one: Scored, scored: Sequence[Scored]) -> Iterator[Sequence[Scored]]:
    """What a piece leads up to, or the rest of the list that it begins: all of it, ever less of it, nothing."""
    last = max(one.piece.place.leads[1], *(each.last for each in one.piece.place.lists), 0) if _begins(one) else 0
    behind = sorted((o for o in scored if o.index == one.index and o.piece.at > one.piece.at), key=lambda o: o.piece.at)
    rest = [other for other in behind if other.piece.start <= last]
    yield from (rest[:length] for length in range(len(rest), -1, -1))


def _begins(one: Scored) -> bool:
    """Whether a piece leads up to what is not in it, or to a list that is longer than what of it is."""
    return bool(one.piece.place.leads[0]) or one.piece.kind == "list"


def _points_elsewhere(added: Sequence[Scored]) -> bool:
    """Whether these are little but a link: "Tomorrow: [first week](first-week.md)."."""
    text = " ".join(one.piece.text for one in added)
    return bool(_LINK.search(text)) and len(_LINK.sub(" ", text).split()) <= _POINTING


def _place(one: Scored) -> tuple[int, str]:
    """The section that a piece is of; of code, the block."""
    return one.piece.section, one.piece.heading
