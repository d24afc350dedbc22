"""YAML that no YAML parser takes, since it is a template: keys and list items by their indentation, as PyYAML's nodes.

Lines of the template's own (`{{- if … }}`, `{% for … %}`) are passed over, values are taken as they stand. `ingest.parsers.yaml`
calls this, so that rules, jobs and manifests in templates are named as others are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import yaml as pyyaml

_BLOCK = re.compile(r"(?:[&!]\S+\s+)*[|>][-+\d]*\s*(?:#.*)?$")
_DASH = re.compile(r"-\s+")
_CONTROL = ("{{", "{%", "{#", "%{", "<%")
_CLOSED = ("}}", "%}", "#}", "}", "%>")
_LONGEST_KEY = 120
_DASHES = 8  # lists within lists that begin on one line


@dataclass
class _Open:
    """A mapping or sequence that stands at a column and may go on."""

    column: int
    node: pyyaml.Node
    lists: bool


@dataclass
class _Reader:
    """The open collections, outermost first; `root` is the first one."""

    open: list[_Open] = field(default_factory=list)
    root: pyyaml.Node | None = None

    def item(self, column: int, row: int) -> None:
        """A dash: one more item, whose value comes behind it."""
        while self.open and self.open[-1].column > column:
            self.open.pop()
        top = self.open[-1] if self.open else None
        if not (top and top.lists and top.column == column):
            self._begin(column, row, True)
        self.open[-1].node.value.append(_scalar("", row, column))

    def entry(self, column: int, row: int, key: str, value: str) -> None:
        """A key with what stands behind it on its line."""
        while self.open and (self.open[-1].column > column or (self.open[-1].lists and self.open[-1].column == column)):
            self.open.pop()
        if not (self.open and not self.open[-1].lists and self.open[-1].column == column):
            self._begin(column, row, False)
        self.open[-1].node.value.append((_scalar(key, row, column), _scalar(value, row, column)))

    def text(self, row: int, value: str) -> None:
        """Something else behind a dash: the item's value."""
        if self.open and self.open[-1].lists and self.open[-1].node.value:
            last = self.open[-1].node.value[-1]
            if isinstance(last, pyyaml.ScalarNode) and not last.value and last.start_mark.line == row:
                last.value = value

    def _begin(self, column: int, row: int, lists: bool) -> None:
        """A collection that becomes the value of the last key or item of the one around it."""
        mark = _mark(row, column)
        node: pyyaml.Node = (
            pyyaml.SequenceNode("tag:yaml.org,2002:seq", [], mark, mark)
            if lists
            else pyyaml.MappingNode("tag:yaml.org,2002:map", [], mark, mark)
        )
        if self.open:
            around = self.open[-1]
            values = around.node.value
            if around.lists:
                node.start_mark = values[-1].start_mark if values else mark
                values[-1:] = [node]
            elif values:
                values[-1] = (values[-1][0], node)
        elif self.root is None:
            self.root = node
        else:  # something beside the root, further left than it: goes on in the root where it can
            self._join(node, lists)
        self.open.append(_Open(column, node, lists))

    def _join(self, node: pyyaml.Node, lists: bool) -> None:
        if isinstance(self.root, pyyaml.SequenceNode) == lists and self.root is not None:
            node.value = self.root.value


def compose_lines(lines: Sequence[str], start: int, end: int) -> pyyaml.Node | None:
    """The nodes of lines[start:end]; None when nothing in them is an entry."""
    reader = _Reader()
    unclosed = False
    text_under = -1  # the column of the key whose block of text goes on
    for row in range(start, end):
        line = lines[row].expandtabs(2)
        body = line.strip()
        column = len(line) - len(line.lstrip())
        if unclosed:  # something of the template's own that goes on over several lines
            unclosed = not body.endswith(_CLOSED)
            continue
        own = body.startswith(_CONTROL)
        unclosed = own and not any(closing in body for closing in _CLOSED)
        if text_under >= 0 and (not body or column > text_under or own):
            continue
        text_under = -1
        if not body or body.startswith("#") or unclosed or (own and body.endswith(_CLOSED)):
            continue
        for _ in range(_DASHES):
            if not (match := _DASH.match(body)):
                break
            reader.item(column, row)
            column += match.end()
            body = body[match.end() :]
        if body == "-":
            reader.item(column, row)
            continue
        key, found, value = _split(body)
        if not found:
            reader.text(row, body)
            continue
        reader.entry(column, row, key, value)
        if _BLOCK.match(value):
            text_under = column
    return reader.root


def _split(body: str) -> tuple[str, bool, str]:
    """(key, whether there is one, value)."""
    if body[0] in "\"'":
        close = body.find(body[0], 1)
        if close > 0 and body[close + 1 : close + 2] == ":" and (body[close + 2 : close + 3] or " ").isspace():
            return body[1:close], True, body[close + 2 :].strip().strip("\"'")
        return "", False, ""
    key, colon, value = body.partition(": ")
    if not colon and body.endswith(":"):
        key, colon, value = body[:-1], ":", ""
    if not colon or not 0 < len(key) <= _LONGEST_KEY or (key[0] in "[{|>&*!%@`" and not key.startswith("{{")):
        return "", False, ""
    value = value.strip()
    return key.strip(), True, value if _BLOCK.match(value) else value.strip("\"'")


def _scalar(value: str, row: int, column: int) -> pyyaml.ScalarNode:
    mark = _mark(row, column)
    return pyyaml.ScalarNode("tag:yaml.org,2002:str", value, mark, mark)


def _mark(row: int, column: int) -> pyyaml.Mark:
    return pyyaml.Mark("", 0, row, column, None, 0)
