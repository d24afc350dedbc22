"""Of which thing a question asks, and which setting of a block of Terraform: how well words and names fit.

A block is known by its name, its type, what it is tagged and where it stands; names are also written short (`mon_ng` for the
monitoring node group). `asked` calls this.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rag.answers.judging.products import PRODUCTS
from rag.answers.judging.wording import EVERYDAY, stem
from rag.answers.values.matters import Matter
from rag.answers.values.stores import CALLED, is_unnamed, telling
from rag.catalog.symbols import StoredSymbol
from rag.indexes.tokens import content_words, tokenise
from rag.terraform.records import SymbolAttribute
from rag.terraform.values import EffectiveValue

WRITTEN = re.compile(r"\b[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\b")  # a name as code has it
_MISSING = 0.6  # what a word of a setting's name takes off that the question lacks
_PLAIN = 0.3  # what a word of plain talk counts
_SHORT = 3  # letters from which on a name's word may be a longer word's beginning
_SHORTENED = 0.8  # what that counts
_IN_FULL = 3  # words of a setting's name from which on a question that has them all names it
_LONGEST = 6  # words of a name that is looked for as neighbouring words of the question
_SPARE, _MOST_SPARE = 0.05, 0.2  # what each word of a block's name takes off that the question lacks, and all of them
_SAYS_NOTHING = frozenset(
    "enabled enable in at of the days seconds minutes hours period number gb is use default value".split()
)
_GENERIC = frozenset(
    {"enabled", "enable", "value", "type", "name", "size", "count", "status", "period"}
)  # the block above counts
_NOT_ASKED = frozenset(
    {"source", "name", "description", "type", "value", "for_each", "count", "id", "tags", "depends_on"}
)
_KUBERNETES = frozenset("eks gke aks kubernetes k8s kops cluster clusters".split())
# What an environment is called by: "the test cluster", "in the dev account".
_DESIGNATING = frozenset("cluster clusters environment environments env account subscription workspace project".split())
_NODES = frozenset("node nodes nodegroup nodegroups nodepool ng worker workers".split())
# What begins the names of many things (Logit, OpenVPN, CloudFront), and is written short for none of them.
_WHOLE_WORDS = frozenset(
    "alert app apps auth cert cloud data event events fast graph key load log logs mail main net open page post red set sign "
    "web".split()
)
# Products that are no clouds, hosts of code or engines: a setting that is asked of one stands in a block that says so.
_NAMED = PRODUCTS - frozenset(
    "azure hashicorp terragrunt gke aks github gitlab bitbucket slack postgres postgresql mysql mariadb mssql oracle elastic "
    "redis memcached kafka".split()
)


@dataclass(frozen=True)
class Candidate:
    """A setting `told` of a block that may be asked for by a `matter` ("": by its whole name). `fit` is how well its name says
    what is asked; `explained` are the question's words that it takes up; `least` how near the block must be."""

    block: StoredSymbol
    told: SymbolAttribute
    fit: float
    explained: frozenset[str]
    matter: str
    least: float

    @property
    def attribute(self) -> str:
        """The setting's name as it is told; "" for what a block is itself."""
        kind, path = self.block.symbol.kind, self.told.path
        own = kind in ("local", "variable", "value") and path in ("value", "default")
        return "" if own else path.removeprefix("value.") if kind == "value" else path

    @property
    def setting(self) -> str:
        """The setting's own name, without what it stands in."""
        return self.told.path.rpartition(".")[2] if self.attribute else self.block.symbol.name


