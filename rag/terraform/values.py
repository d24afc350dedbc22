"""What a value is before `apply`: references followed from literal to default, .tfvars, module argument, local and function.

Every step is named with its file and line. What only `apply`, a secret or something outside the repositories can tell is said to
be so, and never guessed. `waypost terraform values` calls this.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from rag.catalog.symbols import StoredSymbol
from rag.terraform.functions import FUNCTIONS, OPERATORS, CannotTellError
from rag.terraform.lookup import ModuleCall, TerraformLookup
from rag.terraform.records import Expression, SymbolAttribute

_DEEPEST = 80  # expressions within one another
_CHAINS = 50  # ways by which a module may be called that are looked at


@dataclass(frozen=True)
class Step:
    """One place that a value came through: what stands there, and where."""

    what: str
    source: str
    path: str
    line: int


@dataclass(frozen=True)
class EffectiveValue:
    """The value of an attribute in one calling context. `known` tells whether `value` is it, `why_not` what is missing else."""

    calls: tuple[str, ...]
    known: bool
    value: Any = None
    why_not: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class _Place:
    """A module folder in one calling context: the calls that led there, the outermost first."""

    source: str
    folder: str
    calls: tuple[ModuleCall, ...] = ()

    def caller(self) -> _Place:
        return _Place(self.source, self.calls[-1].call.folder, self.calls[:-1])


@dataclass
class _Trail:
    """The steps so far, and how deep they went."""

    steps: list[Step] = field(default_factory=list)
    depth: int = 0

    def add(self, what: str, at: StoredSymbol, line: int) -> None:
        self.steps.append(Step(what, at.source, at.path, line))


class TerraformValues:
    """Evaluates over one lookup. `environment` picks .tfvars files, folders and the workspace; "": none is given."""

    def __init__(self, lookup: TerraformLookup, environment: str = "") -> None:
        self._lookup = lookup
        self._environment = environment

    def of(self, found: StoredSymbol, attribute: str) -> list[EffectiveValue]:
        """The attribute's value in each context in which its module is called; one where it is called from nowhere.

        With an environment, contexts that stand in another one's folder are left out. An attribute that is not set has none.
        """
        told = found.symbol.attribute(attribute)
        if found.symbol.kind == "variable" and attribute == "default":  # what it is given comes before its default
            line = found.symbol.start
            told = SymbolAttribute("", line, line, ["ref", ["var", found.symbol.name]])
        if told is None:
            return []
        return [self._value(found, told, place) for place in self._places(found) if self._concerns(place)]

    # -- contexts -----------------------------------------------------------------------------------------------------

    def _places(self, found: StoredSymbol) -> list[_Place]:
        chains: list[tuple[ModuleCall, ...]] = [()]
        finished: list[tuple[ModuleCall, ...]] = []
        while chains and len(finished) < _CHAINS:
            chain = chains.pop()
            folder = chain[0].call.folder if chain else found.folder
            calls = [call for call in self._lookup.calls_of(found.source, folder) if call not in chain]
            if calls:
                chains.extend((call, *chain) for call in calls)
            else:
                finished.append(chain)
        return [_Place(found.source, found.folder, chain) for chain in sorted(finished, key=_names)]

    def _concerns(self, place: _Place) -> bool:
        """Whether a context may be this environment's: its outermost folder names it, or names none that another folder does."""
        root = place.calls[0].call.folder if place.calls else place.folder
        if not self._environment or self._environment in PurePosixPath(root).parts:
            return True
        named = {folder for source, folder in self._lookup.folders if self._environment in PurePosixPath(folder).parts}
        parent = posixpath.dirname(root)
        return not any(posixpath.dirname(folder) == parent for folder in named)

    # -- evaluation ---------------------------------------------------------------------------------------------------

    def _value(self, found: StoredSymbol, told: SymbolAttribute, place: _Place) -> EffectiveValue:
        trail = _Trail()
        trail.add(f"{found.symbol.address}.{told.path}".rstrip("."), found, told.start)
        try:
            value = self._evaluate(told.expression, place, trail)
        except CannotTellError as reason:
            return EffectiveValue(_names(place.calls), False, None, str(reason), tuple(trail.steps))
        return EffectiveValue(_names(place.calls), True, value, "", tuple(trail.steps))

    def _evaluate(self, expression: Expression, place: _Place, trail: _Trail) -> Any:
        form = getattr(self, f"_of_{expression[0]}", None)
        if form is None:
            text = " ".join(str(expression[-1]).split())[:80]
            raise CannotTellError("it is secret" if expression[0] == "secret" else f"it is computed: {text}")
        if trail.depth > _DEEPEST:
            raise CannotTellError("it refers to itself, or goes too deep")
        trail.depth += 1
        value = form(expression[1:], place, trail)
        trail.depth -= 1
        return value

    def _of_lit(self, parts: Sequence[Any], _place: _Place, _trail: _Trail) -> Any:
        return parts[0]

    def _of_tpl(self, parts: Sequence[Any], place: _Place, trail: _Trail) -> str:
        return "".join(_string(self._evaluate(part, place, trail)) for part in parts[0])

    def _of_list(self, parts: Sequence[Any], place: _Place, trail: _Trail) -> list[Any]:
        return [self._evaluate(item, place, trail) for item in parts[0]]

    def _of_obj(self, parts: Sequence[Any], place: _Place, trail: _Trail) -> dict[str, Any]:
        return {
            _string(self._evaluate(key, place, trail)): self._evaluate(value, place, trail) for key, value in parts[0]
        }

    def _of_ref(self, parts: Sequence[Any], place: _Place, trail: _Trail) -> Any:
        return self._reference(parts[0], place, trail)

    def _of_get(self, parts: Sequence[Any], place: _Place, trail: _Trail) -> Any:
        return self._into(self._evaluate(parts[0], place, trail), parts[1], place, trail)

    def _of_if(self, parts: Sequence[Any], place: _Place, trail: _Trail) -> Any:
        condition = self._evaluate(parts[0], place, trail)
        if condition not in (True, False, "true", "false"):
            raise CannotTellError("a condition is neither true nor false")
        return self._evaluate(parts[1] if condition in (True, "true") else parts[2], place, trail)

    def _of_op(self, parts: Sequence[Any], place: _Place, trail: _Trail) -> Any:
        return self._operate(parts[0], parts[1], place, trail)

    def _of_call(self, parts: Sequence[Any], place: _Place, trail: _Trail) -> Any:
        return self._call(parts[0], parts[1], parts[2], place, trail)

    def _operate(self, sign: str, operands: Sequence[Expression], place: _Place, trail: _Trail) -> Any:
        values = [self._evaluate(operand, place, trail) for operand in operands]
        operate = OPERATORS.get((sign, len(values)))
        if operate is None:
            raise CannotTellError(f"the operator {sign} is not evaluated")
        try:
            return operate(*values)
        except (TypeError, ZeroDivisionError, ValueError) as error:
            raise CannotTellError(f"{sign} does not fit its operands") from error

    def _call(self, name: str, arguments: Sequence[Expression], expands: bool, place: _Place, trail: _Trail) -> Any:
        if name in ("try", "coalesce"):
            return self._first(name, arguments, place, trail)
        function = FUNCTIONS.get(name)
        if function is None:
            raise CannotTellError(f"the function {name} is not evaluated")
        values = [self._evaluate(argument, place, trail) for argument in arguments]
        if expands and values and isinstance(values[-1], list):
            values = [*values[:-1], *values[-1]]
        try:
            return function(*values)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise CannotTellError(f"{name} does not fit its arguments") from error

    def _first(self, name: str, arguments: Sequence[Expression], place: _Place, trail: _Trail) -> Any:
        """`coalesce`: the first value that is neither null nor empty; `try`: the first, where that one is known."""
        for argument in arguments:
            value = self._evaluate(argument, place, trail)
            if name == "try" or value not in (None, ""):
                return value
        return None

    # -- references ---------------------------------------------------------------------------------------------------

    def _reference(self, steps: Sequence[Any], place: _Place, trail: _Trail) -> Any:
        names = [step if isinstance(step, str) else "" for step in steps]
        match names:
            case ["var", name, *_]:
                return self._into(self._variable(name, place, trail), steps[2:], place, trail)
            case ["local", name, *_]:
                return self._into(self._symbol(f"local.{name}", "value", place, trail), steps[2:], place, trail)
            case ["module", name, *_]:
                return self._output(name, steps[2:], place, trail)
            case ["terraform", "workspace"]:
                if self._environment:
                    return self._environment
                raise CannotTellError("it depends on the workspace; name an environment")
            case ["each" | "count" | "self" | "path" | "terraform", *_]:
                raise CannotTellError(f"it depends on {names[0]}")
            case ["data", type_, name, *_]:
                raise CannotTellError(f"data.{type_}.{name} is read from outside")
            case [type_, name, attribute, *_] if attribute:
                return self._into(self._symbol(f"{type_}.{name}", attribute, place, trail), steps[3:], place, trail)
        raise CannotTellError(f"{'.'.join(filter(None, names))} is known after apply")

    def _symbol(self, address: str, attribute: str, place: _Place, trail: _Trail) -> Any:
        """An attribute of a symbol of the same folder, where it is set there."""
        found = self._lookup.at(place.source, place.folder, address)
        told = found.symbol.attribute(attribute) if found else None
        if found is None or told is None:
            raise CannotTellError(
                f"{address}.{attribute} is known after apply" if found else f"{address} is not defined here"
            )
        if self._lookup.is_overridden(found):
            raise CannotTellError(f"{address} is overridden in an override file")
        trail.add(address if attribute == "value" else f"{address}.{attribute}", found, told.start)
        return self._evaluate(told.expression, place, trail)

    def _variable(self, name: str, place: _Place, trail: _Trail) -> Any:
        """What a variable is given: by the call of its module, by .tfvars, by its default."""
        found = self._lookup.at(place.source, place.folder, f"var.{name}", kind="variable")
        if found and found.symbol.sensitive:
            raise CannotTellError(f"var.{name} is sensitive")
        if place.calls:
            call = place.calls[-1].call
            if argument := call.symbol.attribute(name):
                trail.add(f"{call.symbol.address}, argument {name}", call, argument.start)
                return self._evaluate(argument.expression, place.caller(), trail)
        else:
            given = self._given(name, place)
            if given:
                attribute = given.symbol.attributes[0]
                trail.add(f"var.{name} in {PurePosixPath(given.path).name}", given, attribute.start)
                return self._evaluate(attribute.expression, place, trail)
        default = found.symbol.attribute("default") if found else None
        if found is None or default is None:
            raise CannotTellError(f"var.{name} is given from outside")
        trail.add(f"var.{name}, default", found, default.start)
        return self._evaluate(default.expression, place, trail)

    def _given(self, name: str, place: _Place) -> StoredSymbol | None:
        """The .tfvars line that counts: the environment's file before *.auto.tfvars before terraform.tfvars.

        Raises: CannotTellError when only another environment's files, or several, give it.
        """
        values = self._lookup.values_given(place.source, place.folder, f"var.{name}")
        ranked = {id(value): self._rank(value, place) for value in values}
        mine = [value for value in values if ranked[id(value)] > 0]
        if not mine:
            if values and not self._environment:
                raise CannotTellError(f"var.{name} differs by environment; name one")
            return None
        best = max(ranked[id(value)] for value in mine)
        last = [value for value in mine if ranked[id(value)] == best]
        if len(last) > 1 and len({repr(value.symbol.attributes[0].expression) for value in last}) > 1:
            raise CannotTellError(f"var.{name} is given in several files")
        return last[-1]

    def _rank(self, value: StoredSymbol, place: _Place) -> int:
        path = PurePosixPath(value.path)
        stem = path.name.split(".")[0]
        inside = path.relative_to(place.folder).parts[:-1] if place.folder else path.parts[:-1]
        if self._environment and (stem == self._environment or self._environment in inside):
            return 3
        if inside:
            return 0
        return 2 if ".auto.tfvars" in path.name else 1 if stem == "terraform" else 0

    def _output(self, name: str, rest: Sequence[Any], place: _Place, trail: _Trail) -> Any:
        """The output of a local module that this folder calls."""
        steps = list(rest)
        if steps and not isinstance(steps[0], str):
            raise CannotTellError(f"module.{name} is called several times")
        call = next((c for c in self._lookup.calls_in(place.source, place.folder) if c.call.symbol.name == name), None)
        if call is None or call.folder is None or not steps:
            raise CannotTellError(
                f"module.{name} is not in these repositories" if call else f"module.{name} is not called here"
            )
        inner = _Place(place.source, call.folder, (*place.calls, call))
        found = self._lookup.at(place.source, call.folder, f"output.{steps[0]}")
        told = found.symbol.attribute("value") if found else None
        if found is None or told is None:
            raise CannotTellError(f"module.{name} has no output {steps[0]}")
        trail.add(f"module.{name}.{steps[0]}", found, told.start)
        return self._into(self._evaluate(told.expression, inner, trail), steps[1:], place, trail)

    def _into(self, value: Any, steps: Sequence[Any], place: _Place, trail: _Trail) -> Any:
        """What stands within a value."""
        for step in steps:
            if step == "*":
                raise CannotTellError("it is one for each of several")
            key = self._evaluate(step[1], place, trail) if isinstance(step, list) else step
            try:
                value = value[int(key)] if isinstance(value, list) else value[_string(key)]
            except (LookupError, TypeError, ValueError) as error:
                raise CannotTellError(f"there is no {key} in it") from error
        return value


def split_attribute(text: str) -> tuple[str, str]:
    """Address and attribute path: `aws_db_instance.main.size` → (aws_db_instance.main, size); of variables, locals and outputs
    the attribute that holds their value."""
    steps = text.strip().split(".")
    at = 0
    while steps[at : at + 1] == ["module"] and len(steps) > at + 2:
        at += 2
    kind, length = steps[at], {"data": 3, "ephemeral": 3}.get(steps[at], 2)
    address, rest = ".".join(steps[: at + length]), ".".join(steps[at + length :])
    return address, rest or {"var": "default"}.get(kind, "value")


def _string(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise CannotTellError("a part of the text is no text")


def _names(calls: Sequence[ModuleCall]) -> tuple[str, ...]:
    return tuple(f"{call.call.folder}: {call.call.symbol.address}" for call in calls)
