"""Fields in the header of a page: `:owner: sre` of reStructuredText and AsciiDoc, `#+OWNER: sre` of Org, `<!-- owner: sre -->`,
`<meta name="owner" content="sre">`, and the `Owner: sre` lines that MultiMarkdown and MkDocs take at a page's very beginning.
`ingest.declarations` calls `fields_of`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from ingest.declarations.names import Pair

_HEADER = 60  # lines in which fields are the page's own
_FIELD = re.compile(r":(!?[A-Za-z][\w -]{0,60}?!?)(?: lang=[\w-]{1,20})?:(?:\s+(.*))?$")
_ORG = re.compile(r"#\+([A-Za-z][\w-]{0,60}):(.*)$")
_COMMENT = re.compile(r"<!--\s{0,9}([A-Za-z][\w -]{0,60}?)\s{0,9}:([^\n]*)-->\s*$")
_LINE = re.compile(r"([A-Za-z][\w -]{0,40}?) ?:(?:[ \t]+(.*))?$")
_SEEN = 1000  # characters of a line that are looked at
_EXAMPLE = re.compile(r"```|~~~|#\+begin_", re.I)  # what follows is shown, not said
_META = re.compile(r"<meta\b([^>]{0,1000})>", re.I)
_ATTRIBUTE = re.compile(r"([\w:-]{1,40})\s{0,9}=\s{0,9}(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)")
_NAMING = ("name", "property", "itemprop", "http-equiv")


def fields_of(text: str, start: int) -> list[Pair]:
    """The fields of a text whose front matter ends before line `start` (0-based); of a name that is there twice, both."""
    lines = [line.rstrip("\r") for line in text.split("\n", start + _HEADER)[start : start + _HEADER]]
    header = next((n for n, line in enumerate(lines) if _EXAMPLE.match(line)), len(lines))
    found = [*_marked(lines[:header]), *_in_comments(lines[:header]), *([] if start else _leading(lines[:header]))]
    return found[::-1]  # the last of a name counts


def _marked(lines: Sequence[str]) -> Iterator[Pair]:
    """Fields by their marks, each with the indented lines below it."""
    meta = False
    for at, line in enumerate(lines):
        meta = line.startswith(".. meta::") or (meta and line[:1] in ("", " ", "\t"))
        match = _FIELD.match(line.strip() if meta else line) or _ORG.match(line) or _COMMENT.match(line)
        if match:
            yield match[1], _value(match[2] or "", lines, at + 1, meta=meta)


def _in_comments(lines: Sequence[str]) -> Iterator[Pair]:
    """The `name: value` lines within comments of several lines, which some wikis take for a page's properties."""
    within = False
    for at, line in enumerate(lines):
        text = line.strip()
        if not within and (not text.startswith("<!--") or "-->" in text):
            continue
        inside = text.removeprefix("<!--").partition("-->")[0].strip(" \t-*")[:_SEEN]
        within = "-->" not in text
        if match := _LINE.match(inside):
            below = next((n for n in range(at + 1, len(lines)) if "-->" in lines[n]), len(lines)) if within else at
            yield match[1], _value(match[2] or "", lines[:below], at + 1, meta=False)


def _value(value: str, lines: Sequence[str], at: int, *, meta: bool) -> str:
    value = value.strip()
    while at < len(lines) and lines[at].strip() and not meta:
        if not (lines[at][:1].isspace() or value.endswith("\\")):
            break
        value = "\n".join((value.rstrip("\\").strip(), lines[at].strip()))
        at += 1
    return value.strip()


def _leading(lines: Sequence[str]) -> Iterator[Pair]:
    """The `Name: value` lines that a page begins with, if there is nothing else up to the first blank line."""
    first = next((n for n, line in enumerate(lines) if line.strip("\ufeff \t")), len(lines))
    pairs: list[tuple[str, str]] = []
    for line in (line.strip("\ufeff") for line in lines[first:]):
        if not line.strip():
            break
        if pairs and line[0] in " \t":
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]}\n{line.strip()}".strip())
        elif match := _LINE.match(line):
            pairs.append((match[1], (match[2] or "").strip()))
        else:
            return
    yield from pairs


def meta_pair(attributes: Mapping[str, str]) -> Pair | None:
    """What a `<meta>` with these attributes says, their names in small letters."""
    name = next((attributes[key] for key in _NAMING if attributes.get(key)), "")
    return (name, attributes.get("content", "")) if name else None


def metas(text: str) -> list[Pair]:
    """What the `<meta>` elements of a template of HTML say, which no parser of HTML reads."""
    found = []
    for match in _META.finditer(text):
        attributes = {name.lower(): value.strip("\"'") for name, value in _ATTRIBUTE.findall(match[1])}
        if pair := meta_pair(attributes):
            found.append(pair)
    return found
