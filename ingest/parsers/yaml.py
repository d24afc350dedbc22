"""YAML and JSON by document; what is known by its shape by its rules, jobs, operations, the rest between its entries.

Marks come from PyYAML's composer (https://pyyaml.org/wiki/PyYAMLDocumentation), which builds no objects and expands no
aliases. What it can't read (templates of Helm, of Ansible, cloud-config) is read by its lines (`ingest.parsers.templated`).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import yaml as pyyaml

from ingest.parsers import Parsed, lines_of, text_parser
from ingest.parsers.shapes import Shape, Tree, Unit, shape_of, usual_name
from ingest.parsers.spans import Span, cut, with_comment
from ingest.parsers.templated import compose_lines
from ingest.parsers.text import windows
from ingest.yaml_loader import Loader
from rag.records import PassageDraft

_MAX_DEPTH = 12  # levels at which a long document is still cut by structure
_SEPARATOR = re.compile(r"---(?:\s|$)")
_BREAKS = {ord(char): " " for char in "\r\x85\u2028\u2029"}  # which YAML counts as ends of lines, and git does not
_MOST_LINES = 500_000  # of a file that is read by structure (5 MB of JSON have some 250,000)
_TOO_MANY = "read as plain text: too many lines"
_EMBEDDED = (".yaml", ".yml", ".json", ".rules", ".conf", ".cfg", ".ini", ".toml", ".sh", ".py", ".sql", ".properties")
_TOO_DEEP = "nesting depth"  # what libyaml says of it


@dataclass(frozen=True)
class _Inside:
    """Where a node stands: what its shape says of it, the keys on the way to it, and what is only read as lines."""

    lines: Sequence[str]
    tree: Tree
    trail: tuple[str, ...] = ()
    embed: Callable[[Sequence[str], int, int, str], Sequence[Span]] | None = None


def parse(path: str, text: str) -> Parsed:
    """Passages by document; the title is what a dashboard, an API or a chart calls itself, else the path."""
    return _parse(path, text, True)


def _parse(path: str, text: str, embeds: bool) -> Parsed:
    lines = lines_of(text)
    if len(lines) > _MOST_LINES:
        return Parsed(path, tuple(windows(lines, 0, len(lines), (), "window")), notes=(_TOO_MANY,))
    pieces = list(_pieces(lines))
    nodes, note = _nodes(text, lines, pieces, "JSON" if path.lower().endswith(".json") else "YAML")
    drafts: list[PassageDraft] = []
    title = ""
    for (start, end), node in zip(pieces, nodes, strict=True):
        if node is None:
            drafts.extend(windows(lines, start, end, (), "window"))
            continue
        shape = shape_of(path, node)
        title = title or shape.title
        drafts.extend(_passages(lines, start, end, node, shape, embeds))
    return Parsed(title or path, tuple(drafts), notes=(note,) if note else ())


def _passages(
    lines: Sequence[str], start: int, end: int, node: pyyaml.Node, shape: Shape, embeds: bool
) -> Iterator[PassageDraft]:
    inside = _Inside(lines, shape.tree, embed=_embedded if shape.embeds and embeds else None)
    span = Span(start, end, shape.names, False, bool(shape.tree), partial(_parts, node, start, end, inside, 0))
    for passage in cut(lines, span):
        whole = len(passage.heading_path) <= len(shape.names) and passage.end_line >= end
        kind = "document" if whole and passage.start_line == start + 1 else passage.kind
        yield replace(passage, kind=kind)


def _pieces(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """(first line, end) of each document: what stands between lines of `---`, those left out."""
    start = 0
    for at in [*(n for n, line in enumerate(lines) if line.startswith("---") and _SEPARATOR.match(line)), len(lines)]:
        if any(line.strip() for line in lines[start:at]):
            yield start, at
        start = at + 1 if at < len(lines) and lines[at].rstrip() == "---" else at


def _nodes(
    text: str, lines: Sequence[str], pieces: Sequence[tuple[int, int]], named: str
) -> tuple[list[pyyaml.Node | None], str]:
    """The node of each piece, None for one of comments alone; and a note when they were read by their lines."""
    try:
        composed = pyyaml.compose_all(text.translate(_BREAKS), Loader=Loader)
        found = [node for node in composed if node is not None]
    except (pyyaml.YAMLError, RecursionError, ValueError) as error:
        deep = isinstance(error, RecursionError) or _TOO_DEEP in str(error)
        reason = f"its {named} nests too deep" if deep else f"not valid {named} (a template?)"
        return [compose_lines(lines, start, end) for start, end in pieces], f"read by its lines: {reason}"
    nodes: list[pyyaml.Node | None] = [None] * len(pieces)
    at = 0
    for node in found:
        while at < len(pieces) and pieces[at][1] <= _row(node):
            at += 1
        if at < len(pieces) and not isinstance(nodes[at], pyyaml.CollectionNode) and pieces[at][0] <= _row(node):
            nodes[at] = node  # what comments alone make of a document stands in the next one
    return nodes, ""


def _row(node: pyyaml.Node) -> int:
    return int(node.start_mark.line)


def _parts(node: pyyaml.Node, start: int, end: int, inside: _Inside, depth: int) -> list[Span]:
    """The node's entries as spans, one a line: entries of a flow mapping on one line count as one."""
    if depth >= _MAX_DEPTH:
        return []
    if isinstance(node, pyyaml.ScalarNode):
        return list(inside.embed(inside.lines, start, end, inside.trail[-1])) if inside.embed and inside.trail else []
    rising: list[tuple[int, str, pyyaml.Node]] = []
    for entry in _children(node):  # what an alias names stands elsewhere
        if start <= entry[0] < end and (not rising or entry[0] > rising[-1][0]):
            rising.append(entry)
        elif rising and entry[0] == rising[-1][0] <= _row(entry[2]) and entry[2].end_mark.line > entry[0]:
            rising[-1] = entry  # the one of those that begin on a line that goes on below it
    ends = [*(row for row, _, _ in rising[1:]), end]
    return [
        _span(row, key, value, below, start, inside, depth)
        for (row, key, value), below in zip(rising, ends, strict=False)
    ]