class Subject:
    """The words of a question that may say of which thing it asks; those that name an environment (`elsewhere`) don't. `written`
    are names in it as code has them, `spoken` what may be some, said in words."""

    def __init__(self, question: str, elsewhere: Collection[str] = ()) -> None:
        said = tokenise(question).words
        self.written = tuple(dict.fromkeys(WRITTEN.findall(question)))
        self.spoken = tuple(dict.fromkeys(_joined_words(said)))
        self.stems = frozenset(map(stem, said))
        joined = [(pair, stem("".join(pair))) for pair in pairwise(said)]  # Amazon MQ is `amazonmq` in names
        self._joined = {word: [whole for pair, whole in joined if word in pair] for word in said}
        self._telling = telling(said)
        left_out = {stem(word) for word in elsewhere}
        words = [word for word in content_words(question) if stem(word) not in left_out]
        words = [word for word in words if not _joined(word, words)]  # OpenSearch is one word
        self._words = {word: _PLAIN if word in EVERYDAY else 1.0 for word in words}
        behind = {after for before, after in pairwise(said) if stem(before) in left_out}
        self._designating = behind & _DESIGNATING
        self._known: dict[str, Mapping[str, float]] = {}

    # -- the setting --------------------------------------------------------------------------------------------------

    def fit(
        self, block: StoredSymbol, told: SymbolAttribute, wanted: Sequence[Matter], least: float
    ) -> Iterator[Candidate]:
        """The setting for each matter that it is about."""
        symbol, path = block.symbol, told.path
        own = symbol.kind in ("variable", "local", "value") and path in ("default", "value")
        if path.startswith(("tags", "labels")) or (symbol.kind == "variable" and not own):
            return
        above, _, name = path.rpartition(".")
        name = symbol.name if own else name.partition("[")[0]
        above = above.rpartition(".")[2].partition("[")[0] or ("" if own or symbol.kind != "local" else symbol.name)
        if name in _NOT_ASKED and not (symbol.kind == "local" or "." in path):
            return
        if symbol.kind == "module" and path == "version" and "module" not in self.stems:
            return  # that of the module's code, not of what it makes
        full = f"{above}_{name}" if name in _GENERIC and above else name
        found = False
        spoken = frozenset(word for matter in wanted for word in matter.spoken)
        for matter in wanted:
            for one in dict.fromkeys((full, above)):  # `log_retention_days = { payments = 731 }`
                if one and matter.named.search(one):
                    fit, named = self._fit_of(one, matter, block)
                    if fit > 0:
                        found = True
                        yield Candidate(block, told, fit, named | spoken, matter.named.pattern, least)
                    break
        named = frozenset(_words(full))
        words = named - _SAYS_NOTHING
        if not found and len(words) > 1 and all(stem(word) in self.stems for word in words):
            yield Candidate(block, told, 0.5 * len(words), named, "", least)

    def _fit_of(self, name: str, matter: Matter, block: StoredSymbol) -> tuple[float, frozenset[str]]:
        named = frozenset(_words(name))  # none of them says which thing is meant
        words = sorted(named - _SAYS_NOTHING)
        held = {word for word in words if stem(word) in self.stems or self._begins(word)}
        also = self._of_block(block)
        said = matter.named.search(name)
        asked = {*matter.spoken, *(_words(said[0]) if said else ())}
        lacking = [word for word in words if word not in held | asked and also.get(stem(word), 0.0) < 0.9]
        return 1 + 0.5 * len(held - matter.spoken) - _MISSING * len(lacking), named

    def _begins(self, word: str) -> bool:
        return len(word) >= _SHORT and any(own.startswith(word) for own in self._words)

    # -- the block ----------------------------------------------------------------------------------------------------

    def nearness(self, candidate: Candidate, value: EffectiveValue | None = None) -> float:
        """The share of the question's words that the block, and the instance that the value is of, are known by: 0 where its
        name has none of them."""
        explained = {stem(word) for word in candidate.explained}
        explained |= {stem(own) for own in self._words for word in candidate.explained if self._short_for(word, own)}
        rest = {word: worth for word, worth in self._words.items() if stem(word) not in explained}
        if self._is_spelt_out(candidate.setting):
            rest = {word: worth for word, worth in rest.items() if word not in self._designating}
        if not rest:
            own = {stem(word) for word in _words(candidate.block.symbol.name)}
            if candidate.block.symbol.name in self.written:
                return 1.0
            return 1.0 if own & self.stems and not self._is_a_store_unnamed(candidate.block, {}) else 0.0
        known = {**self._of_block(candidate.block)}
        known.update(dict.fromkeys(_stems(candidate.told.path), 1.0))
        if value and (value.instance or value.calls):
            known.update(_called(" ".join(value.calls), 0.9))
            known.update(dict.fromkeys(_stems(" ".join((value.instance, *value.calls))), 1.0))
        gained = {word: worth * self._holds(word, known) for word, worth in rest.items()}
        if not all(gained[word] for word in rest if word in _NAMED):
            return 0.0  # it is asked of another product's
        if self._is_a_store_unnamed(candidate.block, gained):
            return 0.0
        return sum(gained.values()) / sum(rest.values()) if max(gained.values()) >= _PLAIN else 0.0

    def _holds(self, word: str, known: Mapping[str, float]) -> float:
        """How well a word is known, by itself or as one with its neighbour."""
        return max(self._held(word, known), *(known.get(whole, 0.0) for whole in self._joined.get(word, ())), 0.0)

    def _held(self, word: str, known: Mapping[str, float]) -> float:
        own = known.get(stem(word), 0.0)
        if own or len(word) <= _SHORT:
            return own
        return max((_SHORTENED * worth for name, worth in known.items() if self._short_for(name, word)), default=0.0)

    def _short_for(self, name: str, word: str) -> bool:
        """Whether a name's word is another written short; not where the question has it for what it says itself."""
        if name in _WHOLE_WORDS or stem(name) in self.stems:
            return False
        return len(name) >= _SHORT and name != word and word.startswith(name)

    def _is_a_store_unnamed(self, block: StoredSymbol, gained: Mapping[str, float]) -> bool:
        """Whether all that a question has of a store's block is that it asks for "the cluster": it never speaks of that store."""
        symbol = block.symbol
        kind = set(_stems(symbol.type))  # that it is a log group says of no store
        own = {word for word, gain in gained.items() if gain >= _PLAIN and stem(word) not in kind}
        return is_unnamed(_words(f"{symbol.type} {symbol.name} {block.path}"), self._telling, own)

    def spare(self, candidate: Candidate, value: EffectiveValue) -> float:
        """What a block's name says besides takes off: a validator of the controllers is not the controllers."""
        explained = {stem(word) for word in candidate.explained}
        words = [word for word in _words(candidate.block.symbol.name) if word.isalpha() and len(word) > 1]
        besides = [
            w for w in words if stem(w) not in self.stems | explained and not self._begins(w) and w not in CALLED
        ]
        return min(_SPARE * len(besides), _MOST_SPARE)

    def named_in_full(self, block: StoredSymbol) -> bool:
        """Whether the question has all words of a block's name."""
        return set(_stems(block.symbol.name)) <= self.stems

    def _is_spelt_out(self, setting: str) -> bool:
        """Whether the question has all words of a setting's name, and they are so many that they name nothing else."""
        words = {stem(word) for word in _words(setting)}
        return len(words) >= _IN_FULL and words <= self.stems

    def _of_block(self, block: StoredSymbol) -> Mapping[str, float]:
        if block.id not in self._known:
            self._known[block.id] = _known_by(block)
        return self._known[block.id]


