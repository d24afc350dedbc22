"""What sentences state otherwise than code: of things that they name, or that the sentence or heading before them names, of the
environments that they name, and the version of Kubernetes that is said to run. `rag.drift.contradictions` calls `told_in_prose`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.drift.facts import Fact, stems
from rag.drift.held import Held
from rag.drift.records import Drift
from rag.drift.spoken import is_elsewhere, marked, of_one_kind, placed_in, spoken_of, subject_of, under
from rag.drift.stated import meant, named_by, says, stated
from rag.drift.typed import Typed, unmarked, values_in

_MARKED = re.compile(r"`([\w./-]{3,80})`")
_NAME = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`*])")
NOT_NOW = re.compile(
    r"\b(was|were|had|until|previously|formerly|used to|e\.g\.|example|such as|would|should be|should set|from \S+ to \S+|"
    r"increase[ds]?|upgrad\w+|after the|if|migrat\w+|instead of|no longer|superseded|"
    r"(?<!days )(?<!hours )(?<!minutes )(?<!weeks )(?<!months )before)\b", re.I,  # "for 14 days before they go" is now
)  # fmt: skip
_CURRENT = re.compile(r"\bcurrent(ly)?\b", re.I)
_CLUSTER = re.compile(r"\b(kubernetes|k8s|eks|cluster) (cluster )?version|uses kubernetes\b", re.I)
_SIZED = re.compile(
    r"\bcluster(?:['’]s)?(?: size)? (?:is|has|runs|of) (?:of )?[*`]*(?P<number>\d+)[*`]* (?:worker )?nodes\b", re.I
)
_SIZES, _NO_SIZES = frozenset("count size desired capacity".split()), frozenset("min max disk type monitoring".split())
_RANGE = re.compile(r"\b(\d+) (?:to|-|–) (\d+) (node|instance|replica)s?\b", re.I)
_USES = re.compile(r"\b(?:is|uses|has|runs|range|block|cidr)\b", re.I)
_ROUTES = re.compile(r"\b(?:peer\w*|rout\w+|allow\w*|subnets?|reach\w*|office|vpn|connect\w*|traffic)\b", re.I)
_TIED = ("min_size", "max_size")
MARKED, PLACED, SPOKEN, CARRIED = 0.8, 0.7, 0.7, 0.65  # how sure a report is, by the way in which its thing was named


def told_in_prose(held: Held, lines: Sequence[str]) -> Iterator[Drift]:
    """What the sentences of a page state otherwise than code."""
    fenced = False
    headed: list[Fact] = []
    heading = ""
    for first, written in _paragraphs(lines):
        paragraph = unmarked(written)
        if paragraph.count("```") % 2 == 1:
            fenced = not fenced
        if fenced or paragraph.startswith(("```", "    ", "\t")):
            continue
        if paragraph.startswith("#"):
            heading = paragraph.strip("# \n")
            headed = _of_heading(heading, held)
        elif paragraph.startswith("|"):
            yield from _settings(held, first, paragraph.split("\n"), headed)
            continue
        at = 0
        carried: list[Fact] = []
        for sentence in _SENTENCE.split(paragraph):
            at = paragraph.index(sentence, at)
            line = first + paragraph[:at].count("\n")
            things = marked(sentence, held.facts)
            carried = things or carried
            if not NOT_NOW.search(sentence):
                spoken = spoken_of(sentence, held.facts) or spoken_of(under(heading, sentence), held.facts)
                yield from _of_things(held, line, sentence, things, spoken, carried or headed)
                yield from _named_values(held, line, sentence)
                yield from _placed(held, line, sentence)
                yield from _running(held, line, sentence)
                yield from _sized(held, line, sentence)
                if not things and not spoken:
                    yield from _by_name(held, line, sentence)


def _paragraphs(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    start = 0
    for at, line in enumerate([*lines, ""]):
        if not line.strip() or line.lstrip().startswith(("* ", "- ", "#")):
            if at > start:
                yield start + 1, "\n".join(lines[start:at])
            start = at if line.strip() else at + 1


def _of_heading(heading: str, held: Held) -> list[Fact]:
    """What a heading names, unless it is about something to be done ("Create …") or in doubt."""
    to_do = re.match(r"(?:creat|mov|migrat|chang|add|remov|delet|upgrad)\w+ ", heading, re.I)
    return [] if to_do else spoken_of(heading, held.facts)


def _settings(held: Held, first: int, rows: Sequence[str], headed: Sequence[Fact]) -> Iterator[Drift]:
    """A table of two columns under a heading that names a thing: a setting a row."""
    for number, row in enumerate(rows[2:], first + 2):
        cells = [cell.strip(" *`") for cell in row.strip().strip("|").split("|")]
        if len(cells) == 2 and headed and not NOT_NOW.search(row):
            yield from _read(held, number, f"{cells[0]}: {cells[1]}", headed, CARRIED)


def _of_things(
    held: Held, line: int, sentence: str, things: Sequence[Fact], spoken: Sequence[Fact], before: Sequence[Fact]
) -> Iterator[Drift]:
    """What is said of what the sentence names; else, where it names nothing in code marks, of what was named before it."""
    if things:
        yield from _read(held, line, sentence, things, MARKED)
    elif spoken := spoken or subject_of(sentence, held.facts):
        yield from _read(held, line, sentence, spoken, SPOKEN)
    elif {*_MARKED.findall(sentence)} <= {fact.attribute for fact in before}:  # any other name is no code's
        told = [fact for fact in before if not is_elsewhere(sentence, fact)]
        yield from _read(held, line, sentence, told, CARRIED)


def _read(held: Held, line: int, sentence: str, things: Sequence[Fact], confidence: float) -> Iterator[Drift]:
    environments = held.environments(sentence)
    things = [fact for fact in things if not is_elsewhere(sentence, fact)]
    yield from _ranges(held, line, sentence, things, environments, confidence)
    for value, about in stated(sentence, things):
        if value.kind != "cidr" or _is_own_range(sentence, value, about):
            where = _line(line, sentence, value.at)
            yield from held.against(where, value, "", about, environments, confidence)


def _ranges(
    held: Held, line: int, sentence: str, things: Sequence[Fact], environments: frozenset[str], confidence: float
) -> Iterator[Drift]:
    """ "4 to 16 nodes" against `min_size` and `max_size`."""
    for match in _RANGE.finditer(sentence):
        ends = [[fact for fact in things if fact.attribute == name] for name in _TIED]
        wrong = [
            fact for end, stated in zip(ends, match.groups(), strict=False) for fact in end if str(fact.value) != stated
        ]
        if environments:
            wrong = [fact for fact in wrong if any(fact.is_of(one) for one in environments)] or wrong
        if all(ends) and wrong:
            yield held.drift(_line(line, sentence, match.start()), match[0], " to ".join(_TIED), wrong, confidence)


def _is_own_range(sentence: str, value: Typed, about: Sequence[Fact]) -> bool:
    """Whether an address range is said to be the thing's own, and not one that it routes to, or a part of it."""
    same_size = any(str(fact.value).rpartition("/")[2] == value.text.rpartition("/")[2] for fact in about)
    return same_size and bool(_USES.search(sentence)) and not _ROUTES.search(sentence)


