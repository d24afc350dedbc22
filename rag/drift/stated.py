"""What a sentence says of a thing's attributes: each value that it states, with the attributes that may set it.

An attribute is meant where its name's words, or others for them ("kept" of a retention), stand in the sentence, or where the
value is of a kind that can be nothing else (an instance type). `rag.drift.prose` asks `stated`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rag.drift.facts import Fact, stems
from rag.drift.typed import NUMBERS, Typed, agrees, is_on, values_in

_SAID_AS = tuple(
    (re.compile(rf"\b(?:{said})\b", re.I), frozenset(means.split()))
    for said, means in (
        (r"kept?|keeps|retain\w*|retention|stored|holds?", "retention expire expiration"),
        (
            r"backups(?: for)?:? (?:\w+ )?(?:day|week|month|year)s?|(?:day|week|month|year)s?[’']? (?:of )?backups?",
            "retention",
        ),
        (r"expir\w+|delet\w+|remov\w+|lifecycle", "expire expiration expiry delete deletion"),
        (r"time[ -]?outs?|times out|timed out|killed", "timeout"),
        (r"invisible|hidden", "visibility timeout"),
        (r"back(?:ed)?[ -]?ups?", "backup snapshot"),
        (r"encrypt\w+", "encryption encrypted"),
        (r"transit", "transit"),
        (r"rotat\w+", "rotation"),
        (r"fail(?:s|ed|ing)?[ -]?over", "failover"),
        (r"(?:multi|single)-?(?:az|zone)", "multi az"),
        (r"(?:mov|transition|archiv|tier)\w*|glacier|infrequent access|cold storage", "transition"),
        (r"databases?|rds", "db rds database"),
        (r"public(?:ly)?|internet", "publicly public"),
        (r"accessible|reachable|access", "accessible access"),
        (r"versioned", "versioning"),
        (r"protected (?:from|against) deletion", "deletion protection"),
        (r"vers\w+|kubernetes|k8s|eks", "version kubernetes engine cluster"),
        (r"python|node\.?js|java|ruby|go|\.net", "runtime"),
        (r"memory|ram", "memory size"),
        (r"storage|disks?|volumes?", "storage volume disk size allocated"),
    )
)
_GLUE = frozenset(  # of names of attributes: what says nothing of which one it is
    "second minute hour day week month in after period limit enable enabled is automatic storage at rest id type status "
    "configuration".split()
)
_COUNTED = re.compile(
    rf"\b(?P<number>\d+|{'|'.join(NUMBERS)}) (?:[a-z]+ )?(?:nodes?|replicas?|tasks?|instances|shards?|pods?)\b", re.I
)
_COUNTS = frozenset("desired node replica count shard cluster capacity".split())
_BOUND = re.compile(
    r"\b(?P<bound>up to|at most|no more than|(?:a )?maximum of|at least|(?:a )?minimum of) (?P<number>\d+) "
    r"(?:nodes?|replicas?|tasks?|instances)\b", re.I,
)  # fmt: skip
_SCALES = re.compile(r"\b(?:scal(?:es?|ed|ing)|grows?|shrinks?|between|has|have|runs?)\b", re.I)
_PORT = re.compile(r"\bports? (?:is |of |number )?`?(?P<number>\d{2,5})\b", re.I)
_OTHER_PORT = re.compile(r"\b(?:laptop|local\w*|forward\w*|client\w*|sidecar|tunnel|proxy|bastion|exporter)\b", re.I)
_SET = re.compile(r"`?\b([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`?\s*(?:=|:|is|of)\s*[\"`]?(\w[\w./-]*)")
_RANGE = re.compile(r"\d ?(?:to|-|–|and) ?$")
_UNSURE = re.compile(
    r"\b(unlike|except|should|could|may|might|must|about|around|roughly|for instance|will|planned|other than|than|want|wants|"
    r"plans?|going to|move|moves|moving|migrat\w+|create|creates|creating|new|would|longer|alert\w*|fires?|"
    r"need|needs|recommend\w*|raise|lower|increase|reduce|change|choose|restor\w+|read replicas?|replicas? of|"
    r"cop(?:y|ies)|clones?|dumps?|dead-letter|free|charts?)\b|\?", re.I,
)  # fmt: skip
_BOUNDED = re.compile(r"\b(at least|at most|up to|between|less than|more than|older)\b", re.I)
_NOT = re.compile(r"\b(?:not|never)\b", re.I)
_ARCHIVED = re.compile(
    r"\bmov(?:e|es|ed) (?:\w+ ){0,2}?(?:in)?to (?:s3 )?(?=glacier|deep archive|infrequent|standard-ia|cold)", re.I
)
_CLAUSE = re.compile(
    r"[;,]\s+|\s(?:so|but|and|because|which|while)\s|:\s+(?!(?:on|off|yes|no|true|false|enabled|disabled)\b)", re.I
)
_DENIES = re.compile(r"\b(?:single-?(?:az|zone)|off|disabled|not|no|without|false|never)\b|n['’]t\b", re.I)
_TELLS = re.compile(
    r"\b(?:is|are|has|have|stays?|remains?)\b|: (?:on|off|yes|no|true|false|enabled|disabled)\b|n['’]t\b", re.I
)
_NO_CLAIM = re.compile(
    r"\b(if|when|whether|unless|must|should|needs?|ensure|sure|check|verify|once|until|before|after|please|can|will|to|than|only|"
    r"because|cannot|can['’]t|don['’]t|exempt|other|others|some|most|want|wants|planned|going|would|new|unlike|"
    r"except)\b|\?", re.I,
)  # fmt: skip
_ANOTHER = re.compile(
    r"\b(?:modules?|charts?|providers?|clients?|plugins?|add-?ons?|drivers?|agents?|sdk|cli|images?)\b", re.I
)
_PRODUCT = re.compile(r"([a-z][\w.+-]*)(?: version| v)? ?$", re.I)
_NO_PRODUCT = frozenset("on is version uses runs engine at a an the of to".split())
_SOFTWARE = frozenset(
    "kubernetes k8s eks aks gke redis valkey memcached postgresql postgres mysql mariadb aurora".split()
)


def stated(sentence: str, things: Sequence[Fact]) -> Iterator[tuple[Typed, list[Fact]]]:
    """(value, facts that may set it) of what a sentence says of things; nothing of what it is not sure of."""
    if things and not sentence.rstrip().endswith("?"):
        yield from _states(sentence, things)
    if not things or _UNSURE.search(_ARCHIVED.sub("", sentence)):
        return
    yield from _bounds(sentence, things)
    if _BOUNDED.search(sentence):
        return
    for value, about in (*_set(sentence, things), *_values(sentence, things), *_counts(sentence, things)):
        if not _NOT.search(_clause_of(sentence, value.at)):
            yield value, about


def meant(sentence: str) -> frozenset[str]:
    """The words that attributes' names may have which a sentence has, in its own words or in others for them."""
    said: frozenset[str] = stems(sentence)
    return said.union(*(means for pattern, means in _SAID_AS if pattern.search(sentence)))


