"""Places where a syntax takes a password without naming it so that `assignments` could read it: what the tables of
`commands`, `servers` and `sentences` are made of, and the one walk that takes their secrets out."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ingest.redaction.keywords import Index
from ingest.redaction.marks import ALLOWED, Finding, compiled, replace
from ingest.redaction.names import names_secret
from ingest.redaction.values import is_chance, is_credential, is_opaque, is_strong, stands_for_another


class Place(NamedTuple):
    """Where a secret is taken. A line without any of the keywords is not searched. Groups of the pattern: `single`, `double`,
    `tick` in quotes, `bare` without, `opaque` what must be random to count, `strong` what must be no word, `phrase` words, `coded` base64. `sure`: whatever stands there is a secret. `within`: the
    program in whose command the place must be."""

    keywords: tuple[str, ...]
    pattern: str
    sure: bool = False
    within: str = ""


QUOTED = r"'(?P<single>[^'\n]{3,})'|\"(?P<double>[^\"\n]{3,})\""
ANY = rf"(?:{QUOTED}|(?P<bare>[^\s'\"`<>{{}}()|;,]{{4,}}))"
SHELL = rf"(?:{QUOTED}|(?P<bare>[^\s'\"`<>|;]{{4,}}))"  # a word of a command line
_GROUPS = ("single", "double", "tick", "bare", "opaque", "strong", "phrase", "coded")
_AFTER_SENTENCE = ".,:;!?)"

# The header of a block of Terraform or Packer: its labels are a type and a name.
_LABELS = re.compile(
    r"^\W{0,6}(?:resource|data|ephemeral|action|module|variable|output|provider|provisioner|dynamic|backend|check|source)(?:\s+\"[\w.-]+\"){1,2}\s*\{\s*$"
)
_COMMAND = r"(?:'[^'\n]*'|\"[^\"\n]*\"|[^|;\n])*"  # up to where the next one begins
_OPTION = re.compile(r"^--?[A-Za-z][A-Za-z-]*$")


class Compiled(NamedTuple):
    """A place, ready to be looked for."""

    place: Place
    pattern: Any
    within: Any
    groups: tuple[tuple[str, int], ...]


def ready(places: Iterable[Place]) -> list[Compiled]:
    """The places with their patterns compiled."""
    result = []
    for place in places:
        pattern = compiled(f"(?m){place.pattern}")
        within = compiled(rf"(?i)\b(?:{place.within})(?:\.exe)?\b{_COMMAND}") if place.within else None
        groups = tuple((name, pattern.groupindex[name]) for name in _GROUPS if name in pattern.groupindex)
        result.append(Compiled(place, pattern, within, groups))
    return result


def take(
    places: Iterable[Compiled], lines: list[str], index: Index, found: set[Finding], *, separator: str = ""
) -> None:
    """What stands at these places. With the `separator` of a table's cells it ends where its cell does."""
    for place in places:
        keywords = place.place.keywords
        if index.has(keywords) and (place.within or place.pattern).search(index.raw):
            for at in index.rows(keywords):
                line = lines[at]
                if not ALLOWED.search(line) and not (line.endswith("{") and _LABELS.match(line)):
                    apart = separator if '"' not in line else ""
                    replace(lines, at, list(spans(place, line, apart)), "password", found)


def spans(place: Compiled, line: str, separator: str = "") -> Iterator[tuple[int, int]]:
    """The columns of a line's secrets at such a place."""
    parts = [m.span() for m in place.within.finditer(line)] if place.within else [(0, len(line))]
    for start, end in parts:
        for match in place.pattern.finditer(line[start:end]):
            if span := _secret(match, place.groups, separator, sure=place.place.sure):
                yield start + span[0], start + span[1]


def _secret(match: Any, groups: tuple[tuple[str, int], ...], separator: str, *, sure: bool) -> tuple[int, int] | None:
    """The columns of the one group that matched, if what stands there is a secret."""
    for name, group in groups:
        value = match.group(group)
        if value is not None:
            value = value.partition(separator)[0] if separator else value
            kept = value.rstrip(_AFTER_SENTENCE) if name in ("bare", "strong") and not sure else value
            start = match.start(group)
            return (start, start + len(kept)) if _counts(kept, name, sure=sure) else None
    return None


def _counts(value: str, quoting: str, *, sure: bool) -> bool:
    if quoting in _OF_THEIR_FORM:
        return _OF_THEIR_FORM[quoting](value)
    if sure:
        return not stands_for_another(value) and not _OPTION.match(value)
    if names_secret(value):
        return False
    words = quoting in ("single", "double") or (quoting == "tick" and value.isalpha())  # names stand between ticks, too
    return is_credential(value, strict=quoting == "bare", password=words, least=6)


def _is_coded(value: str) -> bool:
    """Whether base64 holds a credential, or bytes, rather than words."""
    try:
        text = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode().strip()
    except ValueError:
        return is_chance(value)
    return all(is_credential(part, strict=False, password=True) for part in text.split(":")[-1:])


def _is_phrase(value: str) -> bool:
    return is_credential(value, strict=False, password=True)


_OF_THEIR_FORM = {"opaque": is_opaque, "strong": is_strong, "phrase": _is_phrase, "coded": _is_coded}
