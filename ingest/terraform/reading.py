"""HCL files as blocks and attributes with exact lines, on tree-sitter-hcl; `.tf.json` stands in `json_syntax`.

A file with a syntax error is cut at block headers in column 0 and each piece read alone, so that one broken block costs that
block only, and of that only what is not sound. Expressions become small nested lists that can be stored and evaluated.
Grammar: https://github.com/tree-sitter-grammars/tree-sitter-hcl; language: hashicorp/hcl, hclsyntax/spec.md.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ingest.terraform.expressions import expression, relined
from ingest.terraform.references import Reference, text_of, without
from rag.terraform.records import Expression

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_HEADER = re.compile(rb'^[a-z_]+(?:[ \t]+(?:"[^"\n]*"|[A-Za-z_][\w-]*))*[ \t]*\{', re.M)
_FREE = 4096  # bytes that are read however long they take, while there is time
_SECONDS, _SECONDS_PER_MB = 1.5, 4.0  # of a processor for one file: sound code takes 0.4 a MB
_SHARE = 0.3  # of that for a file as a whole, and for each of its blocks by its size
_MARKS = re.compile(r"^\s*(?:#+|//+|/\*+|\*(?!/))?\s?|\s*\*/\s*$")  # of comments


class Attribute(NamedTuple):
    """`name = expression` on lines start to end (1-based, inclusive); `lead` is the first line of the comment above it."""

    name: str
    lead: int
    start: int
    end: int
    expression: Expression
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True)
class Block:
    """A block: `type "label" "label" { … }`. `comment` is the run of comments that ends on the line above it, `lead` its first
    line."""

    type: str
    labels: tuple[str, ...]
    lead: int
    start: int
    end: int
    comment: str = ""
    attributes: tuple[Attribute, ...] = ()
    blocks: tuple[Block, ...] = ()

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of this name, if it has one."""
        return next((attribute for attribute in self.attributes if attribute.name == name), None)


@dataclass(frozen=True)
class File:
    """What a file holds at its top. `error_line` is that of the first syntax error, 0 when there is none."""

    blocks: tuple[Block, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    error_line: int = 0


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter_hcl
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_hcl.language()))


class Patience:
    """How long the grammar may take: what it can't make sense of costs it the square of its length."""

    def __init__(self, size: int) -> None:
        self._until = time.process_time() + _SECONDS + _SECONDS_PER_MB * size / 1e6

    def for_a_part(self, size: int) -> Callable[..., bool]:
        """Whether the time of a part of this many bytes is over, as a function of whatever it is told."""
        until = min(self._until, time.process_time() + _SHARE * (_SECONDS + _SECONDS_PER_MB * size / 1e6))
        return lambda *_: time.process_time() > until


def read(text: str, patience: Patience | None = None) -> File:
    """The blocks and attributes of an HCL file."""
    data = text.encode("utf-8", "surrogatepass")
    patience = patience or Patience(len(data))
    root = _tree(data, patience)
    if root and not root.has_error:
        blocks, attributes = _body(root, 0, frozenset())
        return File(tuple(blocks), tuple(attributes))
    found: list[Block] = []
    headers = list(_HEADER.finditer(data))
    ends = [*(match.start() for match in headers[1:]), len(data)][: len(headers)]
    at = offset = unread = 0
    for header, end in zip(headers, ends, strict=True):
        piece = _tree(data[header.start() : end], patience)
        offset += data.count(b"\n", at, header.start())
        at = header.start()
        unread = unread or (0 if piece else offset + 1)
        if piece and not piece.has_error:
            found.extend(_body(piece, offset, frozenset())[0])
        else:
            found.append(_salvaged(piece, header.group(), data[header.start() : end], offset))
    return File(tuple(found), (), _first_error(root) if root else unread or 1)


def _tree(data: bytes, patience: Patience) -> Node | None:
    """The root of a text's tree; None when that takes too long. What is large is read twice: to be stopped, the parser must ask
    for its text, and then each node asks for it again."""
    ended = patience.for_a_part(len(data))
    if ended():
        return None
    if len(data) > _FREE:
        try:
            _parser().parse(lambda start, _: data[start : start + 65_536], progress_callback=ended)
        except ValueError:  # it was stopped; it would go on from there with the next text
            _parser().reset()
            return None
    return _parser().parse(data).root_node