def named_by(fact: Fact, words: frozenset[str]) -> bool:
    """Whether all that an attribute's name says is among the words."""
    own = fact.named - _GLUE or fact.named
    return own <= words


def says(fact: Fact, words: frozenset[str]) -> bool:
    """Whether a sentence's words hold all of a name that tells by itself which value it is of what."""
    return fact.naming <= words


def code_agrees(attribute: str, value: str, kind: str, stated: object, sentence: str) -> bool | None:
    """Whether what code sets under a name is what a sentence states of it; None where the sentence speaks of something else."""
    own = stems(attribute) - _GLUE
    if not own or not own <= meant(sentence) | {kind}:
        return None
    return agrees(Typed("number" if kind == "port" else kind.split(maxsplit=1)[0], stated, "", 0), value, attribute)


def _values(sentence: str, things: Sequence[Fact]) -> Iterator[tuple[Typed, list[Fact]]]:
    """Values whose kind tells what they are; an attribute that another value of the sentence agrees with is that one's."""
    words = meant(sentence)
    said = [one for one in values_in(sentence) if not _RANGE.search(sentence[: one.at])]
    for value in said:
        others = [one for one in said if one is not value]
        about = [
            fact
            for fact in things
            if _may_be(value, fact, words)
            and agrees(value, fact.value, fact.attribute) is not None
            and not any(agrees(one, fact.value, fact.attribute) for one in others)
        ]
        if about and (value.kind != "version" or _is_its_version(sentence[: value.at], about[0], things)):
            yield value, about


