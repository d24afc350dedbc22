"""Where two pages among the evidence state different values of the same thing, and which of them to prefer.

Nothing is guessed from wording alone: two statements are held against each other only where both are about what now is, name the
same things, speak of the same environment, and give one value each of the same kind and unit; most pairs are passed over, since a
false alarm is worse than silence. What code contradicts is `rag.drift`'s to find. `rag.answers.warnings` calls `conflicts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from rag.drift import speaks_of_now
from rag.drift.typed import values_in
from rag.environments import CANONICAL
from rag.indexes.tokens import STOP_WORDS, tokenise
from rag.records import Document, ScoredPassage, Spot

_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=[A-Z`*(])")
_MARKED = re.compile(r"`([^`\n]{2,80})`")
_NAMED = re.compile(
    r"(?<![\w./-])(?:[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+|\w+(?:[_/-]\w+)+|\w+\.\w+(?:[./_-]\w+)+)(?![\w/])"
)
_CAMEL = re.compile(r"\b(?:[A-Z][a-z0-9]+){2,}\b")  # an alert that a runbook is called after
_CLAUSE = re.compile(r"[,;:()]\s+|\s+(?:and|but|while|whereas|or)\s+|\s[-–—]\s")
_CLOCK = re.compile(r"(?<![\w:.-])([01]?\d|2[0-3]):([0-5]\d)(?![\w:])")
_CONTACT = re.compile(r"(?<![\w@/.(-])(?:#[a-z][\w-]{2,}|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)(?![\w@])")
_PERCENT = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?) ?(?:%|per ?cent\b)")
_SHORT = re.compile(r"(?<![\w.,:/-])(\d+) ?(s|min|h|d)(?![\w/-])")
_SIZE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?) ?([kMGT]i?B)\b")
_QUALIFIERS = tuple(  # a statement with one of these is about no other than one with the same
    frozenset(group.split())
    for group in (
        "least minimum min lower", "most maximum max limit upper", "default", "total", "each per every", "first", "second",
        "warning warn", "critical", "read readonly", "write", "request requests", "cpu", "memory", "start starts begin begins",
        "end ends stop", "new", "old", "daily", "weekly", "monthly", "hourly", "soft", "hard", "public", "private", "internal",
        "external", "add create", "delete deleted",
    )
)  # fmt: skip
_NOT_NOW = re.compile(  # said of what was, may be, or is only so under a condition
    r"\b(was|were|had|previously|formerly|used to|e\.g\.|example|such as|would|should (?:be|set)|from \S+ to \S+|increase[ds]?|"
    r"upgrad\w+|if|migrat\w+|instead of|no longer|superseded|sometimes|in 20\d\d|until)\b",
    re.I,
)
_HEDGED = re.compile(
    r"\b(about|around|roughly|approx\w*|up to|at least|can be|could|might|may|typically|usually|often|another|other|additional|"
    r"further|more than|less than|remaining|except|unless|not|never|n't)\b|[~≈?]|\b\d+ ?(?:to|-|–) ?\d+ [a-z]",
    re.I,
)
_PERSONAL = re.compile(r"(^|/)(~[\w.-]+|users?[:/][^/]+|personal|drafts?|scratch|playground|wip)(/|\.|:|$)", re.I)
_PERSONAL_TITLE = re.compile(r"^\W*(draft|wip|my notes|notes of)\b", re.I)
_SHARED, _SHARED_UNNAMED = 1, 2  # words in common of two statements that name the same thing, and of two that name none
_PLENTY = 3  # words in common that need nothing around them
_ALIKE, _ALIKE_UNNAMED = 0.5, 0.67  # and what share of the shorter one's words that must be
_SAME = {
    "kept": "keep",
    "retain": "keep",
    "retention": "keep",
    "stor": "keep",
    "held": "keep",
    "remov": "delet",
    "expiry": "expir",
}
_APART = 50  # times that one number may be the other: beyond that they are about two things
_NEAR = 12  # lines of a page within which it may speak of the same thing


@dataclass(frozen=True)
class Statement:
    """A value that a line of a document states: its kind and unit, the names and words of its clause, the words around it (of its
    sentence, heading and title), the names that stand there (`subjects`), and where it holds."""

    document: Document
    line: int
    kind: str
    value: object
    shown: str
    names: frozenset[str]
    words: frozenset[str]
    context: frozenset[str]
    subjects: frozenset[str]
    qualifiers: frozenset[int]
    environments: frozenset[str]


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
        if not places & seen and not _says_too(one, told, two) and not _says_too(two, told, one):
            seen |= places
            found.append(_preferring(one, two))
    return found


def statements(found: ScoredPassage) -> Iterator[Statement]:
    """What a passage of a page states now, with one value of a kind a clause."""
    document, passage = found.document, found.passage
    if passage.kind != "section" or not speaks_of_now(document):
        return
    heading = f"{document.title} {passage.heading}"
    for line, sentence, row in _sentences(passage.text, passage.start_line):
        if _NOT_NOW.search(sentence):
            continue
        for clause in [sentence] if row else _clauses(sentence):
            values = list(_values(clause))
            kinds = [kind for kind, *_ in values]
            for kind, value, shown in values:
                if kinds.count(kind) == 1 and not _HEDGED.search(clause):
                    about = clause.replace(shown, " ")
                    names = frozenset(_names(about))
                    held = {word for name in names for word in _words(name)}
                    around = frozenset(_words(f"{sentence.replace(shown, ' ')} {heading}"))
                    where = _environments(f"{sentence} {row}") or _environments(f"{heading} {document.path}")
                    words = frozenset(_words(about)) - held
                    if (
                        len(words) < _SHARED_UNNAMED
                        and not names
                        and [k for k, *_ in _values(sentence)].count(kind) == 1
                    ):
                        words = frozenset(_words(sentence.replace(shown, " ")))  # "…, eight hours at most"
                    subjects = frozenset((*_names(sentence), *(n.lower() for n in _CAMEL.findall(document.title))))
                    yield Statement(
                        document, line, kind, value, shown, names, words, around, subjects, _qualifiers(about), where
                    )


def disagree(one: Statement, two: Statement) -> bool:  # noqa: PLR0911  # one return a reason for silence
    """Whether two statements give two values of one thing."""
    if (one.kind, one.qualifiers) != (two.kind, two.qualifiers) or one.value == two.value:
        return False
    if isinstance(one.value, int | float) and isinstance(two.value, int | float):
        small, large = sorted((one.value, two.value))
        if large > _APART * small:
            return False
    if one.environments != two.environments and one.environments | two.environments != {"prod"}:
        return False
    if one.names and two.names and not one.names & two.names:
        return False
    shared, shortest = len(one.words & two.words), min(len(one.words), len(two.words))
    if one.names and two.names:
        return shared >= _SHARED and shared >= _ALIKE * shortest
    proper = _proper(one.document.title), _proper(two.document.title)
    if (all(proper) and not proper[0] & proper[1]) or not _same_subject(one, two):
        return False
    if shared < _SHARED_UNNAMED or shared < _ALIKE_UNNAMED * shortest:
        return False
    around = (one.context & two.context) - (one.words & two.words)
    return bool(around) or shared >= _PLENTY


def _same_subject(one: Statement, two: Statement) -> bool:
    """Whether one of two statements, where they name things, speaks of what the other names: of half of a name's words that the
    names of both don't share."""
    named = [(mine, other) for mine, other in ((one, two), (two, one)) if mine.subjects]
    return not named or any(
        2 * len(own & other.context) >= len(own) > 0
        for mine, other in named
        for name in mine.subjects
        if (own := {*_words(name)} - {word for one in other.subjects - {name} for word in _words(one)})
    )


