"""What a value is before `apply`: in each context in which its module is called, for each instance of its block.

Every step is named with its file and line. What only `apply`, a secret or something outside the repositories can tell is said to
be so, and never guessed. `waypost terraform values` and `/v1/terraform/values` call this; `rag.terraform.evaluation` evaluates.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Any

from rag.catalog.symbols import StoredSymbol
from rag.errors import NotFoundError, SettingsError
from rag.terraform.addresses import Asked, Named, parse_asked, written
from rag.terraform.evaluation import Evaluation, refuse_ignored
from rag.terraform.lookup import TerraformLookup
from rag.terraform.places import Called, Place, Step, Trail
from rag.terraform.records import SymbolAttribute
from rag.terraform.unknown import CannotTellError, known

MOST = 60  # contexts and instances that are told of one attribute
_ALMOST = 0.85  # how like one another an attribute's name and a misspelling are
_NUMBER = re.compile(r"\[\d+\]")
_DYNAMIC = re.compile(r"^dynamic\.([\w-]+)(?:\[\d+\])?\.")


@dataclass(frozen=True)
class EffectiveValue:
    """The value of an attribute in one calling context. `known` tells whether `value` is it, `why_not` what is missing else.

    `calls` are the calls of modules that lead there, the outermost first; `instance` is the block's: `[0]`, `["key"]`, or "".
    """

    calls: tuple[str, ...]
    known: bool
    value: Any = None
    why_not: str = ""
    steps: tuple[Step, ...] = ()
    instance: str = ""


class TerraformValues:
    """Evaluates over one lookup. `environment` picks .tfvars files, folders and the workspace; "": none is given."""

    def __init__(self, lookup: TerraformLookup, environment: str = "") -> None:
        self._lookup = lookup
        self._environment = environment
        self._evaluation = Evaluation(lookup, environment)

    def of(self, found: StoredSymbol, attribute: str, inside: Sequence[Any] = ()) -> list[EffectiveValue]:
        """The attribute's value in each context in which its module is called, at most `MOST`; one where nothing calls it.
        `inside` are the steps to a part of it.

        With an environment, contexts that stand in another one's folder are left out. An attribute that is not set has none.
        """
        told = found.symbol.attribute(attribute) or _in_dynamic(found, attribute)
        if found.symbol.kind == "variable" and attribute == "default":
            told = _given(found, inside)
        elif told and inside and found.symbol.kind == "local":  # so that the entry's own line is named
            told = replace(told, expression=["ref", ["local", found.symbol.name, *inside]])
        elif told and inside:
            told = replace(told, expression=["get", told.expression, list(inside)])
        return self.of_setting(found, told) if told else []

    def of_setting(self, found: StoredSymbol, told: SymbolAttribute) -> list[EffectiveValue]:
        """The same of a setting of the block (`rag.terraform.entries`)."""
        if found.symbol.kind == "variable" and told == found.symbol.attribute("default"):
            told = _given(found, ())
        values: list[EffectiveValue] = []
        for chain in self._chains(found):
            if self._concerns(chain, found):
                values.extend(self._in_chain(found, told, chain))
            if len(values) >= MOST:
                break
        return values[:MOST]

    def counts(self, line: StoredSymbol, folder: str) -> bool:
        """Whether a .tfvars line is what a variable of this folder is given."""
        return self._evaluation.given(line.symbol.name, Place(line.source, folder)) == line

    # -- contexts -----------------------------------------------------------------------------------------------------

    def _chains(self, found: StoredSymbol) -> list[tuple[Called, ...]]:
        """The ways in which the symbol's module is called, instances not told apart yet."""
        waiting: list[tuple[Called, ...]] = [()]
        finished: list[tuple[Called, ...]] = []
        while waiting and len(finished) < MOST:
            chain = waiting.pop()
            folder = chain[0].call.call.folder if chain else found.folder
            seen = {called.call.call.id for called in chain}
            calls = [call for call in self._lookup.calls_of(found.source, folder) if call.call.id not in seen]
            inner = bool(calls) and not (chain and chain[0].call.terragrunt)
            if inner:
                waiting.extend((Called(call), *chain) for call in calls)
            if not inner or self._lookup.is_root(found.source, folder):
                finished.append(chain)
        return sorted(finished, key=lambda chain: [str(called.call.call.path) for called in chain])

    def _concerns(self, chain: Sequence[Called], found: StoredSymbol) -> bool:
        """Whether a context may be this environment's: its outermost folder names it, or names none that another folder does."""
        root = chain[0].call.call.folder if chain else found.folder
        if not self._environment or self._environment in PurePosixPath(root).parts:
            return True
        if there := self._lookup.environments_at(found.source, root):
            return self._environment in there
        named = {folder for source, folder in self._lookup.folders if self._environment in PurePosixPath(folder).parts}
        parent = posixpath.dirname(root)
        return not any(posixpath.dirname(folder) == parent for folder in named)

    def _in_chain(
        self, found: StoredSymbol, told: SymbolAttribute, chain: Sequence[Called]
    ) -> Iterator[EffectiveValue]:
        places: list[Place] = [Place(found.source, chain[0].call.call.folder if chain else found.folder)]
        if chain and chain[0].call.terragrunt:
            places = [replace(places[0], file=chain[0].call.call.path)]
        for called in chain:
            inner: list[Place] = []
            for place in places:
                instances = self._evaluation.instances(called.call.call, place, Trail())
                if not instances:
                    here = (*place.calls, called)
                    why = f"{called.call.call.symbol.address} is not created here: its count or for_each is empty"
                    yield EffectiveValue(_names(here), False, why_not=why)
                calls = [(*place.calls, Called(called.call, one)) for one in instances]
                inner.extend(Place(found.source, called.call.folder or "", each) for each in calls)
            places = inner[:MOST]
        for place in places:
            yield from self._instances(found, told, place)

    def _instances(self, found: StoredSymbol, told: SymbolAttribute, place: Place) -> Iterator[EffectiveValue]:
        if told.path in ("count", "for_each"):
            yield self._value(found, told, place)
            return
        instances = self._evaluation.instances(found, place, Trail())
        if not instances:
            why = f"{found.symbol.address} is not created here: its count or for_each is empty"
            yield EffectiveValue(_names(place.calls), False, why_not=why)
        for one in instances:
            for at in self._repeated(found, told.path, "", replace(place, instance=one)):
                yield self._value(found, told, at)

    def _repeated(self, found: StoredSymbol, path: str, before: str, place: Place) -> list[Place]:
        """The place once for each block that a `dynamic` block around the attribute makes, its iterator bound."""
        match = _DYNAMIC.match(path)
        if match is None:
            return [place]
        prefix = before + match[0]
        each = found.symbol.attribute(f"{prefix}for_each")
        named = found.symbol.attribute(f"{prefix}iterator")
        iterator = str(named.expression[1][0]) if named and named.expression[0] == "ref" else match[1]
        try:
            items = known(self._evaluation.evaluate(each.expression, place, Trail())) if each else None
        except CannotTellError:
            items = None
        if not isinstance(items, dict | list):
            return [place]
        pairs = sorted(items.items()) if isinstance(items, dict) else list(enumerate(items))
        rest, content = path[match.end() :], f"{prefix}content."
        found_places: list[Place] = []
        for key, value in pairs:
            bound = {**place.bound, iterator: {"key": key, "value": value}}
            inner = rest.removeprefix("content.")
            found_places.extend(self._repeated(found, inner, content, replace(place, bound=bound)))
        return found_places

    # -- one value ----------------------------------------------------------------------------------------------------

    def _value(self, found: StoredSymbol, told: SymbolAttribute, place: Place) -> EffectiveValue:
        trail = Trail()
        trail.add(f"{found.symbol.address}.{told.path}".rstrip("."), found, told.start, told.file)
        value, why = None, ""
        try:
            if found.symbol.sensitive and found.symbol.kind == "output":
                raise CannotTellError("it is sensitive")
            refuse_ignored(found, told.path)
            value = known(self._evaluation.evaluate(told.expression, place, trail))
        except CannotTellError as reason:
            why = str(reason)
        instance = str(place.instance) if place.instance else ""
        return EffectiveValue(_names(place.calls), not why, value, why, tuple(trail.steps), instance)


