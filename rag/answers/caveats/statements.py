"""What pages state now: each value with the words, names and environment that say of what it holds. `conflicts` holds
them against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.answers.caveats.quantities import quantities, stem
from rag.drift import speaks_of_now
from rag.environments import CANONICAL
from rag.indexes.tokens import STOP_WORDS, tokenise
from rag.records import Document, ScoredPassage

_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=[A-Z`*(])")
_MARKED = re.compile(r"`([^`\n]{2,80})`")
_NAMED = re.compile(
    r"(?<![\w./-])(?:[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+|\w+(?:[_/-]\w+)+|\w+\.\w+(?:[./_-]\w+)+)(?![\w/])"
)
_CAMEL = re.compile(r"\b(?:[A-Z][a-z0-9]+){2,}\b")  # an alert that a runbook is called after
_PLACE = re.compile(r"(?:non|pre)[-_]?(?:prod\w*|live)|on-call")  # looks like a name, and is none
_CLAUSE = re.compile(r"[,;:()]\s+|\s+(?:and|but|while|whereas|or)\s+|\s[-–—]\s")
_QUALIFIERS = tuple(  # a statement with one of these is about no other than one with the same
    frozenset(group.split())
    for group in (
        "least minimum min lower", "most maximum max limit upper", "default", "total", "first", "second",
        "warning warn", "critical", "read readonly", "write", "request requests", "cpu", "memory", "start starts begin begins",
        "end ends stop", "new", "old", "daily", "weekly", "monthly", "hourly", "soft", "hard", "public", "private", "internal",
        "external", "add create", "delete deleted",
    )
)  # fmt: skip
_NOT_NOW = re.compile(  # said of what was, may be, or is only so under a condition
    r"\b(was|were|had|previously|formerly|used to|e\.g\.|example|such as|would|should (?:be|set)|from \S+ to \S+|increase[ds]?|"
    r"upgrad\w+|if|migrat\w+|instead of|no longer|superseded|sometimes|in 20\d\d|until(?! \d?\d:\d\d))\b",
    re.I,
)
_HEDGED = re.compile(
    r"\b(about|around|roughly|approx\w*|up to|at least|can be|could|might|may|typically|usually|often|another|other|additional|"
    r"further|(?:more|less|greater|lower|fewer) than|above|below|exceed\w*|remaining|except|unless|not|never|n't)\b|[~≈?]|"
    r"\b\d+ ?(?:to|-|–) ?\d+ [a-z]|\d (?:to|–) \d",
    re.I,
)
_SAME = {
    "kept": "keep",
    "retain": "keep",
    "retention": "keep",
    "stor": "keep",
    "held": "keep",
    "remov": "delet",
    "expiry": "expir",
    "valid": "expir",
    "renew": "rotat",
    "retry": "retri",
}
_LIGHT = frozenset(  # verbs that any statement of a value may have, and the columns of a table of settings
    map(stem, "listen listens run runs use uses using connect has have is are need needs set sets get gets take takes reach "
    "allow allows value setting number each every instance type environment".split())
)  # fmt: skip
_TIMES_OUT = re.compile(r"\btim(?:es?|ed)[ -]outs?\b", re.I)
_CASE = re.compile(r"(?:For|On|In|With|During|From|By|As|To) [^,]{2,60}, ")
_PAUSE = frozenset(("wait", "sleep", "paus"))  # says of what only with the step before it
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")


@dataclass(frozen=True)
class Statement:
    """A value that a line of a document states: its kind and unit, the names and words of its clause, the words around it (of its
    sentence, heading and title), the names that stand there (`subjects`), and where it holds; `text` is the clause without it."""

    document: Document
    line: int
    kind: str
    value: object
    shown: str
    text: str
    names: frozenset[str]
    words: frozenset[str]
    context: frozenset[str]
    subjects: frozenset[str]
    qualifiers: frozenset[int]
    environments: frozenset[str]


def statements(found: ScoredPassage) -> Iterator[Statement]:
    """What a passage of a page states now, with one value of a kind a clause."""
    document, passage = found.document, found.passage
    if passage.kind != "section" or not speaks_of_now(document):
        return
    before = ""
    for line, sentence, row in _sentences(passage.text, passage.start_line):
        if not _NOT_NOW.search(sentence):
            for clause in [sentence] if row else _clauses(sentence):
                values = list(quantities(clause))
                kinds = [kind for kind, *_ in values]
                for kind, value, shown in values:
                    if kinds.count(kind) == 1 and not _HEDGED.search(clause):
                        yield _statement(found, line, (kind, value, shown), (clause, sentence, row, before))
        before = sentence


def _statement(
    found: ScoredPassage, line: int, stated: tuple[str, object, str], said: tuple[str, str, str, str]
) -> Statement:
    document, (kind, value, shown), (clause, sentence, row, before) = found.document, stated, said
    heading = f"{document.title} {found.passage.heading}"
    about, whole = clause.replace(shown, " "), sentence.replace(shown, " ")
    names = frozenset(_names(about))
    words = words_of(about) - {word for name in names for word in words_of(name)}
    if not names and (not words - _PAUSE) and [k for k, *_ in quantities(sentence)].count(kind) == 1:
        words, about = words_of(whole), whole  # "…, eight hours at most"
    if (case := _CASE.match(sentence)) and not clause.startswith(case[0][:4]):
        words, about = words | words_of(case[0]), f"{case[0]}{about}"  # "For guests, it is 20 per second."
    if not names and not words - _PAUSE:
        words, about = words | words_of(before or heading), f"{before or heading}. {about}"  # "2. Wait 5 minutes."
    return Statement(
        document, line, kind, value, shown, about, names, words,
        context=words_of(f"{whole} {heading}"),
        subjects=frozenset((*_names(whole), *(name.lower() for name in _CAMEL.findall(document.title)))),
        qualifiers=_qualifiers(about),
        environments=_environments(f"{sentence} {row}") or _environments(f"{heading} {document.path}"),
    )  # fmt: skip


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
            paragraph = f"{paragraph}\n{line}" if paragraph else _ITEM.sub("", line)  # its number is no sentence


def _split(paragraph: str, first: int) -> Iterator[tuple[int, str, str]]:
    at = 0
    for sentence in _SENTENCE.split(paragraph):
        at = paragraph.index(sentence, at)
        value = next((paragraph.find(shown, at) for _, _, shown in quantities(sentence)), at)
        yield first + paragraph[: max(at, value)].count("\n"), " ".join(sentence.replace("**", "").split()), ""


def _clauses(sentence: str) -> list[str]:
    """A sentence in its clauses; what stands in code marks is not taken apart."""
    held = _MARKED.sub(lambda found: found[0].replace(" ", "\0"), sentence)
    return [clause.replace("\0", " ") for clause in _CLAUSE.split(held)]


def _names(text: str) -> Iterator[str]:
    for match in (*_MARKED.finditer(text), *_NAMED.finditer(text)):
        name = (match[1] if match.re is _MARKED else match[0]).lower().strip("-_./ ")
        if not _PLACE.fullmatch(name):
            yield name


def words_of(text: str) -> frozenset[str]:
    """The words of a text that mean something, without their endings, one for words that say the same."""
    text = _TIMES_OUT.sub("timeout", text)
    stems = [stem(w) for w in tokenise(text).words if w not in STOP_WORDS and not w.isdigit() and len(w) > 1]
    return frozenset(_SAME.get(one, one) for one in stems if one not in _LIGHT)


def _environments(text: str) -> frozenset[str]:
    return frozenset(CANONICAL[word] for word in re.findall(r"[a-z]+(?:-[a-z]+)?", text.lower()) if word in CANONICAL)


def _qualifiers(text: str) -> frozenset[int]:
    words = set(re.findall(r"[a-z]+", text.lower()))
    return frozenset(at for at, group in enumerate(_QUALIFIERS) if words & group)
