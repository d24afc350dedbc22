"""The functions and operators of Terraform that can be computed from known values. `rag.terraform.values` calls them.

Semantics: https://developer.hashicorp.com/terraform/language/functions
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any


class CannotTellError(Exception):
    """Why a value is not known before apply."""


def _format(template: str, *arguments: Any) -> str:
    """The verbs %s %d %v %q and %%; others can't be told."""
    out, rest, at = "", list(arguments), 0
    while at < len(template):
        if template[at] != "%":
            out, at = out + template[at], at + 1
            continue
        verb = template[at + 1 : at + 2]
        if verb == "%":
            out += "%"
        elif verb in ("s", "d", "v", "q") and rest:
            value = rest.pop(0)
            text = value if isinstance(value, str) else json.dumps(value)
            out += json.dumps(text) if verb == "q" else text
        else:
            raise ValueError(verb)
        at += 2
    return out


def _merge(*maps: Mapping[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for one in maps:
        merged |= one or {}
    return merged


def _lookup(found: Mapping[str, Any], key: str, *default: Any) -> Any:
    return found[key] if key in found or not default else default[0]


def _concat(*lists: Sequence[Any]) -> list[Any]:
    return [item for one in lists for item in _list(one)]


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _flatten(value: Any) -> list[Any]:
    return [inner for item in _list(value) for inner in (_flatten(item) if isinstance(item, list) else [item])]


def _join(separator: str, items: Sequence[Any]) -> str:
    return separator.join(item if isinstance(item, str) else json.dumps(item) for item in _list(items))


def _number(value: Any) -> int | float:
    if isinstance(value, bool):
        raise TypeError(value)
    return value if isinstance(value, int | float) else json.loads(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _set(value: Any) -> list[Any]:
    return sorted(set(_list(value)))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "format": _format, "merge": _merge, "lookup": _lookup, "concat": _concat, "join": _join, "flatten": _flatten,
    "lower": str.lower, "upper": str.upper, "title": str.title, "trimspace": str.strip, "trimprefix": str.removeprefix,
    "trimsuffix": str.removesuffix, "split": lambda separator, text: text.split(separator),
    "tostring": _text, "tonumber": _number, "tobool": lambda v: {"true": True, "false": False}.get(_text(v)),
    "tolist": _list, "toset": _set, "tomap": dict, "distinct": lambda v: list(dict.fromkeys(_list(v))), "sort": sorted,
    "compact": lambda v: [item for item in _list(v) if item not in (None, "")], "length": len, "keys": sorted,
    "values": lambda v: [v[key] for key in sorted(v)], "element": lambda v, at: _list(v)[at % len(v)],
    "contains": lambda v, item: item in _list(v), "min": min, "max": max, "abs": abs, "ceil": math.ceil, "floor": math.floor,
    "reverse": lambda v: _list(v)[::-1], "slice": lambda v, a, b: _list(v)[a:b], "jsonencode": json.dumps,
    "zipmap": lambda k, v: dict(zip(k, v, strict=True)), "startswith": str.startswith, "endswith": str.endswith,
    "nonsensitive": lambda v: v, "one": lambda v: v[0] if len(_list(v)) == 1 else None,
}  # fmt: skip


def _same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and left == right or _numbers(left, right) and left == right  # noqa: RUF021


def _numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def run(left: Any, right: Any) -> Any:
        value = compute(_number(left), _number(right))
        return int(value) if isinstance(value, float) and value.is_integer() else value

    return run


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


OPERATORS: Mapping[tuple[str, int], Callable[..., Any]] = {
    ("+", 2): _arithmetic(operator.add), ("-", 2): _arithmetic(operator.sub), ("*", 2): _arithmetic(operator.mul),
    ("/", 2): _arithmetic(operator.truediv), ("%", 2): _arithmetic(operator.mod),
    ("==", 2): _same, ("!=", 2): lambda a, b: not _same(a, b),
    ("<", 2): _arithmetic(operator.lt), (">", 2): _arithmetic(operator.gt), ("<=", 2): _arithmetic(operator.le),
    (">=", 2): _arithmetic(operator.ge), ("&&", 2): lambda a, b: _truth(a) and _truth(b),
    ("||", 2): lambda a, b: _truth(a) or _truth(b), ("!", 1): lambda a: not _truth(a), ("-", 1): lambda a: -_number(a),
}  # fmt: skip