def _salvaged(piece: Node | None, header: bytes, data: bytes, offset: int) -> Block:
    """A block with an error inside: its header as it stands, and those of its attributes that are sound."""
    kind, *labels = re.findall(r'"([^"\n]*)"|([A-Za-z_][\w-]*)', header.decode("utf-8", "replace"))
    attributes: list[Attribute] = []
    stack = [piece] if piece else []
    while stack:
        node = stack.pop()
        for child in node.children:
            if child.type == "attribute" and not child.has_error:
                attributes.append(_attribute(child, offset, child.start_point[0] + 1 + offset, frozenset()))
            elif child.type != "attribute":
                stack.append(child)
    attributes.sort(key=lambda attribute: attribute.start)
    lines = data.rstrip().count(b"\n")
    names = tuple(quoted or bare for quoted, bare in labels)
    return Block("".join(kind), names, offset + 1, offset + 1, offset + 1 + lines, "", tuple(attributes))


def _first_error(node: Node) -> int:
    for child in node.children:
        if child.is_error or child.is_missing:
            return int(child.start_point[0]) + 1
        if child.has_error:
            return _first_error(child)
    return int(node.start_point[0]) + 1


# -- blocks -----------------------------------------------------------------------------------------------------------


@dataclass
class _Comments:
    """The comments read so far that may belong to what follows."""

    lines: list[str] = field(default_factory=list)
    first: int = -2
    last: int = -2

    def add(self, node: Node) -> None:
        if self.last + 1 != node.start_point[0]:
            self.lines, self.first = [], node.start_point[0]
        self.lines.append(text_of(node).rstrip("\n"))
        self.last = _last_row(node)

    def above(self, row: int) -> tuple[str, int]:
        """The comment that ends on the row above, and its first row (`row` itself without one)."""
        if not self.lines or self.last + 1 != row:
            return "", row
        lines, self.lines = "\n".join(self.lines).split("\n"), []
        return "\n".join(_MARKS.sub("", line) for line in lines).strip(), self.first


def _body(node: Node, offset: int, bound: frozenset[str]) -> tuple[list[Block], list[Attribute]]:
    """What stands in a body. `offset` is added to line numbers; `bound` are names of iterators, which are no references."""
    blocks: list[Block] = []
    attributes: list[Attribute] = []
    comments = _Comments()
    for child in _members(node):
        kind = child.type
        if kind == "comment":
            comments.add(child)
        elif kind in ("block", "attribute"):
            comment, lead = comments.above(child.start_point[0])
            if kind == "block":
                blocks.append(_block(child, offset, comment, lead + 1 + offset, bound))
            else:
                attributes.append(_attribute(child, offset, lead + 1 + offset, bound))
    return blocks, attributes


def _members(node: Node) -> list[Node]:
    """Comments hang on the file, or on the block, and blocks on the body: all of them in their order."""
    members: list[Node] = []
    for child in node.children:
        members.extend(child.children if child.type == "body" else (child,))
    return sorted(members, key=lambda member: member.start_byte)


def _block(node: Node, offset: int, comment: str, lead: int, bound: frozenset[str]) -> Block:
    words = [_label(child) for child in node.children if child.type in ("identifier", "string_lit")]
    kind, *labels = words or [""]
    if kind == "dynamic" and labels:
        bound = bound | {labels[0]} | _iterator(node)
    blocks, attributes = _body(node, offset, bound)
    return Block(
        kind, tuple(labels), lead, node.start_point[0] + 1 + offset, _last_row(node) + 1 + offset, comment,
        tuple(attributes), tuple(blocks),
    )  # fmt: skip


def _iterator(node: Node) -> frozenset[str]:
    """The name that a dynamic block gives its iterator."""
    for member in _members(node):
        if member.type == "attribute" and text_of(member.children[0]) == "iterator":
            return frozenset({text_of(member.children[-1]).strip()})
    return frozenset()


def _label(node: Node) -> str:
    return text_of(node).strip('"')


def _attribute(node: Node, offset: int, lead: int, bound: frozenset[str]) -> Attribute:
    name, *_, value = node.children
    seen: list[Reference] = []
    found = expression(value, 0, seen)
    if offset:
        found = relined(found, lambda line: line + offset)
        seen = [Reference(reference.steps, reference.line + offset) for reference in seen]
    start, end = node.start_point[0] + 1 + offset, _last_row(node) + 1 + offset
    return Attribute(text_of(name), lead, start, end, found, tuple(without(seen, bound)))


def _last_row(node: Node) -> int:
    row, column = node.end_point[0], node.end_point[1]
    return int(row - 1 if column == 0 and row > node.start_point[0] else row)