def _proper(title: str) -> set[str]:
    """The words that tell one page from its siblings ("Restart the Bristol gateway"): capitals behind the first word."""
    return {word for word in re.findall(r"[\w-]+", title)[1:] if word[0].isupper()}


def _says_too(one: Statement, told: Sequence[Statement], other: Statement) -> bool:
    """Whether the document of one statement states the other's value as well, near by: then it speaks of two things."""
    return any(
        near.document.id == one.document.id
        and near.kind == other.kind
        and near.value == other.value
        and _akin(near, one)
        for near in told
    )


def _akin(near: Statement, one: Statement) -> bool:
    """Whether two statements of one page may be about the same thing."""
    if abs(near.line - one.line) > _NEAR or (near.names and one.names and not near.names & one.names):
        return False
    return bool(near.words & one.words)


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


# -- reading -------------------------------------------------------------------------------------------------------------


def _sentences(text: str, first: int) -> Iterator[tuple[int, str, str]]:
    """(line, sentence, column and heading that say where it holds): of prose, list items, and a table's cells under
    their column."""
    header: list[str] = []
    fenced, paragraph, began = False, "", first
    front = first == 1 and text.startswith("---\n")
    for number, line in enumerate([*text.split("\n"), ""], first):
        if front:
            front = number == 1 or line.rstrip() != "---"
            continue
        fence = line.lstrip().startswith(("```", "~~~"))
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.lstrip().startswith("|") else []
        breaks = fence or fenced or cells or not line.strip() or re.match(r"^\s*(?:[-*+]|\d+[.)]|#+)\s", line)
        if breaks and paragraph:
            yield from _split(paragraph, began)
            paragraph = ""
        fenced = fenced != fence
        if fence or fenced or line.startswith("#"):
            header = []
        elif cells and not header:
            header = cells
        elif cells and len(cells) == len(header) and not set(line) <= set("|-: \t"):
            yield from (
                (number, f"{cells[0]} {title}: {cell}", title)
                for title, cell in zip(header[1:], cells[1:], strict=True)
            )
        elif line.strip() and not cells:
            header = []
            began = number if not paragraph else began
            paragraph = f"{paragraph}\n{line}" if paragraph else line


