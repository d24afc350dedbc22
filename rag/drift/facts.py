"""What code says, as facts that a document can be held against: a path of names, the last one the attribute's, and a value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from rag.catalog.symbols import StoredSymbol
from rag.environments import CANONICAL
from rag.terraform.records import Expression

_TRIALS = frozenset(
    "tests fixtures fixture testdata test-fixtures test_fixtures examples example e2e samples sample demos templates".split()
)
_TOKEN = re.compile(r"[a-z]+|\d+")
_SWITCH = frozenset(("enabled", "enable", "status", "day"))  # what says nothing without its block's name
_VALUES = ("value", "variable", "local")
_PARTED = "aws_s3_bucket"  # what has settings in resources of their own, that name it as their `bucket`
_Owner = tuple[str, str, tuple[str, ...]]
_UNTOLD = frozenset(
    "instance class node machine size type types second minute hour day week month in period limit gb gib mb mib".split()
)
_KINDS = frozenset(  # what settings are called whatever they are set of
    "db database rds backup retention storage allocated max min cache cluster log bucket timeout visibility message receive "
    "wait delay transition expire expiration delete deletion window key memory volume disk group root engine version default "
    "ttl idle request connection snapshot queue desired count".split()
)
_PROVIDERS = ("aws", "google", "azurerm")  # last in the registry's addresses
_REVISION = re.compile(r"[?]ref=.*$")
_WORD = re.compile(r"[a-z0-9]{3,}")
_IDENTITY = re.compile(
    r"^(name|bucket|identifier)$|_identifier$|^node_group_name$|^(?!cluster_|parameter_|subnet_|option_).*(?<!group)_name$"
)


@dataclass(frozen=True)
class Fact:
    """`names` lead to the value: (node_groups, general, max_size), (aws_db_instance, main, instance_class)."""

    names: tuple[str, ...]
    value: Any
    line: int
    path: str
    symbol: StoredSymbol

    @property
    def attribute(self) -> str:
        return self.names[-1]

    @cached_property
    def tokens(self) -> frozenset[str]:
        """The stems of the attribute's name."""
        return stems(self.attribute)

    @cached_property
    def named(self) -> frozenset[str]:
        """The stems of what says which value it is: of the map's name, where each of its keys has one; `versioning` of what is
        `enabled` in its block."""
        if len(self.names) == 2 and self.symbol.symbol.kind in _VALUES:
            return stems(self.names[0])
        return self.tokens if self.tokens - _SWITCH or len(self.names) < 4 else stems(self.names[-2]) | self.tokens

    @cached_property
    def owner(self) -> _Owner:
        """The source, the folder and the names of the resource that it is set of: of the bucket whose lifecycle it is."""
        own, names = self.symbol.symbol, self.names[:2]
        whole = own.attribute("bucket") if own.type.startswith(f"{_PARTED}_") else None
        match whole.expression if whole else None:
            case ["ref", [kind, str(label), *_]] if kind == _PARTED:
                names = (kind, label)
        return self.symbol.source, self.symbol.folder, names

    @cached_property
    def naming(self) -> frozenset[str]:
        """The stems of an attribute's name but for what values say of themselves: {order, database} of
        `orders_database_instance_class`."""
        return self.tokens - _UNTOLD

    def is_of(self, environment: str) -> bool:
        """Whether it stands in this environment's folder or file, or under its name."""
        return environment in self._where or CANONICAL.get(environment) in self._where

    @cached_property
    def _where(self) -> frozenset[str]:
        """The folders and the file that it stands in and its names; of each environment among them the usual name too."""
        path = PurePosixPath(self.path)
        names = frozenset((*path.parts[:-1], path.name.split(".")[0], *self.names))
        return names | {CANONICAL[name] for name in names if name in CANONICAL}


def stems(text: str) -> frozenset[str]:
    """Words of a name or heading, plural s taken off."""
    return frozenset(w if len(w) < 4 else w.removesuffix("s") for w in _TOKEN.findall(text.lower()))


