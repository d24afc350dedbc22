"""Whose a value is: the environments that a question names, those in which a folder or block stands, and what a setting comes to
in each.

`rag.answers.values.asked` calls this. An environment of the code is known by its folders, .tfvars files and workspaces
(`rag.terraform.environments`); a folder's name may speak of one besides (`accounts/acme-ephemeral-test`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from rag.catalog.symbols import StoredSymbol
from rag.environments import CANONICAL, canonical
from rag.terraform.entries import FALLBACK
from rag.terraform.environment_folders import OFTEN_ELSE
from rag.terraform.lookup import TerraformLookup, lies_in
from rag.terraform.records import SymbolAttribute
from rag.terraform.unknown import DIFFERS
from rag.terraform.values import EffectiveValue, TerraformValues

OTHER = "any other workspace"
_NO_KEY = "no-such-workspace"  # one that no code names
_SPOKEN = re.compile(  # what stands around a name that no code knows, where an environment is meant
    r"(?:\b(?:in|on|for|of|at|the|our|a|and|or|does|do|is|are|has|have)\s+|^\W*)$", re.I
)
_CLUSTER = re.compile(r"(?:['’]s)?\s+(?:cluster|environment|env|account|workspace)s?\b", re.I)
_BEHIND = re.compile(
    r"^(?:['’]s)?(?:\s+(?:cluster|environment|env|account|workspace)s?\b|\s*[?.!,;]|\s*$|\s+and\b)", re.I
)
PRODUCTION = "prod"
_NOUNS = frozenset(
    {"manager", "preview", "test", "testing", "demo", "stage", "development"}
)  # that are other things too


@dataclass(frozen=True)
class Named:
    """The environments that a question names: `known` as code calls them, `marked` as folders' names speak of them, `unknown` of
    which the code has nothing; `words` are those of the question that name them, `names` the names alone."""

    known: tuple[str, ...] = ()
    marked: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    words: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.known, *self.marked, *self.unknown)


@dataclass(frozen=True)
class Holding:
    """What a setting comes to, `root` the folder in which it is called first, and the `environment` in which it is so: "" where
    it is so in all of them."""

    environment: str
    root: str
    value: EffectiveValue


class Standings:
    """The environments of one lookup."""

    def __init__(self, lookup: TerraformLookup) -> None:
        self._lookup = lookup
        self.known = {one.name for one in lookup.environments} - {FALLBACK}
        self.canonical = {canonical(name) for name in self.known}
        self.workspaces = set(lookup.workspaces) - {FALLBACK}
        self._of_folder: dict[str, frozenset[str]] = {}

    def named(self, question: str) -> Named:
        """The environments that a question names."""
        found: dict[str, list[str]] = {"known": [], "marked": [], "unknown": []}
        words: set[str] = set()
        alone: set[str] = set()
        for match in self._names.finditer(question):
            name = plain(match[0])
            compound = bool(re.match(r"[\w-]", question[match.end() : match.end() + 1])) or bool(
                re.search(r"[\w./-]$", question[: match.start()])
            )
            known = self._known_as(name) or (self._known_as(plain(match["name"])) if compound else [])
            before, behind = question[: match.start()], question[match.end() :]
            if self._begins_a_thing(name, behind):
                continue  # the dev desktops
            if plain(match["name"]) in _NOUNS and (compound or not (_SPOKEN.search(before) or _CLUSTER.match(behind))):
                continue  # cert-manager, the Secrets Manager, a load test
            if known:
                kind, names = "known", known
            elif not compound and canonical(name) in self._marks:
                kind, names = "marked", [canonical(name)]
            elif not compound and _SPOKEN.search(question[: match.start()]) and _BEHIND.match(question[match.end() :]):
                kind, names = "unknown", [name]
            else:
                continue
            found[kind] += [one for one in names if one not in found[kind]]
            start = re.search(r"[\w-]*$", question[: match.start()])
            end = re.match(r"[\w-]*", question[match.end() :])
            whole = f"{start[0] if start else ''}{match[0]}{end[0] if end else ''}".lower()
            alone.add(name)
            words |= {whole, *re.split(r"[-_]", whole)}
        return Named(
            tuple(found["known"]), tuple(found["marked"]), tuple(found["unknown"]), frozenset(words), frozenset(alone)
        )

    def _begins_a_thing(self, name: str, behind: str) -> bool:
        """Whether a word begins what a thing is called, as a folder's name has it that speaks of no such environment."""
        following = re.match(r"[ _-]([a-z][a-z0-9]*)", behind, re.I)
        if not following or name not in OFTEN_ELSE:
            return False
        begun = f"{name}-{following[1].lower()}"
        return any(
            plain(part).startswith(begun) and canonical(name) not in self._of_part(part, at)
            for part, at in self._parts.items()
        )

    @cached_property
    def _parts(self) -> dict[str, set[str]]:
        """The names of folders, each with those that stand beside it."""
        beside: dict[str, set[str]] = {}
        parents: dict[str, set[str]] = {}
        for _, folder in self._lookup.folders:
            steps = folder.split("/")
            for depth, part in enumerate(steps):
                above = "/".join(steps[:depth])
                beside.setdefault(above, set()).add(part)
                parents.setdefault(part, set()).add(above)
        return {part: {name for at in above for name in beside[at]} for part, above in parents.items()}

    def _known_as(self, name: str) -> list[str]:
        exact = [one for one in self.known if one.lower() == name]
        return exact or sorted(one for one in self.known if name in CANONICAL and canonical(one) == canonical(name))

    @cached_property
    def _names(self) -> re.Pattern[str]:
        longest_first = sorted({name.lower() for name in (*self.known, *CANONICAL)}, key=len, reverse=True)
        written = "|".join(re.escape(name).replace(r"\-", "[-_]") for name in longest_first)
        return re.compile(rf"(?<![a-z0-9])(?P<name>{written})(?:[-_]?\d{{1,2}})?(?![a-z0-9])", re.I)

    # -- where things stand -------------------------------------------------------------------------------------------

    @cached_property
    def _marks(self) -> set[str]:
        """What all folders' names speak of."""
        return {mark for _, folder in self._lookup.folders for mark in self.of_folder(folder)}

    def of_folder(self, folder: str) -> frozenset[str]:
        """The environments of which the names in a path speak, by their first names."""
        if folder not in self._of_folder:
            found = (self._of_part(part, self._parts.get(part, ())) for part in folder.split("/"))
            self._of_folder[folder] = frozenset(mark for one in found for mark in one)
        return self._of_folder[folder]

    def _of_part(self, part: str, beside: Collection[str]) -> frozenset[str]:
        """The environment of which the last such word in a name speaks: not `dev-desktops`, unless one beside it differs in that
        alone."""
        matches = list(self._names.finditer(part))
        if not matches:
            return frozenset()
        last = matches[-1]
        if last.end() < len(part) and plain(last["name"]) in OFTEN_ELSE:
            written = f"{re.escape(part[: last.start()])}(?P<word>.+){re.escape(part[last.end() :])}"
            like = (re.fullmatch(written, other) for other in beside if other != part)
            if not any(one and self._names.fullmatch(one["word"]) for one in like):
                return frozenset()
        return frozenset({canonical(plain(last[0]))})

    def others(self, named: Named) -> frozenset[tuple[str, str]]:
        """(source, path) of the folders and .tfvars files that are other environments' than those that are named and known."""
        if not (named.known or named.marked):
            return frozenset()
        asked = {canonical(name) for name in named.all}
        folders = {one for one in self._lookup.folders if (marks := self.of_folder(one[1])) and not marks & asked}
        wanted = {"", *named.known}
        files = {at for at, one in self._lookup.passed.files.items() if one.environment not in wanted}
        return frozenset(folders | (files if named.known else set()))

    def concerns(self, folder: str, named: Named) -> bool:
        """Whether what stands in a folder may be of the environments that are named."""
        if not named.all:
            return True
        marks = self.of_folder(folder)
        wanted = {canonical(name) for name in named.all}
        return bool(marks & wanted) if marks or named.marked else True

    def _is_of_another(self, block: StoredSymbol, named: Named) -> bool:
        """Whether a block's own name speaks of an environment of the code that is not named."""
        speaks = {plain(match[0]) for match in self._names.finditer(block.symbol.name)} & self.known
        return bool(speaks and named.known) and not speaks & set(named.known)

    # -- what a setting comes to --------------------------------------------------------------------------------------

    def holdings(self, block: StoredSymbol, told: SymbolAttribute, named: Named) -> list[Holding]:
        """What it comes to in the environments that are named; where none is, in each in which it differs."""
        if self._is_of_another(block, named):
            return []
        if block.symbol.kind == "value":
            found = list(self._of_line(block, told, named))
        else:
            found = list(self._in_each(block, told, named.known)) if named.known else self._everywhere(block, told)
        return [one for one in found if self.concerns(one.root, named)]

    def known_in(self, source: str, root: str, named: Named) -> bool:
        """Whether a folder is of an environment that is named, or its code knows one of that name as a workspace."""
        return bool(set(named.known) & self._names_in.get((source, root), set())) or bool(
            self.of_folder(root) & {canonical(name) for name in (*named.known, *named.marked)}
        )

    @cached_property
    def _names_in(self) -> dict[tuple[str, str], set[str]]:
        """The environments that the code of each folder knows, as workspaces or by the .tfvars files that it is passed."""
        found: dict[tuple[str, str], set[str]] = {}
        for one in self._lookup.environments:
            for folder in {naming.folder for naming in one.workspaces} if one.name != FALLBACK else ():
                found.setdefault((one.source, folder), set()).add(one.name)
        for at, names in self._lookup.passed.stacks.items():
            found.setdefault(at, set()).update(names)
        return found

    def rank(self, holding: Holding) -> int:
        """Production's first, other environments' last."""
        marks = self.of_folder(holding.root)
        return 0 if PRODUCTION in marks else 2 if marks else 1

    def _of_line(self, line: StoredSymbol, told: SymbolAttribute, named: Named) -> Iterator[Holding]:
        """What a .tfvars line gives: to the environment and the folder that its file is passed to, where no other file counts
        more there."""
        file = self._lookup.passed.files.get((line.source, line.path))
        takers = [one for one in self._lookup.passed.takers(line.source, line.path) if one[1].sure]
        own = [file] if file and not takers else [one for _, one in takers]
        there = {one.environment for one in own}
        for name in named.known or sorted(there, key=_order):
            values = TerraformValues(self._lookup, name)
            taken = [at for at, one in takers if one.environment in ("", name) and values.counts(line, at)]
            if taken or (not takers and there & {"", name}):
                root = taken[0] if len(taken) == 1 else line.folder
                yield from (Holding(name, root, value) for value in values.of_setting(line, told))

    def _in_each(self, block: StoredSymbol, told: SymbolAttribute, names: Collection[str]) -> Iterator[Holding]:
        for name in names:
            for value in TerraformValues(self._lookup, name).of_setting(block, told):
                root = _root(block, value)
                alone = block.symbol.kind != "variable" and not self._names_in.get((block.source, root))
                if alone or not self._is_strange(block.source, root, name):
                    yield Holding(name, root, value)

    def _is_strange(self, source: str, root: str, name: str) -> bool:
        """Whether a folder has nothing to do with an environment of a name of its own (a cluster, a customer): others know it, by
        .tfvars files or as a workspace, and this one does not."""
        knowing = {at for (of, at), names in self._names_in.items() if of == source and name in names}
        own = not (_is_everywhere(name) or name in root.split("/") or self.of_folder(root))
        return bool(knowing) and own and not any(lies_in(root, at) or lies_in(at, root) for at in knowing)

    def _everywhere(self, block: StoredSymbol, told: SymbolAttribute) -> list[Holding]:
        plain = TerraformValues(self._lookup).of_setting(block, told)
        held = [Holding(self._name_of(_root(block, one)), _root(block, one), one) for one in plain]
        if not any(DIFFERS in one.why_not for one in plain):
            return held
        places = {block.folder, *(one.root for one in held)}
        names = sorted({n for at in places for n in self._below(block.source, at)}, key=_order)
        others = [
            Holding(OTHER, one.root, one.value)
            for one in self._in_each(block, told, [_NO_KEY])
            if one.value.known and _NO_KEY not in repr(one.value.value)
        ]
        each = [one for one in self._in_each(block, told, names) if not _like_any_other(one, others)]
        return [*(one for one in held if one.value.known), *each, *others]

    def _below(self, source: str, folder: str) -> Iterator[str]:
        """The environments that code in a folder, or .tfvars files below it or apart from it, know."""
        for (of, at), names in self._names_in.items():
            if of == source and (at == folder or at.startswith(f"{folder}/")):
                yield from names

    def _name_of(self, root: str) -> str:
        """The environment of the code that a root folder is, else the part of its path that speaks of one; "" for neither."""
        parts = root.split("/")[::-1]
        return next((part for part in parts if part in self.known), next(filter(self.of_folder, parts), ""))


def _like_any_other(one: Holding, others: Collection[Holding]) -> bool:
    """Whether a workspace is no key of its own: what it comes to, comes through the same lines."""
    return any((one.root, one.value.steps, one.value.value) == (o.root, o.value.steps, o.value.value) for o in others)


def _root(block: StoredSymbol, value: EffectiveValue) -> str:
    return value.calls[0].partition(": ")[0] if value.calls else block.folder


def is_everywhere(named: Named) -> bool:
    """Whether an environment is named that every part of the code may have, such as production: others are called by names of
    their own, as clusters and customers are."""
    return any(map(_is_everywhere, named.all))


def _is_everywhere(name: str) -> bool:
    return canonical(name) in CANONICAL.values()


def plain(name: str) -> str:
    """A name as names are compared: however its words are joined, and written."""
    return name.lower().replace("_", "-")


def _order(name: str) -> tuple[bool, str]:
    return canonical(name) != PRODUCTION, name
