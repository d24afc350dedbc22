"""Which attribute of which Terraform block a question asks for, and what it comes to.

A block is known by its name, its type, what it is tagged and where it stands; an attribute by the words of its name, or by plain
words for it (`rag.answers.matters`). `rag.answers.evidence` takes the lines that a value comes through, `settled` says the value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag.answers.matters import Matter, asks_for_a_value, matters
from rag.answers.wording import EVERYDAY, stem
from rag.catalog.symbols import StoredSymbol
from rag.indexes.tokens import content_words, tokenise
from rag.records import ScoredPassage
from rag.terraform.environments import also_called, asked_for
from rag.terraform.lookup import TerraformLookup
from rag.terraform.values import EffectiveValue, TerraformValues

_FILES = 8  # of the first results whose blocks are looked at, all of them
_BLOCKS = 12  # blocks whose values are evaluated
_CONTEXTS = 60  # instances and callers of each
_MOST = 3  # values that stand equally near: of more the question speaks of none
_NEAR = 0.6  # share of the question's other words that say which block is meant
_NEARER = 0.8  # the same, for a block that was looked up beside what was found
_MISSING = 0.6  # what a word of an attribute's name takes off that the question lacks
_PLAIN = 0.3  # what a word of plain talk counts
_SAYS_NOTHING = frozenset(
    "enabled enable in at of the days seconds minutes hours period number gb is use default value".split()
)
_GENERIC = frozenset(
    {"enabled", "enable", "value", "type", "name", "size", "count", "status", "period"}
)  # the block above counts
_NOT_ASKED = frozenset(
    {"source", "name", "description", "type", "value", "for_each", "count", "id", "tags", "depends_on"}
)
_KINDS = ("resource", "module", "value", "local", "data", "variable")
# What a type is called where people speak of it.
_CALLED = {
    "db": "database rds", "rds": "database db", "sqs": "queue", "sns": "topic", "s3": "bucket", "eks": "kubernetes cluster k8s",
    "elasticache": "cache redis", "opensearch": "elasticsearch cluster", "elasticsearch": "opensearch cluster", "kms": "key",
    "route53": "dns record zone", "lb": "load balancer", "alb": "load balancer", "nlb": "load balancer",
    "ec2": "instance machine",
    "iam": "permission", "vpc": "network", "efs": "file system", "msk": "kafka", "ecr": "registry", "cloudwatch": "log logs",
    "lambda": "function", "container": "gke aks kubernetes", "dynamodb": "table", "mq": "broker", "acm": "certificate",
    "database": "db rds", "queue": "sqs", "bucket": "s3", "cluster": "eks kubernetes", "redis": "cache elasticache",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """An attribute that a question asks for, and what it comes to. `block` is what sets it."""

    block: StoredSymbol
    attribute: str
    value: EffectiveValue


def asked_values(question: str, results: Sequence[ScoredPassage], lookup: TerraformLookup) -> list[Asked]:
    """The values that the question asks for, of the files among the first results; none where it is not clear which is meant."""
    wanted = matters(question)
    if not asks_for_a_value(question, wanted):
        return []
    environment = asked_for(question, {one.name for one in lookup.environments})
    subject, values = _Subject(question, environment), TerraformValues(lookup, environment)
    found = _near(subject, values, _candidates(subject, wanted, _in_files(results, lookup)), _NEAR)
    if not found:
        stored = dict.fromkeys(text for matter in wanted for text in matter.stored)
        found = _near(subject, values, _candidates(subject, wanted, lookup.setting(stored)), _NEARER)
    return _nearest(found, subject.stems)


def _near(
    subject: _Subject, values: TerraformValues, candidates: Sequence[_Candidate], least: float
) -> list[tuple[float, float, Asked]]:
    """The values of the first candidates whose block and instance are near what is asked for: how near, how well named."""
    found: list[tuple[float, float, Asked]] = []
    for one in candidates[:_BLOCKS]:
        for value in values.of(one.block, one.attribute)[:_CONTEXTS]:
            near = subject.nearness(one, value)
            if near >= least:
                found.append((near, one.fit, Asked(one.block, one.attribute, value)))
    return found


def _nearest(found: Sequence[tuple[float, float, Asked]], stems: frozenset[str]) -> list[Asked]:
    """The values that stand nearest; where a block passes on what another is set to, that which it is of in the end."""
    best = max((near + fit for near, fit, _ in found), default=0.0)
    close = [one for near, fit, one in found if near + fit >= best - 0.01]
    once: dict[tuple[str, str], Asked] = {}
    for one in sorted(close, key=lambda o: _KINDS.index(o.block.symbol.kind)):
        once.setdefault((repr(one.value.value), "".join(one.value.calls) or one.block.id), one)
    named = [
        one for one in once.values() if set(_stems(one.block.symbol.name)) <= stems
    ]  # in full: the others are its like
    alike = len({repr(one.value.value) for one in once.values()}) == 1  # whichever is meant
    return (named or list(once.values()))[:_MOST] if alike or len(once) <= _MOST else []


# -- the attribute ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Candidate:
    """`fit` is how well the attribute's name says what is asked; `explained` are the question's words that it takes up."""

    block: StoredSymbol
    attribute: str
    fit: float
    explained: frozenset[str]


def _candidates(subject: _Subject, wanted: Sequence[Matter], blocks: Iterable[StoredSymbol]) -> list[_Candidate]:
    """The attributes of these blocks that are asked for, those first that say it best."""
    found: list[_Candidate] = []
    for block in blocks:
        if block.symbol.kind in _KINDS and not block.symbol.sensitive:
            fitting = [
                one for attribute in block.symbol.attributes if (one := _fit(block, attribute.path, subject, wanted))
            ]
            best = max((one.fit for one in fitting), default=0.0)
            found += [one for one in fitting if one.fit == best]
    return sorted(found, key=lambda one: -one.fit - subject.nearness(one))


def _in_files(results: Sequence[ScoredPassage], lookup: TerraformLookup) -> Iterator[StoredSymbol]:
    """All blocks of the first files among the results."""
    paths = dict.fromkeys(
        (one.document.source, one.document.path) for one in results if one.document.kind == "terraform"
    )
    for source, path in list(paths)[:_FILES]:
        yield from lookup.standing_in(source, path, 1, 10**9)


def _fit(block: StoredSymbol, path: str, subject: _Subject, wanted: Sequence[Matter]) -> _Candidate | None:
    own = block.symbol.kind in ("variable", "local", "value") and path in ("default", "value")
    name = block.symbol.name if own else path.rpartition(".")[2].partition("[")[0]
    if name in _NOT_ASKED or path.startswith("tags") or (block.symbol.kind == "variable" and not own):
        return None
    above = path.rpartition(".")[0].rpartition(".")[2].partition("[")[0]
    full = f"{above}_{name}" if name in _GENERIC and above else name
    named = frozenset(tokenise(full.replace("_", " ")).words)  # none of them says which thing is meant
    words = sorted(named - _SAYS_NOTHING)
    held = {word for word in words if stem(word) in subject.stems}
    for matter in wanted:
        if matter.named.search(full):
            lacking = [
                word
                for word in words
                if word not in held and not matter.named.search(word) and word not in matter.spoken
            ]
            fit = 1 + 0.5 * len(held - matter.spoken) - _MISSING * len(lacking)
            return _Candidate(block, path, fit, named | matter.spoken) if fit > 0 else None
    if len(words) > 1 and len(held) == len(words):
        return _Candidate(block, path, 0.5 * len(held), named)
    return None


# -- the block --------------------------------------------------------------------------------------------------------


class _Subject:
    """The words of a question that may say of which thing it asks."""

    def __init__(self, question: str, environment: str) -> None:
        words = content_words(question)
        self.stems = frozenset(stem(word) for word in tokenise(question).words)
        spoken = also_called({environment}) if environment else set()
        self._words = {w: _PLAIN if w in EVERYDAY else 1.0 for w in words if w not in spoken}

    def nearness(self, candidate: _Candidate, value: EffectiveValue | None = None) -> float:
        """The share of those words that the block, and the instance that the value is of, are known by: 0 where its name has
        none of them."""
        explained = {stem(word) for word in candidate.explained}
        rest = {word: worth for word, worth in self._words.items() if stem(word) not in explained}
        if not rest:
            return 0.0
        known = _known_by(candidate.block, value)
        gained = {word: worth * known.get(stem(word), 0.0) for word, worth in rest.items()}
        return sum(gained.values()) / sum(rest.values()) if max(gained.values()) >= _PLAIN else 0.0


def _known_by(block: StoredSymbol, value: EffectiveValue | None) -> Mapping[str, float]:
    """The stems by which a block is known, each with what it counts: its own names most, where it stands least."""
    symbol = block.symbol
    calls = value.calls if value else ()
    names = [symbol.name, value.instance if value else "", *calls]
    for attribute in symbol.attributes:
        last = attribute.path.rpartition(".")[2].lower()
        if attribute.expression[0] == "lit" and (
            last.endswith(("name", "identifier", "alias", "prefix", "engine")) or "tags" in attribute.path
        ):
            names.append(str(attribute.expression[1]))
    types = [word for text in (symbol.type, *calls) for word in _stems(text)]
    called = [other for word in types for other in _stems(_CALLED.get(word, ""))]
    known = dict.fromkeys(_stems(f"{block.source} {block.path}"), 0.7)
    known.update(dict.fromkeys((*types, *called), 0.9))
    known.update(dict.fromkeys(_stems(" ".join(names)), 1.0))
    return known


def _stems(text: str) -> list[str]:
    return [stem(word) for word in tokenise(text.replace("_", " ")).words]