def _line(first: int, sentence: str, at: int) -> int:
    return first + sentence[:at].count("\n")


def _placed(held: Held, line: int, sentence: str) -> Iterator[Drift]:
    """ "The live cluster runs Kubernetes 1.31": what code has once for each environment, said of one."""
    if not any(value.kind in ("version", "cidr") for value in values_in(sentence)):
        return
    words = {*re.findall(r"[a-z0-9-]+", sentence.lower())} - {"default"}
    environments = held.environments(sentence) | held.facts.keys & words
    ranges = frozenset("cidr block range network".split()) if "/" in sentence else frozenset()
    said = meant(sentence) | ranges
    things = [fact for fact in placed_in(words, environments, held.facts) if named_by(fact, said)]
    for value, about in stated(sentence, things):
        if of_one_kind(about) and (value.kind == "version" or _is_own_range(sentence, value, about)):
            yield from held.against(_line(line, sentence, value.at), value, "", about, environments, PLACED)


def _by_name(held: Held, line: int, sentence: str) -> Iterator[Drift]:
    """ "Control plane logs are kept for 90 days": what a variable, an argument or an entry is called by, said in other words."""
    said = meant(sentence)
    for value, about in stated(sentence, [fact for fact in held.facts.worded if says(fact, said)]):
        if value.kind in ("instance", "duration", "size"):
            yield from held.against(
                _line(line, sentence, value.at), value, "", about, held.environments(sentence), CARRIED
            )


def _named_values(held: Held, line: int, sentence: str) -> Iterator[Drift]:
    """`default_ng_min_count` to 60: a value right behind a name that code has."""
    for match in _NAME.finditer(sentence):
        holders = [f for f in held.facts.by_name.get(match[0], ()) if len(f.names) <= 3 and f.names[0] == match[0]]
        if not holders or not (_CURRENT.search(sentence) or "same as" in sentence.lower()):
            continue
        value = next(iter(values_in(sentence[match.end() :])), None)
        if value is None or value.kind not in ("number", "instance", "cidr") or value.at > 60:
            continue
        where = _line(line, sentence, match.end() + value.at)
        yield from held.against(where, value, match[0], holders, held.environments(sentence), 0.75)


def _running(held: Held, line: int, sentence: str) -> Iterator[Drift]:
    """ "Our current cluster version is 1.33": against what code calls the version of clusters."""
    said = _CLUSTER.search(sentence)
    if not said or not _CURRENT.search(sentence):
        return
    value = next((v for v in values_in(sentence[said.start() :]) if v.kind == "version"), None)
    versions = [f for f in held.facts.variables if any(n in ("cluster_version", "kubernetes_version") for n in f.names)]
    if value:
        where = _line(line, sentence, said.start() + value.at)
        yield from held.against(where, value, "Kubernetes version", versions, held.environments(sentence), MARKED)


def _sized(held: Held, line: int, sentence: str) -> Iterator[Drift]:
    """ "Default cluster size is 21 nodes": against what code calls the number of nodes, by the environment where it is one of a
    map's keys; nothing where code has such a number of several things."""
    match = _SIZED.search(sentence)
    words = {*re.findall(r"[a-z0-9-]+", sentence.lower())}
    found = [fact for fact in held.facts.variables if match and len(fact.names) < 3 and _counts_nodes(fact)]
    found = [*held.concerning(found, line)]
    keyed = [fact for fact in found if len(fact.names) > 1 and fact.attribute in words] or found
    if match and len({fact.names[0] for fact in keyed}) == 1 and len({fact.path for fact in keyed}) == 1:
        value = Typed("number", int(match["number"]), match["number"], match.start("number"))
        about = ".".join(keyed[0].names)
        yield from held.against(_line(line, sentence, value.at), value, about, keyed, frozenset(), SPOKEN)


def _counts_nodes(fact: Fact) -> bool:
    named = stems(fact.names[0])
    return "node" in named and bool(named & _SIZES) and not named & _NO_SIZES and str(fact.value).isdigit()
