"""Evaluates the forms of an expression: literals, templates, collections, operations, calls of functions.

What can't be told before apply raises `CannotTellError`, or stands as `Unknown` in its place within a list or object. What names
lead to is `rag.terraform.evaluation`'s, which inherits from this.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from rag.terraform.functions import FUNCTIONS, NOT_BEFORE_APPLY, OPERATORS, PARTIAL, arguments_of
from rag.terraform.places import Place, Spot, Trail
from rag.terraform.records import Expression
from rag.terraform.terragrunt import Config
from rag.terraform.unknown import AbsentError, CannotTellError, Unknown, known

_DEEPEST = 120  # expressions within one another
_MOST_WORK = 20_000  # expressions that one value may take
SPLAT = "*"  # the step of one


class Forms(ABC):
    """All that an expression may be but a reference."""

    @abstractmethod
    def _reference(self, steps: Sequence[Any], place: Place, trail: Trail) -> Any:
        """What a reference leads to. Steps are names, or keys in lists."""

    @abstractmethod
    def _foreign(self, name: str, place: Place) -> Callable[..., Any] | None:
        """A function that is not Terraform's, if there is one of this name at this place."""

    @abstractmethod
    def _in_config(self, config: Config, steps: Sequence[Any], place: Place, trail: Trail) -> Any:
        """What steps lead to in a Terragrunt file that was read or included."""

    def evaluate(self, expression: Expression, place: Place, trail: Trail) -> Any:
        """Raises: CannotTellError."""
        form = getattr(self, f"_of_{expression[0]}", None)
        if form is None:
            text = " ".join(str(expression[-1]).split())[:80]
            raise CannotTellError("it is secret" if expression[0] == "secret" else f"it is computed: {text}")
        if trail.depth > _DEEPEST or trail.work > _MOST_WORK:
            raise CannotTellError("it refers to itself, or goes too deep")
        trail.depth += 1
        trail.work += 1
        try:
            return form(expression[1:], place, trail)
        finally:
            trail.depth -= 1

    # -- forms --------------------------------------------------------------------------------------------------------

    def _of_lit(self, parts: Sequence[Any], _place: Place, _trail: Trail) -> Any:
        return parts[0]

    def _of_tpl(self, parts: Sequence[Any], place: Place, trail: Trail) -> str:
        return "".join(_string(self.evaluate(part, place, trail)) for part in parts[0])

    def _of_list(self, parts: Sequence[Any], place: Place, trail: Trail) -> list[Any]:
        return [self._part(item, place, trail) for item in parts[0]]

    def _of_obj(self, parts: Sequence[Any], place: Place, trail: Trail) -> dict[str, Any]:
        return {
            _string(self.evaluate(key, place, trail)): self._part(value, place, trail) for key, value, _ in parts[0]
        }

    def _part(self, expression: Expression, place: Place, trail: Trail) -> Any:
        try:
            return self.evaluate(expression, place, trail)
        except CannotTellError as reason:
            return Unknown(str(reason))

    def _of_for(self, parts: Sequence[Any], place: Place, trail: Trail) -> Any:
        key_name, value_name, collection, key, value, condition, grouped = parts
        made: dict[str, Any] = {}
        items: list[Any] = []
        for at, item in _pairs(self.evaluate(collection, place, trail)):
            inner = replace(place, bound={**place.bound, **({key_name: at} if key_name else {}), value_name: item})
            if condition and self.evaluate(condition, inner, trail) is not True:
                continue
            result = self._part(value, inner, trail)
            if key is None:
                items.append(result)
                continue
            name = _string(self.evaluate(key, inner, trail))
            if not grouped and name in made:
                raise CannotTellError(f"the key {name} is made twice")
            made[name] = [*made.get(name, []), result] if grouped else result
        return items if key is None else made

    def _of_if(self, parts: Sequence[Any], place: Place, trail: Trail) -> Any:
        condition = self.evaluate(parts[0], place, trail)
        if condition not in (True, False, "true", "false"):
            raise CannotTellError("a condition is neither true nor false")
        return self.evaluate(parts[1] if condition in (True, "true") else parts[2], place, trail)

    def _of_op(self, parts: Sequence[Any], place: Place, trail: Trail) -> Any:
        sign, operands = parts
        values: list[Any] = []
        for operand in operands:
            values.append(self.evaluate(operand, place, trail))
            if (sign, values) in (("&&", [False]), ("||", [True])):
                return values[0]
        if not (sign in ("==", "!=") and None in values):  # that something is there needs no more than that
            known(values)
        operate = OPERATORS.get((sign, len(values)))
        if operate is None:
            raise CannotTellError(f"the operator {sign} is not evaluated")
        try:
            return operate(*values)
        except (TypeError, ZeroDivisionError, ValueError) as error:
            raise CannotTellError(f"{sign} does not fit its operands") from error

    def _of_ref(self, parts: Sequence[Any], place: Place, trail: Trail) -> Any:
        steps = [parts[0][0], *self._keys(parts[0][1:], place, trail)]
        value = self._reference(steps, place, trail)
        if isinstance(value, Unknown):
            raise CannotTellError(value.why)
        return value

    def _of_get(self, parts: Sequence[Any], place: Place, trail: Trail) -> Any:
        return self._descend(parts[0], self._keys(parts[1], place, trail), place, trail)

    def _keys(self, steps: Sequence[Any], place: Place, trail: Trail) -> list[Any]:
        """Steps with their indexes evaluated, each in a list of its own to tell it from an attribute's name."""
        return [[known(self.evaluate(s[1], place, trail))] if isinstance(s, list) else s for s in steps]

    # -- functions ----------------------------------------------------------------------------------------------------

    def _of_call(self, parts: Sequence[Any], place: Place, trail: Trail) -> Any:
        name, arguments, expands = parts
        if name in _SPECIAL:
            return _SPECIAL[name](self, arguments, place, trail)
        if why := NOT_BEFORE_APPLY.get(name):
            raise CannotTellError(why.format(name))
        values = [self.evaluate(argument, place, trail) for argument in arguments]
        function = FUNCTIONS.get(name) or self._foreign(name, place)
        if function is None:
            raise CannotTellError(f"the function {name} is not evaluated")
        if name not in PARTIAL:
            known(values)
        try:
            value = function(*arguments_of(values, expands))
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, StopIteration) as error:
            raise AbsentError(f"{name} does not fit its arguments") from error
        if isinstance(value, Unknown):
            raise CannotTellError(value.why)
        return value

    def _coalesce(self, arguments: Sequence[Expression], place: Place, trail: Trail) -> Any:
        for argument in arguments:
            value = known(self.evaluate(argument, place, trail))
            if value not in (None, ""):
                return value
        raise AbsentError("coalesce is given nothing")

    def _try(self, arguments: Sequence[Expression], place: Place, trail: Trail) -> Any:
        """The first argument that is no error. An unknown one stays unknown."""
        for argument in arguments:
            try:
                return self.evaluate(argument, place, trail)
            except AbsentError:
                continue
        raise AbsentError("try is given nothing that holds")

    def _can(self, arguments: Sequence[Expression], place: Place, trail: Trail) -> bool:
        try:
            self.evaluate(arguments[0], place, trail)
        except AbsentError:
            return False
        return True

    def _looked_up(self, arguments: Sequence[Expression], place: Place, trail: Trail) -> Any:
        key = known(self.evaluate(arguments[1], place, trail))
        try:
            return self._descend(arguments[0], [[key]], place, trail)
        except AbsentError:
            if len(arguments) < 3:
                raise
            return self.evaluate(arguments[2], place, trail)

    # -- what lies within ---------------------------------------------------------------------------------------------

    def _descend(
        self, expression: Expression, steps: Sequence[Any], place: Place, trail: Trail, spot: Spot | None = None
    ) -> Any:
        """What the steps lead to within an expression; of an object no more is evaluated than that."""
        name = steps[0][0] if steps and isinstance(steps[0], list) else steps[0] if steps else None
        literal = expression[0] == "obj" and all(key[0] == "lit" for key, _, _ in expression[1])
        if literal and isinstance(name, str) and name != SPLAT:
            entry = next((one for one in reversed(expression[1]) if one[0][1] == name), None)
            if entry is None:
                raise AbsentError(f"there is no {name} in it")
            if spot:
                trail.add(name, spot.at, entry[2], spot.told.file)
            return self._descend(entry[1], steps[1:], place, trail, spot)
        if expression[0] == "ref" and steps:
            inner = [expression[1][0], *self._keys(expression[1][1:], place, trail)]
            return self._reference([*inner, *steps], place, trail)
        return self._into(self.evaluate(expression, place, trail), steps, place, trail)

    def _into(self, value: Any, steps: Sequence[Any], place: Place, trail: Trail) -> Any:
        """What stands within a value."""
        for at, step in enumerate(steps):
            key = step[0] if isinstance(step, list) else step
            if isinstance(value, Unknown):
                raise CannotTellError(value.why)
            if isinstance(value, Config):
                return self._in_config(value, steps[at:], place, trail)
            if step == SPLAT:
                several = value if isinstance(value, list) else [] if value is None else [value]
                return [self._into(item, steps[at + 1 :], place, trail) for item in several]
            try:
                value = value[int(key)] if isinstance(value, list) and int(key) >= 0 else value[_string(key)]
            except (LookupError, TypeError, ValueError) as error:
                raise AbsentError(f"there is no {key} in it") from error
        return value


_SPECIAL = {
    "try": Forms._try, "can": Forms._can, "coalesce": Forms._coalesce, "lookup": Forms._looked_up,
}  # fmt: skip
"""Functions that don't evaluate all of their arguments."""


def _pairs(value: Any) -> list[tuple[Any, Any]]:
    """Keys and values as `for` goes through them. Raises: CannotTellError."""
    if isinstance(value, dict):
        return [(key, value[key]) for key in sorted(value)]
    if isinstance(value, list):
        return list(enumerate(value))
    raise CannotTellError("for goes through what is no collection")


def _string(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise CannotTellError(value.why if isinstance(value, Unknown) else "a part of the text is no text")
