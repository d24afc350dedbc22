"""What a variable's type constraint makes of the value that it is given: `"3"` becomes 3, what is left out takes its default.

Rules: https://developer.hashicorp.com/terraform/language/expressions/type-constraints
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rag.terraform.functions import as_set
from rag.terraform.records import Expression
from rag.terraform.unknown import CannotTellError, Unknown

Evaluate = Callable[[Expression], Any]  # of a default within the constraint


def converted(value: Any, constraint: Expression, evaluate: Evaluate) -> Any:  # noqa: PLR0911  # one line a type
    """The value as the constraint (`string`, `list(number)`, `object({a = optional(string, "x")})`) takes it.

    Raises: CannotTellError for a value that doesn't fit.
    """
    if value is None or isinstance(value, Unknown):
        return value
    match constraint:
        case ["ref", [name]] | ["lit", name]:
            return _simple(value, str(name))
        case ["call", "optional", [inner, *_], _]:
            return converted(value, inner, evaluate)
        case ["call", "list", [inner], _] if isinstance(value, list):
            return [converted(item, inner, evaluate) for item in value]
        case ["call", "set", [inner], _] if isinstance(value, list):
            return as_set([converted(item, inner, evaluate) for item in value])
        case ["call", "map", [inner], _] if isinstance(value, dict):
            return {key: converted(item, inner, evaluate) for key, item in value.items()}
        case ["call", "object", [["obj", entries]], _] if isinstance(value, dict):
            return {str(key[1]): _member(value, str(key[1]), inner, evaluate) for key, inner, _ in entries}
    return value


def _member(value: dict[str, Any], name: str, constraint: Expression, evaluate: Evaluate) -> Any:
    given = value.get(name)
    if given is None and constraint[:2] == ["call", "optional"]:
        default = constraint[2][1] if len(constraint[2]) > 1 else None
        given = evaluate(default) if default is not None else None
    elif name not in value:
        raise CannotTellError(f"{name} is missing from an object")
    return converted(given, constraint, evaluate)


def _simple(value: Any, name: str) -> Any:
    match name:
        case "string" if isinstance(value, bool):
            return str(value).lower()
        case "string" if isinstance(value, int | float):
            return json.dumps(value)
        case "number" if isinstance(value, str):
            return _number(value)
        case "bool" if value in ("true", "false"):
            return value == "true"
    return value


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            raise CannotTellError(f"{text!r} is no number") from None
