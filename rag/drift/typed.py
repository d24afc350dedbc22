"""Values as documents and code write them, made comparable: instance types, runtimes, ranges, versions, durations, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 2592000, "year": 31536000}
_SHORT = {"s": 1, "m": 60, "h": 3600, "d": 86400}
NUMBERS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()
    )
}
_SIZES = {"k": 1 / 1024, "m": 1, "g": 1024, "t": 1024 * 1024}
_PATTERNS = {
    "instance": r"\b(?:(?:db|cache|ml)\.)?[a-z][a-z0-9]{1,6}\.(?:nano|micro|small|medium|large|\d*xlarge|metal)\b",
    "runtime": r"\b(?:python|nodejs|java|ruby|dotnet|go)\d+(?:\.(?:\d+|x))?(?![\w-]|\.\d)",
    "cidr": r"\b\d{1,3}(?:\.\d{1,3}){3}/\d{1,2}\b",
    "duration": rf"\b(?:\d[\d,]*|{'|'.join(NUMBERS)})[ -](?:{'|'.join(_SECONDS)})s?\b",
    "size": r"(?<![\w.,:/#-])\d+(?:\.\d+)?[ -]?(?-i:[kKMGT]i?B|[KMGT]i)\b",
    "version": r"(?<![\w.-])v?\d+\.\d+(?:\.\d+)?(?![\w-]|\.\d)",
    "number": r"(?<![\w.,:/#-])\d[\d,]*(?![\w%/:-]|\.\d)",
}
_ANY = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PATTERNS.items()), re.I)


@dataclass(frozen=True)
class Typed:
    """A value in a text: its kind, what it comes to (seconds for a duration, MiB for a size), as written, and where it starts."""

    kind: str
    value: Any
    text: str
    at: int


def values_in(text: str) -> Iterator[Typed]:
    """The values that a text states, in order."""
    for match in _ANY.finditer(text):
        kind = str(match.lastgroup)
        yield Typed(kind, _normal(kind, match[0].lower()), match[0], match.start())


def unmarked(text: str) -> str:
    """A text in which values stand bare that it has in code marks: these name nothing."""
    return re.sub(r"`([^`\n]+)`", lambda match: match[1] if _is_value(match[1]) else match[0], text)


def _is_value(text: str) -> bool:
    return any(value.text == text for value in values_in(text))


def _normal(kind: str, text: str) -> Any:
    if kind == "duration":
        number, unit = re.split(r"[ -]", text, maxsplit=1)
        amount = NUMBERS[number] if number in NUMBERS else int(number.replace(",", ""))
        return amount * _SECONDS[unit.removesuffix("s")]
    if kind == "size":
        number, letter = re.match(r"([\d.]+)[ -]?([kmgt])", text).groups()  # type: ignore[union-attr]  # as its pattern has it
        return float(number) * _SIZES[letter]
    if kind == "number":
        return int(text.replace(",", ""))
    return text.removeprefix("v") if kind == "version" else text


def agrees(stated: Typed, value: Any, name: str) -> bool | None:  # noqa: PLR0911  # one return a kind
    """Whether what code sets under this attribute name is the stated value; None where the two can't be compared."""
    if isinstance(value, list):
        found = [told for item in value if (told := agrees(stated, item, name)) is not None]
        return any(found) if found else None
    text = str(value).lower().strip()
    match stated.kind:
        case "instance" | "cidr" | "runtime":
            return text == stated.value if re.fullmatch(_PATTERNS[stated.kind], text) else None
        case "version":
            bare = re.sub(r"^[a-z_]+(?=\d)|-eksbuild\.\d+$", "", text.lstrip("v~>= "))  # python3.11, OpenSearch_2.13
            same = f"{bare}.".startswith(f"{stated.value}.") or f"{stated.value}.".startswith(f"{bare}.")
            return same if re.fullmatch(r"\d+\.\d+(?:\.\d+)?", bare) else None
        case "duration":
            seconds = _seconds(text, name)
            return None if seconds is None else abs(seconds - stated.value) < max(1, stated.value * 0.04)
        case "number":
            return int(text) == stated.value if re.fullmatch(r"\d+", text) else None
        case "size":
            return alike(stated.value, int(text) * _unit_of(name)) if re.fullmatch(r"\d+", text) else None
        case "state":
            return None if (on := is_on(text)) is None else on == stated.value
    return None


def is_on(text: str) -> bool | None:
    """Whether a switch is on that code sets to this; None where it sets none."""
    return {"true": True, "enabled": True, "false": False, "disabled": False}.get(text.lower())


def alike(one: float, two: float) -> bool:
    """Whether two sizes are the same but for what a kilobyte is: 1 TB is 1000 GB, or 1024."""
    return abs(one - two) <= 0.05 * max(one, two)


def _unit_of(name: str) -> float:
    """What 1 of an attribute is in MiB: storage and disks are given in GiB, memory in MiB, unless the name says otherwise."""
    if re.search(r"_(?:gb|gib)$", name):
        return _SIZES["g"]
    return 1 if "memory" in name or re.search(r"_(?:mb|mib)$", name) else _SIZES["g"]


def _seconds(text: str, name: str) -> int | None:
    """A duration in code: `30d`, or a number whose attribute's name tells the unit."""
    if match := re.fullmatch(r"(\d+)([smhd])", text):
        return int(match[1]) * _SHORT[match[2]]
    if not re.fullmatch(r"\d+", text):
        return None
    for unit, seconds in _SECONDS.items():
        if unit in name:
            return int(text) * seconds
    if name.endswith(("retention_period", "retention", "retention_limit")):
        return int(text) * 86400
    return int(text) if re.search("timeout|ttl", name) else None
