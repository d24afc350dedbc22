"""Terraform, OpenTofu and Terragrunt on tree-sitter-hcl: one passage a block, with the comment above it.

A file with a syntax error is cut at block headers in column 0 and each piece parsed alone, so that one broken block
costs that block only. Grammar: https://github.com/tree-sitter-grammars/tree-sitter-hcl
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ingest.parsers import Parsed, draft, lines_of
from ingest.parsers.text import HARD_LIMIT, LIMIT, TARGET, windows
from rag.catalog import PassageDraft

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_HEADER = re.compile(rb'^[a-z_]+(?:[ \t]+(?:"[^"\n]*"|[A-Za-z_][\w-]*))*[ \t]*\{', re.M)


@dataclass(frozen=True)
class _Part:
    """A top-level block or attribute, comment included: lines[start:end], 0-based. `cuts`: where it may be cut."""

    start: int
    end: int
    address: str
    cuts: tuple[tuple[int, str], ...] = ()


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter_hcl
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_hcl.language()))


def parse(path: str, text: str) -> Parsed:
    """Passages by block. The title is the path: file names such as main.tf say nothing without their folder."""
    lines = lines_of(text)
    data = text.encode("utf-8", "surrogatepass")
    root = _parser().parse(data).root_node
    notes: tuple[str, ...] = ()
    if root.has_error:
        parts = list(_recovered(data))
        notes = (f"partial: syntax error near line {_first_error(root)}; sound blocks are indexed as blocks",)
    else:
        parts = list(_parts(root, 0))
    return Parsed(path, tuple(_passages(lines, parts)), notes=notes)


def _recovered(data: bytes) -> Iterator[_Part]:
    """The parts of a broken file: of each piece between block headers that parses alone."""
    starts = [match.start() for match in _HEADER.finditer(data)]
    for start, end in zip(starts, [*starts[1:], len(data)][: len(starts)], strict=True):
        root = _parser().parse(data[start:end]).root_node
        if not root.has_error:
            yield from _parts(root, data.count(b"\n", 0, start))


def _first_error(node: Node) -> int:
    for child in node.children:
        if child.is_error or child.is_missing:
            return int(child.start_point[0]) + 1
        if child.has_error:
            return _first_error(child)
    return int(node.start_point[0]) + 1


def _parts(root: Node, offset: int) -> Iterator[_Part]:
    """Blocks and attributes of the file's body, each with the comments that end on the line above it."""
    comment_start, comment_end = -1, -1
    for node in _top_level(root):
        first, last = node.start_point[0], _last_row(node)
        if node.type == "comment":
            if comment_end + 1 != first:
                comment_start = first
            comment_end = last
            continue
        start = comment_start if comment_start >= 0 and comment_end + 1 == first else first
        cuts = tuple((row + offset, name) for row, name in _nested(node)) if node.type == "block" else ()
        yield _Part(start + offset, last + 1 + offset, _address(node), cuts)
        comment_start = comment_end = -1


def _top_level(root: Node) -> list[Node]:
    """Comments hang on the file, blocks on its body: both in the order of their lines."""
    nodes: list[Node] = []
    for child in root.children:
        nodes.extend(child.children if child.type == "body" else [child])
    return sorted(nodes, key=lambda node: node.start_byte)


def _last_row(node: Node) -> int:
    row, column = node.end_point[0], node.end_point[1]
    return int(row - 1 if column == 0 and row > node.start_point[0] else row)


def _words(node: Node) -> list[str]:
    """A block's header as words, quotes taken off."""
    words = []
    for child in node.children:
        if child.type == "block_start":
            break
        if child.type in ("identifier", "string_lit") and child.text is not None:
            words.append(child.text.decode("utf-8", "replace").strip('"'))
    return words


def _address(node: Node) -> str:
    """`resource aws_s3_bucket.logs`, `data aws_iam_policy_document.this`, `variable region`; an attribute's own name."""
    if node.type != "block":
        text = node.children[0].text if node.children else None
        return text.decode("utf-8", "replace") if text else ""
    kind, *labels = _words(node) or [""]
    return f"{kind} {'.'.join(labels)}".strip()


def _nested(block: Node) -> Iterator[tuple[int, str]]:
    """Where a long block may be cut: the first line of each attribute and nested block (comment included), its name."""
    for body in (child for child in block.children if child.type == "body"):
        comment_start, comment_end = -1, -1
        for node in body.children:
            first = node.start_point[0]
            if node.type == "comment":
                if comment_end + 1 != first:
                    comment_start = first
                comment_end = _last_row(node)
            else:
                start = comment_start if comment_start >= 0 and comment_end + 1 == first else first
                yield start, " ".join(_words(node)) if node.type == "block" else ""


def _passages(lines: Sequence[str], parts: Sequence[_Part]) -> Iterator[PassageDraft]:
    """One passage a block; attributes of the file itself (tfvars) packed together; what lies between as windows."""
    at = 0
    loose: list[_Part] = []
    for part in parts:
        is_block = " " in part.address or bool(part.cuts)
        if is_block or (part.start > at and any(line.strip() for line in lines[at : part.start])):
            yield from _loose(lines, loose)
            loose = []
            yield from windows(lines, at, part.start, (), "window")
        if is_block:
            yield from _block(lines, part)
        else:
            loose.append(part)
        at = max(at, part.end)
    yield from _loose(lines, loose)
    yield from windows(lines, at, len(lines), (), "window")


def _loose(lines: Sequence[str], parts: Sequence[_Part]) -> Iterator[PassageDraft]:
    """Attributes that stand beside each other, as many in a passage as fit."""
    group: list[_Part] = []
    for part in parts:
        if group and _size(lines, group[0].start, part.end) > TARGET:
            yield from _span(lines, group[0].start, group[-1].end, [p.address for p in group])
            group = []
        group.append(part)
    if group:
        yield from _span(lines, group[0].start, group[-1].end, [p.address for p in group])


def _span(lines: Sequence[str], start: int, end: int, addresses: Sequence[str]) -> Iterator[PassageDraft]:
    heading = [", ".join(addresses[:8])]
    if _size(lines, start, end) > HARD_LIMIT:
        yield from windows(lines, start, end, heading, "block")
    else:
        yield from draft(lines, start, end, heading, "block")


def _block(lines: Sequence[str], part: _Part) -> Iterator[PassageDraft]:
    """A block whole, or cut before its nested parts; each piece bears the block's address."""
    if _size(lines, part.start, part.end) <= LIMIT or not part.cuts:
        yield from _span(lines, part.start, part.end, [part.address])
        return
    borders = [*part.cuts, (part.end, "")]
    first, label = part.start, ""
    for (start, name), (following, _) in zip(borders, borders[1:], strict=False):
        if start > first and _size(lines, first, following) > TARGET:
            yield from _piece(lines, first, start, part.address, label)
            first, label = start, name
        elif first == part.start or not label:
            label = name if first == start else label
    yield from _piece(lines, first, part.end, part.address, label)


def _piece(lines: Sequence[str], start: int, end: int, address: str, label: str) -> Iterator[PassageDraft]:
    heading = [address, label] if label else [address]
    if _size(lines, start, end) > LIMIT:
        yield from windows(lines, start, end, heading, "block")
    else:
        yield from draft(lines, start, end, heading, "block")


def _size(lines: Sequence[str], start: int, end: int) -> int:
    return sum(len(line) + 1 for line in lines[start:end])