def _clause_of(sentence: str, at: int) -> str:
    """The clause of a sentence that stands at a place."""
    ends = [0, *(match.end() for match in _CLAUSE.finditer(sentence)), len(sentence)]
    return next((sentence[start:end] for start, end in pairwise(ends) if start <= at < end), sentence)


def _may_be(value: Typed, fact: Fact, words: frozenset[str]) -> bool:
    match value.kind:
        case "instance" | "cidr":
            return True
        case "runtime":
            return "runtime" in fact.named
        case "version":
            return bool(fact.named & {"version", "runtime"}) and named_by(fact, words | {"engine", "version"})
        case "duration" | "size":
            return named_by(fact, words)
    return False


def _is_its_version(before: str, fact: Fact, things: Sequence[Fact]) -> bool:
    """Whether a version is that of the thing itself: nothing stands before it, or what the thing is an instance of."""
    if _ANOTHER.search(before):
        return False
    match = _PRODUCT.search(before)
    product = match[1].lower() if match else ""
    if not product or product in _NO_PRODUCT:
        return "runtime" not in fact.named
    if "runtime" in fact.named:
        return str(fact.value).lower().startswith(product)
    engines = " ".join(str(one.value).lower() for one in things if one.attribute == "engine")
    kinds = {*re.split(r"[-_]", fact.names[0]), *re.split(r"[-_]", fact.names[1])} if len(fact.names) > 1 else set()
    return product in kinds or (product[:4] in engines if engines else product in _SOFTWARE)


def _counts(sentence: str, things: Sequence[Fact]) -> Iterator[tuple[Typed, list[Fact]]]:
    """Ports, and numbers of nodes and the like."""
    for match in _PORT.finditer(sentence):
        if not _OTHER_PORT.search(sentence):
            yield _number(match), [fact for fact in things if fact.attribute == "port" and len(fact.names) == 3]
    for match in _COUNTED.finditer(sentence):
        if not _RANGE.search(sentence[: match.start()]):
            about = [f for f in things if f.named & _COUNTS and f.named.isdisjoint(("min", "max", "name"))]
            yield _number(match), about


def _bounds(sentence: str, things: Sequence[Fact]) -> Iterator[tuple[Typed, list[Fact]]]:
    """ "Scales up to 20 nodes": what the largest number is set to, or the smallest."""
    for match in _BOUND.finditer(sentence):
        bound = "min" if re.search(r"least|minimum", match["bound"], re.I) else "max"
        if _SCALES.search(sentence):
            sized = frozenset("size count capacity replica node".split())
            yield _number(match), [fact for fact in things if bound in fact.named and fact.named & sized]


def _number(match: re.Match[str]) -> Typed:
    number = match["number"].lower()
    return Typed("number", NUMBERS[number] if number in NUMBERS else int(number), match[0], match.start())


def _set(sentence: str, things: Sequence[Fact]) -> Iterator[tuple[Typed, list[Fact]]]:
    """`attribute = value` as code writes it, of a thing that the sentence names."""
    for match in _SET.finditer(sentence):
        about = [fact for fact in things if fact.attribute == match[1]]
        said = match[2].rstrip(".")
        value = next(iter(values_in(said)), None)
        if said in ("true", "false"):
            yield Typed("state", said == "true", said, match.start(2)), about
        elif value and value.text == said:
            yield Typed(value.kind, value.value, value.text, match.start(2)), about


def _states(sentence: str, things: Sequence[Fact]) -> Iterator[tuple[Typed, list[Fact]]]:
    """What is said to be on or off, in the clause that names it."""
    switches = [fact for fact in things if is_on(str(fact.value)) is not None]
    at = 0
    for clause in _CLAUSE.split(sentence) if switches else ():
        at = sentence.index(clause, at)
        words, denials = meant(clause), len(_DENIES.findall(clause))
        if _NO_CLAIM.search(clause) or not _TELLS.search(clause) or denials > 1:
            continue
        about = [fact for fact in switches if fact.named - _GLUE and named_by(fact, words)]
        closest = max((len(fact.named - _GLUE) for fact in about), default=0)
        yield (
            Typed("state", not denials, clause.strip(" .*-"), at),
            [f for f in about if len(f.named - _GLUE) == closest],
        )
