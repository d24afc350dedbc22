"""YAML and JSON by document; a long document is cut between its entries, each piece named after its keys.

Marks come from PyYAML's composer (https://pyyaml.org/wiki/PyYAMLDocumentation), which builds no objects and expands no
aliases. What it can't read (Helm templates, cloud-config) is cut into windows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml as pyyaml

from ingest.parsers import Parsed, draft, lines_of
from ingest.parsers.text import LIMIT, TARGET, windows
from rag.records import PassageDraft

_NAMING_KEYS = ("alert", "record", "name", "id", "title", "job_name", "key")
_LOADER: type = getattr(pyyaml, "CSafeLoader", pyyaml.SafeLoader)
_MAX_DEPTH = 12  # levels at which a long document is still cut by structure


def parse(path: str, text: str) -> Parsed:
    """Passages by document, named after kind and name where it is a Kubernetes object."""
    lines = lines_of(text)
    try:
        nodes = [node for node in pyyaml.compose_all(text, Loader=_LOADER) if node is not None]
    except (pyyaml.YAMLError, RecursionError, ValueError):
        notes = ("read as plain text: not valid YAML (a template?)",)
        return Parsed(path, tuple(windows(lines, 0, len(lines), (), "window")), notes=notes)
    if not nodes:
        return Parsed(path, tuple(windows(lines, 0, len(lines), (), "window")))
    drafts: list[PassageDraft] = []
    for node, end in zip(nodes, [*(_row(n) for n in nodes[1:]), len(lines)], strict=True):
        start = 0 if node is nodes[0] else _row(node)
        drafts.extend(_cut(lines, node, start, _before_separator(lines, start, end), _names(node), 0))
    return Parsed(path, tuple(drafts))


def _row(node: pyyaml.Node) -> int:
    return int(node.start_mark.line)


def _before_separator(lines: Sequence[str], start: int, end: int) -> int:
    """A document ends before the `---` that begins the next one."""
    for at in range(end - 1, start, -1):
        if lines[at].startswith("---"):
            return at
        if lines[at].strip() and not lines[at].lstrip().startswith("#"):
            return end
    return end


def _names(node: pyyaml.Node) -> list[str]:
    """`PrometheusRule general.rules` for a Kubernetes object; nothing for other documents."""
    entries = _scalars(node)
    kind = entries.get("kind", "")
    for key, value in node.value if isinstance(node, pyyaml.MappingNode) else ():
        if isinstance(key, pyyaml.ScalarNode) and key.value == "metadata":
            kind = f"{kind} {_scalars(value).get('name', '')}".strip()
    return [kind] if kind else []


def _scalars(node: pyyaml.Node) -> dict[str, str]:
    if not isinstance(node, pyyaml.MappingNode):
        return {}
    return {
        key.value: value.value
        for key, value in node.value
        if isinstance(key, pyyaml.ScalarNode) and isinstance(value, pyyaml.ScalarNode)
    }


def _cut(
    lines: Sequence[str], node: pyyaml.Node, start: int, end: int, names: Sequence[str], depth: int
) -> Iterator[PassageDraft]:
    """The node's lines as one passage if they fit; else its entries, neighbours packed together, long ones cut again."""
    if _size(lines, start, end) <= LIMIT:
        yield from draft(lines, start, end, names, "document" if depth == 0 else "entry")
        return
    children = (
        [child for child in _children(node) if start <= child[0] < end] if depth < _MAX_DEPTH else []
    )  # no aliases
    if len({row for row, _, _ in children}) < 2 and not (len(children) == 1 and children[0][0] > start):
        if len(children) == 1:
            yield from _cut(lines, children[0][2], start, end, [*names, children[0][1]], depth + 1)
        else:
            yield from windows(lines, start, end, names, "window")
        return
    borders = [start, *(_with_comment(lines, row, start) for row, _, _ in children[1:]), end]
    first = start
    packed: list[str] = []
    for (_, name, child), border, following in zip(children, borders, borders[1:], strict=False):
        if _size(lines, border, following) > LIMIT:
            yield from draft(lines, first, border, [*names, *_listed(packed)], "entry")
            yield from _cut(lines, child, border, following, [*names, *_listed([name])], depth + 1)
            first, packed = following, []
            continue
        if packed and _size(lines, first, following) > TARGET:
            yield from draft(lines, first, border, [*names, *_listed(packed)], "entry")
            first, packed = border, []
        packed.append(name)
    yield from draft(lines, first, end, [*names, *_listed(packed)], "entry")


def _listed(names: Sequence[str]) -> list[str]:
    known = [name for name in names if name]
    return [", ".join(known[:6])] if known else []


def _children(node: pyyaml.Node) -> list[tuple[int, str, pyyaml.Node]]:
    """(first line, name, node) of each entry, one a line: entries of a flow mapping on one line count as one."""
    found: list[tuple[int, str, pyyaml.Node]] = []
    if isinstance(node, pyyaml.MappingNode):
        found = [
            (_row(key), str(key.value) if isinstance(key, pyyaml.ScalarNode) else "", value)
            for key, value in node.value
        ]
    elif isinstance(node, pyyaml.SequenceNode):
        for child in node.value:
            scalars = _scalars(child)
            name = next((f"{key} {scalars[key]}" for key in _NAMING_KEYS if scalars.get(key)), "")
            found.append((_row(child), name, child))
    rows: dict[int, tuple[int, str, pyyaml.Node]] = {}
    for row, name, child in found:
        rows.setdefault(row, (row, name, child))
    return sorted(rows.values(), key=lambda entry: entry[0])


def _with_comment(lines: Sequence[str], row: int, start: int) -> int:
    """The first of the comment lines right above `row`."""
    while row - 1 > start and lines[row - 1].lstrip().startswith("#"):
        row -= 1
    return row


def _size(lines: Sequence[str], start: int, end: int) -> int:
    return sum(len(line) + 1 for line in lines[start:end])
