"""`.tf.json` as the same blocks and attributes as HCL, with lines from PyYAML's marks (JSON is YAML).

Syntax: https://developer.hashicorp.com/terraform/language/syntax/json
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import yaml

from ingest.terraform.expressions import relined
from ingest.terraform.reading import Attribute, Block, File, Patience, read
from ingest.yaml_loader import Loader

_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "variable": 1, "output": 1, "module": 1, "provider": 1, "check": 1}
_COMMENT = "//"  # the key under which JSON keeps comments


def read_json(text: str) -> File:
    """The blocks of a file in JSON syntax. What is no JSON gives no block, and the line of the error."""
    node, error_line = _composed(text)
    patience = Patience(len(text))
    blocks: list[Block] = []
    for key, value in _entries(node):
        if key.value != _COMMENT:
            blocks.extend(_blocks(key.value, (), _LABELS.get(key.value, 0), key, value, patience))
    return File(tuple(blocks), error_line=error_line)


def read_json_values(text: str) -> File:
    """The values that a .tfvars.json gives to variables, as attributes."""
    node, error_line = _composed(text)
    patience = Patience(len(text))
    return File((), tuple(_attribute(key, value, patience) for key, value in _entries(node)), error_line)


def _composed(text: str) -> tuple[yaml.Node | None, int]:
    """The document with its marks, and the line of an error (0: none)."""
    try:
        json.loads(text)
        return yaml.compose(text, Loader=Loader), 0
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        return None, int(getattr(error, "lineno", 1))


def _entries(node: yaml.Node | None) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    """Key and value of an object, or of each object of an array."""
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _entries(child)
    elif isinstance(node, yaml.MappingNode):
        yield from ((key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode))


def _blocks(
    kind: str, labels: tuple[str, ...], missing: int, key: yaml.Node, node: yaml.Node, patience: Patience
) -> Iterator[Block]:
    if missing:
        for name, value in _entries(node):
            yield from _blocks(kind, (*labels, name.value), missing - 1, name, value, patience)
        return
    for body in node.value if isinstance(node, yaml.SequenceNode) else [node]:
        start = (key if body is node else body).start_mark.line + 1
        entries = list(_entries(body))
        comment = next(
            (value.value for name, value in entries if name.value == _COMMENT and isinstance(value.value, str)), ""
        )
        attributes = tuple(_attribute(name, value, patience) for name, value in entries if name.value != _COMMENT)
        yield Block(kind, labels, start, start, body.end_mark.line + 1, comment, attributes)


def _attribute(key: yaml.ScalarNode, value: yaml.Node, patience: Patience) -> Attribute:
    """An attribute, its value read as HCL: JSON's objects, arrays and strings with `${…}` mean the same there."""
    line = key.start_mark.line + 1
    found = read(f"value = {''.join(_laid_out(value, [line]))}\n", patience).attributes
    if not found:
        return Attribute(str(key.value), line, line, value.end_mark.line + 1, ["raw", ""])
    inner = found[0]
    references = tuple(reference._replace(line=reference.line + line - 1) for reference in inner.references)
    return inner._replace(
        name=str(key.value), lead=line, start=line, end=value.end_mark.line + 1, references=references,
        expression=relined(inner.expression, lambda within: within + line - 1),
    )  # fmt: skip


def _laid_out(node: yaml.Node, at: list[int]) -> Iterator[str]:
    """The value as JSON, what stands in it on the lines on which it stands in the file; `at` is the line that was come to."""
    if isinstance(node, yaml.MappingNode):
        yield "{"
        for place, (key, value) in enumerate(node.value):
            yield from (", " if place else "", _down_to(key, at), json.dumps(_plain(key), ensure_ascii=False), ": ")
            yield from _laid_out(value, at)
        yield "}"
    elif isinstance(node, yaml.SequenceNode):
        yield "["
        for place, value in enumerate(node.value):
            yield from (", " if place else "", _down_to(value, at))
            yield from _laid_out(value, at)
        yield "]"
    else:
        yield json.dumps(_plain(node), ensure_ascii=False)


def _down_to(node: yaml.Node, at: list[int]) -> str:
    down = max(0, node.start_mark.line + 1 - at[0])
    at[0] += down
    return "\n" * down


def _plain(node: yaml.Node) -> object:
    return yaml.SafeLoader("").construct_object(node, deep=True)