def find_values(
    lookup: TerraformLookup, text: str, environment: str = "", source: str = "", folder: str | None = None
) -> list[tuple[StoredSymbol, list[EffectiveValue]]]:
    """The values of what was written: `module.vpc.cidr` is an argument of the call where it has one, and else an output; of
    `aws_subnet.a[0].cidr_block` that instance alone, and of `module.a["x"].aws_subnet.a.cidr_block` that call's.

    Raises: NotFoundError when nothing defines it, or it has no such instance; SettingsError when it names no value.
    """
    asked = parse_asked(text)
    evaluation = TerraformValues(lookup, lookup.environment_called(environment) if environment else "")
    found = [
        (one, _chosen(evaluation.of(one, path, steps), modules, instance, folder))
        for one, path, steps, modules, instance in _meant(asked, lookup, source, folder)
    ]
    if any(all_of and not chosen for _, (all_of, chosen) in found) and not any(chosen for _, (_, chosen) in found):
        there = {f"{', '.join(v.calls[-1:])}{v.instance}" for _, (all_of, _) in found for v in all_of}
        raise NotFoundError(f"{text} is not there; there are: {', '.join(sorted(there)[:8])}")
    if found and not any(all_of for _, (all_of, _) in found):
        _refuse_misspelled(asked, [one for one, _ in found])
    return [(one, chosen) for one, (_, chosen) in found]