def _span(row: int, key: str, node: pyyaml.Node, end: int, above: int, inside: _Inside, depth: int) -> Span:
    """An entry, with the comments above it, and what the shape says of it."""
    listed = key == "*"
    told = inside.tree.get(key) or inside.tree.get("*")
    trail = (*inside.trail, usual_name(node) if listed else key)
    names: tuple[str, ...] = (trail[-1],)
    alone, tree = False, told if isinstance(told, Mapping) else {}
    if isinstance(told, Unit):
        names, alone, tree = told.name(trail, node), told.alone, told.inner
    elif told is not None or (inside.tree and not listed and isinstance(node, pyyaml.ScalarNode)):
        names = ()  # a mere container of what has names, or a small thing beside them
    first = with_comment(inside.lines, row, above)
    if first > above and inside.lines[first - 1].strip() == "-":
        first -= 1
    below = _Inside(inside.lines, tree, trail, inside.embed)
    return Span(first, end, names, alone, bool(tree), partial(_parts, node, first, end, below, depth + 1))


def _children(node: pyyaml.Node) -> list[tuple[int, str, pyyaml.Node]]:
    """(first line, key or "*", node) of each entry."""
    if isinstance(node, pyyaml.MappingNode):
        return [
            (_row(key), str(key.value) if isinstance(key, pyyaml.ScalarNode) else "", value)
            for key, value in node.value
        ]
    if isinstance(node, pyyaml.SequenceNode):
        return [(_row(child), "*", child) for child in node.value]
    return []


def _embedded(lines: Sequence[str], start: int, end: int, name: str) -> list[Span]:
    """The parts of a file that stands in a manifest as a block of text (`nginx.conf: |`), by the parser for its name; but
    what stands in a manifest in a manifest is its text."""
    body = lines[start + 1 : end]
    if not name.endswith(_EMBEDDED) or not re.search(r":\s*\|[-+\d]*\s*$", lines[start]) or not body:
        return []
    text = textwrap.dedent("\n".join(body))
    parser = text_parser(name.lower(), text)
    drafts = (_parse(name, text, False) if parser is parse else parser(name, text)).drafts
    return [
        Span(start + d.start_line, start + 1 + d.end_line, (" ".join(d.heading_path),) if d.heading_path else ())
        for d in drafts
    ]
