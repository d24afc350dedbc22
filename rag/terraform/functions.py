"""The functions and operators of Terraform that can be computed from known values. `rag.terraform.evaluation` calls them.

Semantics: https://developer.hashicorp.com/terraform/language/functions. One that raises what Python raises for a wrong argument
says that the value can't be told.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import itertools
import json
import math
import operator
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rag.terraform.unknown import Unknown

_VERB = re.compile(r"%(%|[-+ 0#]*\d*(?:\.\d+)?[a-zA-Z])")
_TITLE = re.compile(r"(?<![0-9A-Za-z_])[a-z]")
_MOST = 10_000  # elements of a list that is made


def same(left: Any, right: Any) -> bool:
    """Terraform's `==`: nothing equals what is of another type, but 1 and 1.0 are one number."""
    return type(left) is type(right) and left == right or _numbers(left, right) and left == right  # noqa: RUF021


def unique(items: Iterable[Any]) -> list[Any]:
    """Without doubles, in order."""
    found: list[Any] = []
    for item in items:
        if not any(same(item, other) for other in found):
            found.append(item)
    return found


def as_json(value: Any) -> str:
    """As `jsonencode` writes it: no spaces, keys sorted, `<`, `>` and `&` escaped."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or value is None:
        raise TypeError(value)
    return value if isinstance(value, int | float) else int(value) if re.fullmatch(r"-?\d+", value) else float(value)


def _text(value: Any) -> str:
    if isinstance(value, list | dict) or value is None:
        raise TypeError(value)
    return value if isinstance(value, str) else json.dumps(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _format(template: str, *arguments: Any) -> str:
    rest = list(arguments)

    def filled(match: re.Match[str]) -> str:
        verb = match[1][-1]
        if verb == "%":
            return "%"
        value = rest.pop(0)
        if verb == "d":
            value = operator.index(value)
        elif verb in "vs":
            value = value if isinstance(value, str) else as_json(value)
        elif verb == "q":
            return as_json(_text(value))
        elif verb not in "fxX":
            raise ValueError(verb)
        return str(f"%{match[1][:-1]}{'s' if verb == 'v' else verb}" % value)

    return _VERB.sub(filled, template)


def _formatlist(template: str, *arguments: Any) -> list[str]:
    sizes = {len(argument) for argument in arguments if isinstance(argument, list)}
    (size,) = sizes or {1}
    return [_format(template, *(a[at] if isinstance(a, list) else a for a in arguments)) for at in range(size)]


def _merge(*maps: Mapping[str, Any] | None) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for one in maps:
        merged |= one or {}
    return merged


def _lookup(found: Mapping[str, Any], key: str, *default: Any) -> Any:
    return found[key] if key in found or not default else default[0]


def _flatten(value: Any) -> list[Any]:
    return [inner for item in _list(value) for inner in (_flatten(item) if isinstance(item, list) else [item])]


def as_set(value: Any) -> list[Any]:
    """Without doubles; texts sorted, as Terraform goes through them."""
    items = unique(_list(value))
    return sorted(items) if all(isinstance(item, str) for item in items) else items


def _replace(text: str, old: str, new: str) -> str:
    if len(old) > 1 and old[0] == old[-1] == "/":
        import re2

        return str(re2.sub(old[1:-1], re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", new), text))
    return text.replace(old, new)


def _regex(pattern: str, text: str) -> Any:
    import re2

    match = re2.search(pattern, text)
    if match is None:
        raise ValueError(pattern)
    return match.groupdict() or (list(match.groups()) if match.groups() else match.group())


def _range(*arguments: Any) -> list[int]:
    made = range(*map(operator.index, arguments))
    if len(made) > _MOST:
        raise ValueError(len(made))
    return list(made)


def _slice(value: Any, start: int, end: int) -> list[Any]:
    if not 0 <= start <= end <= len(_list(value)):
        raise IndexError(end)
    return list(value[start:end])


def _substr(text: str, offset: int, length: int) -> str:
    start = offset if offset >= 0 else len(text) + offset
    return text[start:] if length < 0 else text[start : start + length]


def _network(prefix: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(prefix, strict=False)


def _cidrsubnet(prefix: str, bits: int, number: int) -> str:
    network = _network(prefix)
    length = network.prefixlen + bits
    if bits < 0 or length > network.max_prefixlen or not 0 <= number < 2**bits:
        raise ValueError(number)
    first = int(network.network_address) + (number << (network.max_prefixlen - length))
    return f"{type(network.network_address)(first)}/{length}"


def _cidrsubnets(prefix: str, *bits: int) -> list[str]:
    network = _network(prefix)
    at, found = int(network.network_address), []
    for more in bits:
        size = 1 << (network.max_prefixlen - network.prefixlen - more)
        at = -(-at // size) * size
        found.append(f"{type(network.network_address)(at)}/{network.prefixlen + more}")
        at += size
    if at - 1 > int(network.broadcast_address):
        raise ValueError(prefix)
    return found


def _cidrhost(prefix: str, number: int) -> str:
    network = _network(prefix)
    if not -network.num_addresses <= number < network.num_addresses:
        raise ValueError(number)
    return str(network[number])


def _index(value: Any, item: Any) -> int:
    return next(at for at, other in enumerate(_list(value)) if same(item, other))


def _one(value: Any) -> Any:
    if len(_list(value)) > 1:
        raise ValueError(len(value))
    return value[0] if value else None


def _coalescelist(*lists: Any) -> Any:
    return next(one for one in lists if one)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs, "alltrue": lambda v: all(map(_truth, v)), "anytrue": lambda v: any(map(_truth, v)),
    "basename": posixpath.basename, "base64encode": lambda text: base64.b64encode(text.encode()).decode(), "ceil": math.ceil,
    "chomp": lambda v: v.rstrip("\r\n"), "chunklist": lambda v, n: [_list(v)[at : at + n] for at in range(0, len(v), n)],
    "cidrhost": _cidrhost, "cidrnetmask": lambda prefix: str(_network(prefix).netmask), "cidrsubnet": _cidrsubnet,
    "cidrsubnets": _cidrsubnets, "coalescelist": _coalescelist,
    "compact": lambda v: [item for item in _list(v) if item not in (None, "")],
    "concat": lambda *lists: [item for one in lists for item in _list(one)],
    "contains": lambda v, item: any(same(item, other) for other in _list(v)), "dirname": posixpath.dirname,
    "distinct": lambda v: unique(_list(v)), "element": lambda v, at: _list(v)[at % len(v)], "endswith": str.endswith,
    "flatten": _flatten, "floor": math.floor, "format": _format, "formatlist": _formatlist, "index": _index,
    "join": lambda separator, *lists: separator.join(_text(item) for one in lists for item in _list(one)),
    "jsondecode": json.loads, "jsonencode": as_json, "keys": sorted, "length": len, "lookup": _lookup, "lower": str.lower,
    "max": max, "merge": _merge, "md5": lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(), "min": min,
    "nonsensitive": lambda v: v, "one": _one, "parseint": int, "range": _range, "regex": _regex, "replace": _replace,
    "reverse": lambda v: _list(v)[::-1],
    "setintersection": lambda *sets: as_set([item for item in sets[0] if all(item in one for one in sets)]),
    "setproduct": lambda *sets: [list(items) for items in itertools.product(*sets)],
    "setsubtract": lambda a, b: as_set([item for item in a if item not in b]),
    "setunion": lambda *sets: as_set([item for one in sets for item in one]),
    "sha256": lambda t: hashlib.sha256(t.encode()).hexdigest(), "slice": _slice, "sort": lambda v: sorted(map(_text, _list(v))),
    "split": lambda separator, text: text.split(separator), "startswith": str.startswith,
    "strcontains": lambda text, part: part in text, "substr": _substr, "sum": lambda v: sum(map(_number, v)),
    "title": lambda text: _TITLE.sub(lambda m: m[0].upper(), text),
    "tobool": lambda v: {"true": True, "false": False}[_text(v)], "tolist": _list, "tomap": dict, "tonumber": _number,
    "toset": as_set, "tostring": _text, "trim": str.strip, "trimprefix": str.removeprefix, "trimspace": str.strip,
    "trimsuffix": str.removesuffix, "upper": str.upper, "values": lambda v: [v[key] for key in sorted(v)],
    "zipmap": lambda k, v: dict(zip(k, v, strict=True)),
}  # fmt: skip
"""Functions by name; each takes values all of which are known, but for those in `PARTIAL`."""
PARTIAL = frozenset({"merge", "lookup", "keys", "length", "concat", "element", "values", "slice", "zipmap", "reverse"})
"""Functions that need no more of a collection than that it is there: an unknown element stays one."""
NOT_BEFORE_APPLY = {
    **dict.fromkeys(("timestamp", "plantimestamp", "uuid", "bcrypt"), "{} gives another value at each run"),
    **dict.fromkeys(("file", "templatefile", "filebase64", "fileset", "filemd5", "filesha256"), "{} reads a file"),
    "sensitive": "it is sensitive",
}
"""Why what these functions give is not told."""


def settled(value: Any) -> bool:
    """Whether no part of a value is unknown."""
    if isinstance(value, dict | list):
        return all(map(settled, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, Unknown)


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def run(left: Any, right: Any) -> Any:
        value = compute(_number(left), _number(right))
        return int(value) if isinstance(value, float) and value.is_integer() else value

    return run


def _modulo(left: Any, right: Any) -> Any:
    return math.fmod(left, right)  # keeps the sign of the left, as Go's does


OPERATORS: Mapping[tuple[str, int], Callable[..., Any]] = {
    ("+", 2): _arithmetic(operator.add), ("-", 2): _arithmetic(operator.sub), ("*", 2): _arithmetic(operator.mul),
    ("/", 2): _arithmetic(operator.truediv), ("%", 2): _arithmetic(_modulo),
    ("==", 2): same, ("!=", 2): lambda a, b: not same(a, b),
    ("<", 2): _arithmetic(operator.lt), (">", 2): _arithmetic(operator.gt), ("<=", 2): _arithmetic(operator.le),
    (">=", 2): _arithmetic(operator.ge), ("&&", 2): lambda a, b: _truth(a) and _truth(b),
    ("||", 2): lambda a, b: _truth(a) or _truth(b), ("!", 1): lambda a: not _truth(a), ("-", 1): lambda a: -_number(a),
}  # fmt: skip


def arguments_of(values: Sequence[Any], expands: bool) -> list[Any]:
    """The arguments of a call; `f(list...)` hands over the list's elements."""
    return [*values[:-1], *_list(values[-1])] if expands and values else list(values)