def _refuse_misspelled(asked: Asked, found: Sequence[StoredSymbol]) -> None:
    """Raises: NotFoundError where none of these sets the attribute, and one that is called almost so is set."""
    wanted = written(asked.steps(asked.length))
    names = dict.fromkeys(_plain(told.path) for one in found for told in one.symbol.attributes)
    if near := get_close_matches(wanted, names, 3, _ALMOST):
        raise NotFoundError(f"{asked.address} sets no {wanted}; did you mean {' or '.join(near)}?")


_Meaning = tuple[StoredSymbol, str, Sequence[Any], tuple[Named, ...], str]


def _meant(asked: Asked, lookup: TerraformLookup, source: str, folder: str | None) -> list[_Meaning]:
    """Each symbol that was meant, with the attribute's path, the steps into it, the calls and the instance that count."""
    modules, rest = asked.modules, asked.rest
    if modules and rest and (len(rest) < asked.length or not lookup.defined(asked.address, source, folder)):
        calls = lookup.define(".".join(asked.module_address), source, folder)
        name, steps = rest[0].name, asked.steps(0)[1:]
        if argued := [call for call in calls if call.symbol.attribute(name)]:
            return [(call, name, steps, modules[:-1], modules[-1].instance) for call in argued]
        outputs = lookup.define(".".join([*asked.module_address, name]), source, folder)
        return [(output, "value", steps, modules, "") for output in outputs]
    meant: list[_Meaning] = []
    for one in {one.id: one for one in lookup.define(asked.address, source, folder)}.values():
        own = {"variable": "default", "local": "value", "output": "value"}.get(one.symbol.kind)
        steps = asked.steps(asked.length)
        if one.symbol.kind == "value":  # a .tfvars line: the variable's own value comes through it
            continue
        if own:
            meant.append((one, own, steps, modules, ""))
            continue
        if not steps:
            names = dict.fromkeys(attribute.path.split(".")[0] for attribute in one.symbol.attributes)
            raise SettingsError(f"{asked.address} is a block; name an attribute of it: {', '.join(list(names)[:20])}")
        instance = rest[asked.length - 1].instance if len(rest) >= asked.length else ""
        meant.extend((one, path, inside, modules, instance) for path, inside in _split(one, steps))
    return meant


def _split(found: StoredSymbol, steps: Sequence[Any]) -> list[tuple[str, Sequence[Any]]]:
    """The longest path of steps that is set as an attribute, and the steps that lead into its value; of each block, where several
    are of one type and none was picked."""
    for at in range(len(steps), 0, -1):
        path = written(steps[:at])
        for one in (path, path.replace("[0]", "")):
            if found.symbol.attribute(one) or _in_dynamic(found, one):
                return [(one, steps[at:])]
    wanted = written(steps)
    of_each = [attribute.path for attribute in found.symbol.attributes if _NUMBER.sub("", attribute.path) == wanted]
    return [(path, ()) for path in of_each or [wanted]]


def _chosen(
    values: list[EffectiveValue], modules: tuple[Named, ...], instance: str, folder: str | None
) -> tuple[list[EffectiveValue], list[EffectiveValue]]:
    """All values, and those of them that come through these calls, the first of which stands in the folder, and are of this
    instance."""
    chosen = []
    for value in values:
        calls = (
            [call.partition(": ")[::2] for call in value.calls][len(value.calls) - len(modules) :] if modules else []
        )
        through = len(calls) == len(modules) and all(_is_call(c, m) for (_, c), m in zip(calls, modules, strict=True))
        begins = folder is None or not calls or calls[0][0] == folder
        if through and begins and instance in ("", value.instance):
            chosen.append(value)
    return values, chosen


def _is_call(call: str, module: Named) -> bool:
    """Whether `module.name["k"]`, as a value tells it, is the call that was written."""
    name, bracket, index = call.removeprefix("module.").partition("[")
    return name == module.name and module.instance in ("", bracket + index)


def _given(found: StoredSymbol, inside: Sequence[Any]) -> SymbolAttribute:
    """A variable's value: what it is given comes before its default."""
    line = found.symbol.start
    return SymbolAttribute("", line, line, ["ref", ["var", found.symbol.name, *inside]])


def _in_dynamic(found: StoredSymbol, attribute: str) -> SymbolAttribute | None:
    """The attribute that stands at this path when blocks made by `dynamic` are counted as what they make."""
    for told in found.symbol.attributes:
        if told.path.startswith("dynamic.") and _plain(told.path) == attribute:
            return told
    return None


def _plain(path: str) -> str:
    return path.replace("dynamic.", "").replace(".content.", ".")


def _names(calls: Sequence[Called]) -> tuple[str, ...]:
    return tuple(
        f"{called.call.call.folder}: {called.call.call.symbol.address}{called.instance or ''}" for called in calls
    )
