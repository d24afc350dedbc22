"""Values that a document states of something that code names too, and that code gives another value.

Four ways in which documents state them: copies of HCL, tables with a row or column a thing, sentences that name a thing in code
marks, and the version that is said to run now. `rag.drift.report` calls `contradictions`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from rag.drift.facts import Fact, Facts, stems
from rag.drift.records import Drift, Places
from rag.drift.spoken import counted, is_elsewhere, is_unsure, spoken_of
from rag.drift.typed import Typed, agrees, values_in
from rag.records import Document

_OPEN = re.compile(r"^\s*\"?([\w-]+)\"?\s*=\s*\{\s*$")
_LEAF = re.compile(r"^\s*\"?([\w-]+)\"?\s*=\s*(\"[^\"$]*\"|\d+|\[[^\]$]*\])\s*(?:#.*)?$")
_PLACEHOLDER = re.compile(r"\.\.\.|<[\w -]+>|[xX]{4,}|^$|\b(my|your|example|foo|changeme)(-|_|\b)", re.I)
_MARKED = re.compile(r"`([\w./-]{3,80})`")
_NAME = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`*])")
NOT_NOW = re.compile(
    r"\b(was|were|had|until|previously|formerly|used to|e\.g\.|example|such as|would|should be|should set|from \S+ to \S+|"
    r"increase[ds]?|upgrad\w+|before|after the|if|migrat\w+|instead of|no longer|superseded)\b", re.I,
)  # fmt: skip
_CURRENT = re.compile(r"\bcurrent(ly)?\b", re.I)
_CLUSTER = re.compile(r"\b(kubernetes|k8s|eks|cluster) (cluster )?version|uses kubernetes\b", re.I)
_RANGE = re.compile(r"\b(\d+) (?:to|-|–) (\d+) (node|instance|replica)s?\b", re.I)
_HINTS = {
    "duration": frozenset("retention retain expire expiration expiry delete deletion keep transition backup ttl day age".split()),
    "instance": frozenset("instance type class size machine node".split()),
    "cidr": frozenset("cidr block range network prefix".split()),
}  # fmt: skip
_VERSIONS, _TIMEOUTS = frozenset({"version"}), frozenset({"timeout"})
_TIMED = re.compile(r"\b(time-?outs?|times out)\b", re.I)
_SAID = re.compile(r"\b(kept?|keeps|retain\w*|retention|delet\w+|expir\w+|backups?|lifecycle)\b", re.I)


def contradictions(document: Document, facts: Facts, places: Places) -> Iterator[Drift]:
    """What the document states otherwise than code."""
    lines = document.text.split("\n")
    yield from _copies(document, lines, facts, places)
    yield from _tables(document, lines, facts, places)
    yield from _sentences(document, lines, facts, places)


def _drift(
    document: Document, line: int, stated: str, about: str, against: Sequence[Fact], confidence: float, places: Places
) -> Drift:
    fact = against[0]
    actual = ", ".join(map(str, fact.value)) if isinstance(fact.value, list) else str(fact.value)
    here, there = places.of(document, line), places.of_code(fact)
    return Drift("value", stated, actual, about, document.id, here, there, confidence)


# -- copies of HCL ----------------------------------------------------------------------------------------------------


def _copies(document: Document, lines: Sequence[str], facts: Facts, places: Places) -> Iterator[Drift]:
    """`name = { key = value }` as a document copied it, against the local or variable of that name. Blocks are left out: those of
    one type are many, and a document's may be anybody's."""
    within: list[str] = []  # what is open; "" for a block, in which anybody's settings may stand
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith("```"):
            within = []
        elif opened := _OPEN.match(line):
            within.append(opened[1])
        elif line.rstrip().endswith(("{", "(", "[")):
            within += [] if line.split()[0] == "locals" else [""]
        elif within and re.match(r"^\s*[})\]]", line):
            within.pop()
        elif len(within) == 1 and (leaf := _LEAF.match(line)):
            against = [f for f in facts.by_name.get(leaf[1], ()) if f.names == (within[0], leaf[1])]
            stated = [part.strip(' "') for part in leaf[2].strip("[]").split(",") if part.strip(' "')]
            if any(_PLACEHOLDER.search(part) for part in stated):
                continue
            if against and not any(_texts(fact.value) == stated for fact in against):
                yield _drift(document, number, ", ".join(stated), f"{within[0]}.{leaf[1]}", against, 0.9, places)


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


# -- tables -----------------------------------------------------------------------------------------------------------


def _tables(document: Document, lines: Sequence[str], facts: Facts, places: Places) -> Iterator[Drift]:
    header: list[str] = []
    heading = ""
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.strip().startswith("|") else []
        if not cells:
            header = []
            heading = line if line.startswith("#") else heading
        elif not header:
            header = cells
        elif len(cells) == len(header) and not set(line) <= set("|-: \t"):
            yield from _row(document, number, header, cells, heading, facts, places)


def _row(
    document: Document,
    line: int,
    header: Sequence[str],
    cells: Sequence[str],
    heading: str,
    facts: Facts,
    places: Places,
) -> Iterator[Drift]:
    key = cells[0].strip("`* ")
    for title, cell in zip(header[1:], cells[1:], strict=True):
        values = list(values_in(cell))
        if len(values) != 1:
            continue
        environments = _environments(title, facts) or _environments(heading, facts)
        of_thing = [f for f in facts.by_name.get(key, ()) if f.attribute != key and _is_about(title, values[0], f)]
        of_column = (
            [f for f in facts.all if key and stems(key) & f.tokens and _is_variable(f)]
            if environments & stems(title)
            else []
        )
        found = of_thing or [f for f in of_column if values[0].kind == "version" and "version" in f.tokens]
        yield from _against(document, line, values[0], f"{key}, {title}", found, environments, 0.85, places)


def _is_about(title: str, value: Typed, fact: Fact) -> bool:
    """Whether a column's title names the attribute: all of the title's words, or one and the unit."""
    words = stems(title)
    unit = stems(value.text) if value.kind == "duration" else frozenset()
    return bool(words) and (
        words <= fact.tokens or fact.tokens <= words or bool(words & fact.tokens and unit & fact.tokens)
    )


def _is_variable(fact: Fact) -> bool:
    return fact.symbol.symbol.kind in ("value", "variable", "local")


def _environments(text: str, facts: Facts) -> frozenset[str]:
    return frozenset(word for word in re.findall(r"[a-z0-9-]+", text.lower()) if word in facts.environments)


def _against(
    document: Document, line: int, value: Typed, about: str, found: Sequence[Fact], environments: frozenset[str],
    confidence: float, places: Places,
) -> Iterator[Drift]:  # fmt: skip
    """A report when code has comparable values of the thing and none of them is the stated one."""
    if environments:
        named = [fact for fact in found if any(fact.is_of(environment) for environment in environments)]
        found = named or [fact for fact in found if not any(fact.is_of(other) for other in _folders_of(found))]
    judged = [(fact, told) for fact in found if (told := agrees(value, fact.value, fact.attribute)) is not None]
    if judged and not any(told for _, told in judged):
        yield _drift(document, line, value.text, about, [fact for fact, _ in judged], confidence, places)


def _folders_of(found: Sequence[Fact]) -> frozenset[str]:
    """The names of the folders in which facts stand."""
    return frozenset(part for fact in found for part in fact.path.split("/")[:-1])


# -- sentences --------------------------------------------------------------------------------------------------------


def _sentences(document: Document, lines: Sequence[str], facts: Facts, places: Places) -> Iterator[Drift]:
    fenced = False
    headed: list[Fact] = []
    for first, paragraph in _paragraphs(lines):
        if paragraph.count("```") % 2 == 1:
            fenced = not fenced
        if fenced or paragraph.startswith(("```", "    ", "|", "\t")):
            continue
        if paragraph.startswith("#"):
            headed = spoken_of(paragraph.strip("# \n"), facts)
        at = 0
        context: list[Fact] = []
        for sentence in _SENTENCE.split(paragraph):
            at = paragraph.index(sentence, at)
            line = first + paragraph[:at].count("\n")
            things = _things(sentence, facts)
            spoken = [] if things else spoken_of(sentence, facts)
            context = things or context
            about = things or ([] if _MARKED.search(sentence) else context)  # what it names instead is no code's
            if not NOT_NOW.search(sentence):
                place = (document, line, sentence, facts, places)
                yield from _thing_values(*place, about, bool(things))
                if not things and not is_unsure(sentence):
                    told = spoken or ([] if _MARKED.search(sentence) else headed)
                    told = [fact for fact in told if not is_elsewhere(sentence, fact)]
                    yield from _thing_values(*place, told, bool(spoken))
                    yield from _counted_values(*place, told)
                yield from _named_values(*place)
                yield from _running(*place)


def _paragraphs(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    start = 0
    for at, line in enumerate([*lines, ""]):
        if not line.strip() or line.lstrip().startswith(("* ", "- ", "#")):
            if at > start:
                yield start + 1, "\n".join(lines[start:at])
            start = at if line.strip() else at + 1


def _things(sentence: str, facts: Facts) -> list[Fact]:
    """The facts of what the sentence names in code marks, by its name or by one that ends with it (`tb-prod-labels`)."""
    found: list[Fact] = []
    for name in _MARKED.findall(sentence):
        parts = name.split("-")
        names = ["-".join(parts[at:]) for at in range(len(parts)) if at == 0 or len(parts) - at >= 2]
        for one in names:
            holders = [f for f in facts.by_name.get(one, ()) if f.attribute != one]
            if holders:
                found.extend(holders)
                break
    return found


def _thing_values(
    document: Document, line: int, sentence: str, facts: Facts, places: Places, things: Sequence[Fact], named: bool
) -> Iterator[Drift]:
    if not things:
        return
    environments = _environments(sentence, facts)
    confidence = 0.8 if named else 0.65
    for match in _RANGE.finditer(sentence):
        low, high = ([f for f in things if f.attribute == name] for name in ("min_size", "max_size"))
        wrong = [f for f, n in [*((f, match[1]) for f in low), *((f, match[2]) for f in high)] if str(f.value) != n]
        if environments:
            wrong = [fact for fact in wrong if any(fact.is_of(one) for one in environments)] or wrong
        if low and high and wrong:
            yield _drift(
                document,
                _line(line, sentence, match.start()),
                match[0],
                "min_size to max_size",
                wrong,
                confidence,
                places,
            )
    said = list(values_in(sentence))
    for value in said:
        hints = _HINTS.get(value.kind)
        if hints is None or (value.kind == "duration" and not _SAID.search(sentence)):
            continue
        others = [one for one in said if one is not value]
        about = [f for f in things if f.tokens & hints and not any(agrees(one, f.value, f.attribute) for one in others)]
        where = _line(line, sentence, value.at)
        yield from _against(document, where, value, _label(about), about, environments, confidence, places)


def _counted_values(
    document: Document, line: int, sentence: str, facts: Facts, places: Places, things: Sequence[Fact]
) -> Iterator[Drift]:
    """Ports, sizes, counts, versions and timeouts of a resource that prose speaks of."""
    versions = [(v, _VERSIONS) for v in values_in(sentence) if v.kind == "version"]
    timeouts = [(v, _TIMEOUTS) for v in values_in(sentence) if v.kind == "duration" and _TIMED.search(sentence)]
    for value, hints in [*counted(sentence), *versions, *timeouts]:
        about = [fact for fact in things if fact.tokens & hints]
        where = _line(line, sentence, value.at)
        yield from _against(document, where, value, _label(about), about, _environments(sentence, facts), 0.7, places)


def _line(first: int, sentence: str, at: int) -> int:
    return first + sentence[:at].count("\n")


def _label(found: Sequence[Fact]) -> str:
    return ".".join(found[0].names[-2:]) if found else ""


def _named_values(document: Document, line: int, sentence: str, facts: Facts, places: Places) -> Iterator[Drift]:
    """`default_ng_min_count` to 60: a value right behind a name that code has."""
    for match in _NAME.finditer(sentence):
        holders = [f for f in facts.by_name.get(match[0], ()) if len(f.names) <= 3 and f.names[0] == match[0]]
        if not holders or not (_CURRENT.search(sentence) or "same as" in sentence.lower()):
            continue
        follows = sentence[match.end() :]
        value = next(iter(values_in(follows)), None)
        if value is None or value.kind not in ("number", "instance", "cidr") or value.at > 60:
            continue
        where = _line(line, sentence, match.end() + value.at)
        yield from _against(document, where, value, match[0], holders, _environments(sentence, facts), 0.75, places)


def _running(document: Document, line: int, sentence: str, facts: Facts, places: Places) -> Iterator[Drift]:
    """ "Our current cluster version is 1.33": against what code calls the version of clusters."""
    said = _CLUSTER.search(sentence)
    if not said or not _CURRENT.search(sentence):
        return
    value = next((v for v in values_in(sentence[said.start() :]) if v.kind == "version"), None)
    held = [
        f for f in facts.all if _is_variable(f) and any(n in ("cluster_version", "kubernetes_version") for n in f.names)
    ]
    if value:
        where = _line(line, sentence, said.start() + value.at)
        yield from _against(
            document, where, value, "Kubernetes version", held, _environments(sentence, facts), 0.8, places
        )