class Facts:
    """All facts of some symbols, by each name on their way."""

    def __init__(self, symbols: Iterable[StoredSymbol]) -> None:
        self.symbols = list(symbols)
        self.all = [fact for symbol in self.symbols if not is_trial(symbol.path) for fact in _facts(symbol)]
        self.by_name: dict[str, list[Fact]] = {}
        for fact in self.all:
            for name in set(fact.names):
                self.by_name.setdefault(name, []).append(fact)

        self.by_label: dict[str, dict[tuple[str, ...], list[Fact]]] = {}  # of a word of a label: (type, label), facts
        self.called: dict[str, list[Fact]] = {}
        self.parts: dict[_Owner, list[Fact]] = {}
        for fact in self.all:
            if fact.owner[2] != fact.names[:2]:
                self.parts.setdefault(fact.owner, []).append(fact)
        owned: dict[tuple[int, tuple[str, ...]], list[Fact]] = {}
        for fact in self.all:
            if len(fact.names) > 2 and fact.symbol.symbol.kind != "data":
                owned.setdefault((id(fact.symbol), fact.names[:2]), []).append(fact)
                for word in dict.fromkeys((fact.names[1].lower(), *_WORD.findall(fact.names[1].lower()))):
                    self.by_label.setdefault(word, {}).setdefault(fact.names[:2], []).append(fact)
        for held in owned.values():
            for fact in held:
                if len(fact.names) == 3 and _IDENTITY.search(fact.attribute) and isinstance(fact.value, str):
                    self.called.setdefault(fact.value, []).extend((*held, *self.parts.get(fact.owner, ())))

    @cached_property
    def kinds(self) -> dict[str, str]:
        """What modules are of, by their labels, as types are called: by the last name of where they come from, and their own."""
        sources = {f.names[1]: str(f.value) for f in self.all if f.names[0] == "module" and f.names[2:] == ("source",)}
        return {label: _kind_of(source, label) for label, source in sources.items()}

    @cached_property
    def variables(self) -> list[Fact]:
        return [fact for fact in self.all if fact.symbol.symbol.kind in _VALUES]

    @cached_property
    def worded(self) -> list[Fact]:
        """What the names of variables, arguments of modules and entries tell by themselves: of two words, or three where they
        are the arguments of something else. What a module gives when it isn't told is anybody's."""
        ours = [fact for fact in self.all if fact.symbol.symbol.kind in (*_VALUES, "module")]
        stated = [f for f in ours if "modules" not in PurePosixPath(f.path).parts and f.naming - _KINDS]
        return [f for f in stated if len(f.naming) >= (2 if len(f.names) == 1 else 3)]

    @cached_property
    def placed(self) -> list[Fact]:
        """Values that code may have once for each environment: variables and locals, maps of them, arguments of modules."""
        arguments = [fact for fact in self.all if fact.names[0] == "module" and len(fact.names) == 3]
        return [*(fact for fact in self.variables if len(fact.names) < 3), *arguments]

    @cached_property
    def keys(self) -> frozenset[str]:
        """What maps of values are kept by: environments among them."""
        return frozenset(fact.attribute for fact in self.variables if len(fact.names) == 2) - {"default"}

    @cached_property
    def addresses(self) -> frozenset[str]:
        return frozenset(symbol.symbol.address for symbol in self.symbols if symbol.symbol.kind != "value")

    @cached_property
    def environments(self) -> frozenset[str]:
        """Names of folders that code stands in, and of its .tfvars files."""
        parts = {part for symbol in self.symbols for part in PurePosixPath(symbol.path).parts[:-1]}
        files = {PurePosixPath(s.path).name.split(".")[0] for s in self.symbols if s.symbol.kind == "value"}
        return frozenset(parts | files)


def _kind_of(source: str, label: str) -> str:
    parts = [part for part in _REVISION.sub("", source).removesuffix(".git").split("/") if part not in _PROVIDERS]
    said = re.sub(r"\W+", "_", f"{parts[-1] if parts else ''} {label}".lower())
    return f"{said} database" if re.search(r"(?:^|_)(?:db|rds|aurora|postgres\w*|mysql|mariadb)(?:_|$)", said) else said


def is_trial(path: str) -> bool:
    """Whether code stands where tests, their fixtures or examples do: it says nothing of what runs."""
    parts = [part.lower() for part in PurePosixPath(path).parts[:-1]]
    return parts[:1] == ["test"] or any(part.strip("._") in _TRIALS for part in parts)


def _facts(symbol: StoredSymbol) -> Iterator[Fact]:
    own = symbol.symbol
    before = {"resource": (own.type, own.name), "data": (own.type, own.name), "module": ("module", own.name)}.get(
        own.kind
    )
    for attribute in own.attributes:
        names = (*before, *attribute.path.split(".")) if before else (own.name,)
        if not before and attribute.path not in ("default", "value"):
            continue
        for rest, value, line in _leaves(attribute.expression, attribute.start):
            yield Fact((*names, *rest), value, line, attribute.file or symbol.path, symbol)


def _leaves(expression: Expression, line: int) -> Iterator[tuple[tuple[str, ...], Any, int]]:
    """Literals, and lists of them, within an expression."""
    match expression:
        case ["lit", value] if value is not None:
            yield (), value, line
        case ["list", items] if items and all(item[0] == "lit" for item in items):
            yield (), [item[1] for item in items], line
        case ["obj", entries]:
            for key, value, at in entries:
                if key[0] == "lit":
                    yield from (((str(key[1]), *rest), told, where) for rest, told, where in _leaves(value, at))
        case ["call", "tomap" | "merge", arguments, _]:
            for argument in arguments:
                yield from _leaves(argument, line)
