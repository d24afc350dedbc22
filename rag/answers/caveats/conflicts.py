"""Where two pages among the evidence state different values of the same thing, and which of them to prefer.

`statements` reads what pages state, `same_thing` tells which two can't both hold. What code
contradicts is `rag.drift`'s to find; code among the evidence settles which page to prefer. `warnings` asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from rag.answers.caveats.same_thing import disagree, says_too
from rag.answers.caveats.statements import Statement, statements, words_of
from rag.drift import code_agrees
from rag.records import Document, ScoredPassage, Spot

_PERSONAL = re.compile(r"(^|/)(~[\w.-]+|users?[:/][^/]+|personal|drafts?|scratch|playground|wip)(/|\.|:|$)", re.I)
_PERSONAL_TITLE = re.compile(r"^\W*(draft|wip|my notes|notes of)\b", re.I)
_SETTING = re.compile(r"^\s*\"?([\w-]+)\"?\s*[=:]\s*\"?([\w./:-]+)\"?\s*,?\s*(?:(?:#|//).*)?$")


@dataclass(frozen=True)
class Conflict:
    """Two statements that can't both hold; `preferred` is first, `why` says by what, "" where nothing tells."""

    preferred: Statement
    other: Statement
    why: str

    @property
    def spots(self) -> tuple[Spot, Spot]:
        return spot(self.preferred.document, self.preferred.line), spot(self.other.document, self.other.line)

    @property
    def reason(self) -> str:
        """Both places with their dates, and which to prefer."""
        one, two = self.preferred, self.other
        said = (
            f"{place_of(one.document, one.line)} says {one.shown}, {place_of(two.document, two.line)} says {two.shown}"
        )
        return (
            f"{said}; prefer the first: {self.why}"
            if self.why
            else f"{said}; nothing tells which holds: ask their owners"
        )


def conflicts(evidence: Sequence[ScoredPassage]) -> list[Conflict]:
    """Every pair of statements of two documents that disagree, each place once."""
    told = [statement for found in evidence for statement in statements(found)]
    found: list[Conflict] = []
    seen: set[tuple[str, int]] = set()
    for one, two in combinations(told, 2):
        if one.document.id == two.document.id or not disagree(one, two):
            continue
        places = {(one.document.id, one.line), (two.document.id, two.line)}
        if not places & seen and not says_too(one, told, two) and not says_too(two, told, one):
            seen |= places
            found.append(_settled_by_code(one, two, evidence) or _preferring(one, two))
    return found


def _preferring(one: Statement, two: Statement) -> Conflict:
    """The pair with the one to prefer first: what is official over what is personal, then what is newer over what is older."""
    personal = is_personal(one.document), is_personal(two.document)
    dates, what = (one.document.reviewed_at[:10], two.document.reviewed_at[:10]), "was reviewed later"
    if not all(dates) or dates[0] == dates[1]:
        dates, what = (date_of(one.document), date_of(two.document)), "is newer"
    if personal[0] != personal[1]:
        first, second = (two, one) if personal[0] else (one, two)
        return Conflict(first, second, "the other is a personal page or a draft")
    if all(dates) and dates[0] != dates[1]:
        first, second = (one, two) if dates[0] > dates[1] else (two, one)
        return Conflict(first, second, f"it {what} ({max(dates)})")
    return Conflict(one, two, "")


def is_personal(document: Document) -> bool:
    """Whether a page is somebody's own, or a draft, by where it stands and what it is called."""
    return bool(
        _PERSONAL.search(document.path) or _PERSONAL_TITLE.search(document.title) or document.source.startswith("~")
    )


def date_of(document: Document) -> str:
    """The day on which a document was last known to hold: when it changed, or was reviewed, whichever is later."""
    return max(document.updated_at[:10], document.reviewed_at[:10])


def place_of(document: Document, line: int) -> str:
    """A line's place in words, with its date."""
    date = date_of(document)
    return f"{document.source}/{document.path}:{line}" + (f" ({date})" if date else "")


def spot(document: Document, line: int) -> Spot:
    """A line of a document as a flag shows it."""
    quote = document.lines(line, line).strip()
    return Spot(document.source, document.path, line, quote, document.link(line, line), document.updated_at)


def _settled_by_code(one: Statement, two: Statement, evidence: Sequence[ScoredPassage]) -> Conflict | None:
    """The pair with the one first that code among the evidence agrees with, where it sets what both speak of."""
    for found in evidence:
        if found.document.kind not in ("terraform", "config", "code"):
            continue
        lines = found.passage.text.split("\n")
        about = words_of(f"{found.passage.heading} {lines[0]}")
        for number, line in enumerate(lines, found.passage.start_line):
            setting = _SETTING.match(line)
            if setting and about & one.context & two.context:
                told = [code_agrees(setting[1], setting[2], s.kind, s.value, s.text) for s in (one, two)]
                if told in ([True, False], [False, True]):
                    first, second = (one, two) if told[0] else (two, one)
                    return Conflict(first, second, f"code says the same ({place_of(found.document, number)})")
    return None


def preferred_first(evidence: Sequence[ScoredPassage], found: Iterable[Conflict]) -> tuple[ScoredPassage, ...]:
    """The evidence with the passage to prefer in front of the one that it contradicts, otherwise in its order."""
    ordered = [*evidence]
    for conflict in found:
        if not conflict.why:
            continue
        at = {_holder(ordered, statement): statement for statement in (conflict.other, conflict.preferred)}
        if len(at) == 2 and -1 not in at:
            behind, before = _holder(ordered, conflict.preferred), _holder(ordered, conflict.other)
            if behind > before:
                ordered.insert(before, ordered.pop(behind))
    return tuple(ordered)


def _holder(evidence: Sequence[ScoredPassage], statement: Statement) -> int:
    """The number of the passage in which a statement stands, -1 for none."""
    for at, found in enumerate(evidence):
        if (
            found.document.id == statement.document.id
            and found.passage.start_line <= statement.line <= found.passage.end_line
        ):
            return at
    return -1
