"""The values that a clause states, each with a kind that tells what it may be held against: times, sizes, counts, ports,
versions, addresses, channels, who does it, how often, and whether something is on. `statements` asks `quantities`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.drift.typed import NUMBERS, values_in
from rag.indexes.tokens import STOP_WORDS

_CLOCK = re.compile(r"(?<![\w:.-])([01]?\d|2[0-3]):([0-5]\d)(?![\w:])")
_CONTACT = re.compile(r"(?<![\w@/.(-])(?:#[a-z][\w-]{2,}|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)(?![\w@])")
_PERCENT = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?) ?(?:%|per ?cent\b)")
_SHORT = re.compile(r"(?<![\w.,:/-])(\d+) ?(s|min|h|d)(?![\w/-])")
_SPELT = re.compile(rf"\b({'|'.join(word for word in NUMBERS if word != 'zero')}) ([a-z]{{4,}})\b", re.I)
_REGION = re.compile(
    r"(?<![\w-])(?:[a-z]{2}-(?:gov-)?(?:north|south|east|west|central)+-\d|(?:europe|us|asia)-\w+\d)\b"
)
_HOST = re.compile(r"`([a-z0-9-]+(?:\.[a-z0-9-]+){2,})`")
_AT_HOST = re.compile(r"\b(?:endpoint|host(?:name)?|address|url)\b", re.I)
_DAY = re.compile(r"\b((?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b")
_OFTEN = re.compile(
    r"\b(hourly|daily|nightly|weekly|monthly|quarterly|yearly)(?=\s*(?:$|[.,;)])|\s(?:at|by|on)\b)", re.I
)
_BY = re.compile(
    r"\b(?:approved|owned|maintained|reviewed|operated|signed off) by (?:the )?([A-Za-z][\w-]*(?: [a-z-]+)? team|[A-Z][\w-]+)"
)
_ON = re.compile(
    r"\b(?:is|are) (?:now |always )?(?:(?:switched |turned )?(on|off)(?=\s*(?:$|[.;,)]| for\b| in\b))|(enabled|disabled)\b)",
    re.I,
)
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def quantities(clause: str) -> Iterator[tuple[str, object, str]]:
    """(kind with its unit, value, as written) of what a clause states."""
    for match in _CLOCK.finditer(clause):
        yield "clock", (int(match[1]), match[2]), match[0]
    for match in _CONTACT.finditer(clause):
        yield ("address" if "@" in match[0] else "channel"), match[0].lower(), match[0]
    for match in _PERCENT.finditer(clause):
        yield "percent", float(match[1]), match[0]
    for match in _SHORT.finditer(clause):
        yield "duration", int(match[1]) * _SECONDS[match[2]], match[0]
    yield from _words_for(clause)
    yield from _numbers(clause)


def _words_for(clause: str) -> Iterator[tuple[str, object, str]]:
    """What is no number."""
    for kind, pattern in (("region", _REGION), ("weekday", _DAY), ("often", _OFTEN)):
        for match in pattern.finditer(clause):
            yield kind, match[0].lower(), match[0]
    for match in _BY.finditer(clause):
        yield "by", match[1].lower(), match[1]
    for match in _ON.finditer(clause):
        yield "state", (match[1] or match[2]).lower() in ("on", "enabled"), match[0]
    for match in _HOST.finditer(clause) if _AT_HOST.search(clause) else ():
        yield "host", match[1], match[0]


def _numbers(clause: str) -> Iterator[tuple[str, object, str]]:
    for value in values_in(clause):
        after = re.match(r"\s+([a-z]{3,})\b", clause[value.at + len(value.text) :])
        if value.kind != "number":
            yield value.kind, value.value, value.text
        elif re.search(r"\bport (?:is |of |number )?$|\bport of [\w -]+ is $", clause[: value.at], re.I):
            yield "port", value.value, value.text
        elif after and after[1] not in STOP_WORDS:
            yield f"number {stem(after[1])}", value.value, f"{value.text} {after[1]}"
    for match in _SPELT.finditer(clause):
        if match[2] not in STOP_WORDS and not any(value.at == match.start() for value in values_in(clause)):
            yield f"number {stem(match[2])}", NUMBERS[match[1].lower()], match[0]


def stem(word: str) -> str:
    return re.sub(r"(?<=[a-z]{3})(?:ing|ed|es|s|ly|e)$", "", word)
