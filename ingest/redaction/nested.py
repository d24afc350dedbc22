"""Texts within texts: JSON, YAML or a script that stands in quotes on one line, as in annotations of Kubernetes, in `user_data` and in
logs. Each is read as the text that it is, and what is redacted there is put back as it was written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ingest.redaction.keywords import Index
from ingest.redaction.marks import ALLOWED, Finding, compiled
from ingest.redaction.names import HINTS

SIGNS = ('\\"', "\\n")  # of a text within a text
_STRING = compiled(r'"((?:[^"\\\n]|\\.)*)"')
_PIECE = re.compile(r"\\u[0-9a-fA-F]{4}|\\.|[^\\]|\\")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_WITHIN = re.compile(r'\\"|\\n(?=.)')  # not at its end alone, as in notebooks
_HINTED = re.compile("|".join(map(re.escape, HINTS)), re.I)
_MARK = re.compile(r"(\[REDACTED:[\w-]+\])")
_YAML = re.compile(r"^\s*(?:- +)?[\w.-]+:(?:\s|$)")
Redact = Callable[[str, str], tuple[str, tuple[Finding, ...]]]


def nested(lines: list[str], index: Index, found: set[Finding], redact: Redact) -> None:
    """Redacts the texts that stand in quotes on the lines of a text, by the rules for whole texts."""
    hinted = set(index.rows(HINTS)) if index.has(SIGNS) else set[int]()
    for at in index.rows(SIGNS) if hinted else ():
        if at not in hinted or ALLOWED.search(lines[at]):
            continue
        line, parts, end = lines[at], list[str](), 0
        for match in _STRING.finditer(line):
            written, (start, stop) = match.group(1), match.span(1)
            if len(written) < 12 or not _WITHIN.search(written) or not _HINTED.search(written):
                continue
            pieces = _PIECE.findall(written)
            text = "".join(map(_character, pieces))
            redacted, inner = redact(text, _path(text))
            if inner:
                parts += [line[end:start], *_put_back(pieces, text, redacted)]
                end = stop
                found |= {Finding(at + 1, finding.rule) for finding in inner}
        lines[at] = "".join([*parts, line[end:]])


def _character(piece: str) -> str:
    if len(piece) == 1:
        return piece
    return chr(int(piece[2:], 16)) if piece[1] == "u" and len(piece) > 2 else _ESCAPES.get(piece[1], piece[1])


def _path(text: str) -> str:
    """What such a text would be called, were it a file."""
    if text.lstrip().startswith(("{", "[")):
        return "text.json"
    return "text.yaml" if _YAML.match(text) else "text.sh"


def _put_back(pieces: list[str], text: str, redacted: str) -> Iterator[str]:
    """The marks, and between them what stayed, with its characters as they were written."""
    at = 0
    for part in _MARK.split(redacted):
        if text.startswith(part, at) and not _MARK.fullmatch(part):
            yield from pieces[at : at + len(part)]
            at += len(part)
        elif _MARK.fullmatch(part):
            yield part
        else:
            at = text.find(part, at)
            yield from pieces[at : at + len(part)]
            at += len(part)