def _split(paragraph: str, first: int) -> Iterator[tuple[int, str, str]]:
    at = 0
    for sentence in _SENTENCE.split(paragraph):
        at = paragraph.index(sentence, at)
        value = next((paragraph.find(shown, at) for _, _, shown in _values(sentence)), at)
        yield first + paragraph[: max(at, value)].count("\n"), " ".join(sentence.replace("**", "").split()), ""


def _clauses(sentence: str) -> list[str]:
    """A sentence in its clauses; what stands in code marks is not taken apart."""
    held = _MARKED.sub(lambda found: found[0].replace(" ", "\0"), sentence)
    return [clause.replace("\0", " ") for clause in _CLAUSE.split(held)]


def _values(sentence: str) -> Iterator[tuple[str, object, str]]:
    """(kind with its unit, value, as written) of what a sentence states."""
    for match in _CLOCK.finditer(sentence):
        yield "clock", (int(match[1]), match[2]), match[0]
    for match in _CONTACT.finditer(sentence):
        yield ("address" if "@" in match[0] else "channel"), match[0].lower(), match[0]
    for match in _PERCENT.finditer(sentence):
        yield "percent", float(match[1]), match[0]
    for match in _SIZE.finditer(sentence):
        yield f"size {match[2]}", float(match[1]), match[0]
    for match in _SHORT.finditer(sentence):
        yield "duration", int(match[1]) * {"s": 1, "min": 60, "h": 3600, "d": 86400}[match[2]], match[0]
    for value in values_in(sentence):
        after = re.match(r"\s+([a-z]{3,})\b", sentence[value.at + len(value.text) :])
        if value.kind != "number":
            yield value.kind, value.value, value.text
        elif after and after[1] not in STOP_WORDS:
            yield f"number {_stem(after[1])}", value.value, f"{value.text} {after[1]}"
        elif re.search(r"\bport $", sentence[: value.at]):
            yield "port", value.value, value.text


def _names(text: str) -> Iterator[str]:
    for match in (*_MARKED.finditer(text), *_NAMED.finditer(text)):
        yield (match[1] if match.re is _MARKED else match[0]).lower().strip("-_./ ")


def _words(text: str) -> Iterator[str]:
    """The words of a text that mean something, without their endings, one for words that say the same."""
    for word in tokenise(text).words:
        if word not in STOP_WORDS and not word.isdigit() and len(word) > 1:
            stem = _stem(word)
            yield _SAME.get(stem, stem)


def _environments(text: str) -> frozenset[str]:
    return frozenset(CANONICAL[word] for word in re.findall(r"[a-z]+(?:-[a-z]+)?", text.lower()) if word in CANONICAL)


def _qualifiers(text: str) -> frozenset[int]:
    words = set(re.findall(r"[a-z]+", text.lower()))
    return frozenset(at for at, group in enumerate(_QUALIFIERS) if words & group)


def _stem(word: str) -> str:
    return re.sub(r"(?<=[a-z]{3})(?:ing|ed|es|s|ly|e)$", "", word)


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