def _known_by(block: StoredSymbol) -> dict[str, float]:
    """The stems by which a block is known, each with what it counts: its own names most, where it stands least."""
    symbol = block.symbol
    names = [symbol.name]
    for attribute in symbol.attributes:
        last = attribute.path.rpartition(".")[2].lower()
        if attribute.expression[0] == "lit" and (
            last.endswith(("name", "identifier", "alias", "prefix", "engine")) or "tags" in attribute.path
        ):
            names.append(str(attribute.expression[1]))
    known = _called(f"{block.source} {block.path}", 0.7)
    if _NODES.intersection(_words(symbol.name)) and _KUBERNETES.intersection(_words(posixpath.basename(block.folder))):
        known[stem("cluster")] = 0.9  # its nodes, set where the cluster is made
    known.update(_called(f"{symbol.type} {symbol.name}", 0.9))
    known.update(dict.fromkeys(_stems(symbol.type), 0.9))
    known.update(dict.fromkeys(_stems(" ".join(names)), 1.0))
    return known


def _called(text: str, worth: float) -> dict[str, float]:
    """The words of a text, and what they are called besides."""
    words = [stem(word) for word in _words(text)]
    others = [other for word in words for other in _stems(CALLED.get(word, ""))]
    return dict.fromkeys((*others, *words), worth)


def _joined_words(said: Sequence[str]) -> Iterator[str]:
    """Neighbouring words as they would be one name."""
    for length in range(_IN_FULL, _LONGEST + 1):
        yield from ("_".join(said[at : at + length]) for at in range(len(said) - length + 1))


def _joined(word: str, words: Collection[str]) -> bool:
    """Whether a word stands in another, the rest of which is a word of these too."""
    rests = ((one, one.removeprefix(word), one.removesuffix(word)) for one in words)
    return any(rest != one and rest in words for one, *both in rests for rest in both)


@lru_cache(20_000)  # names of settings and blocks, the same for every question
def _words(text: str) -> tuple[str, ...]:
    return tokenise(text.replace("_", " ")).words


@lru_cache(20_000)
def _stems(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in _words(text))
