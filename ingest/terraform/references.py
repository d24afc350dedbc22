"""Where an expression names something else: variables, locals, data sources, modules, resources. `reading` calls `references`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.terraform.expressions import text_of

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True)
class Reference:
    """A place that names something else: its steps (`var`, `region`), without indexes, and its line (1-based)."""

    steps: tuple[str, ...]
    line: int


_INNER = frozenset({  # nodes in which a reference may stand
    "expression", "template_expr", "quoted_template", "heredoc_template", "template_interpolation", "template_directive",
    "template_if", "template_for", "template_if_intro", "template_else_intro", "template_for_start", "collection_value", "tuple",
    "object", "object_elem", "function_call", "function_arguments", "conditional", "operation", "unary_operation",
    "binary_operation", "for_expr", "for_tuple_expr", "for_object_expr", "for_intro", "for_cond", "index", "new_index",
    "string_lit", "literal_value",
})  # fmt: skip
_ROOTS = frozenset({"var", "local", "data", "module"})
_NOT_RESOURCES = frozenset({"each", "count", "self", "path", "terraform", "dependency", "include", "feature", "values"})


def references(node: Node, offset: int, bound: frozenset[str]) -> Iterator[Reference]:
    """Every place in an expression that names a variable, local, data source, module or resource."""
    if b"." not in (node.text or b""):
        return
    stack: list[tuple[Node, frozenset[str]]] = [(node, bound)]
    while stack:
        current, names = stack.pop()
        if current.type == "for_expr":
            names = names | _for_names(current)
        children = current.children
        for at, child in enumerate(children):
            if child.type == "variable_expr":
                steps = [text_of(child), *_names_after(children[at + 1 :])]
                if (kept := _address(steps, names)) and not _is_key(current):
                    yield Reference(kept, child.start_point[0] + 1 + offset)
            if child.type in _INNER:
                stack.append((child, names))


def _for_names(node: Node) -> frozenset[str]:
    intros = [part for child in node.children for part in child.children if part.type == "for_intro"]
    return frozenset(text_of(part) for intro in intros for part in intro.children if part.type == "identifier")


def _names_after(siblings: Sequence[Node]) -> Iterator[str]:
    """The attribute names that follow a root, indexes passed over."""
    for sibling in siblings:
        if sibling.type == "get_attr":
            yield text_of(sibling.children[-1])
        elif sibling.type == "splat":
            yield from (text_of(part.children[-1]) for part in sibling.children[0].children if part.type == "get_attr")
        elif sibling.type != "index":
            return


def _address(steps: Sequence[str], bound: frozenset[str]) -> tuple[str, ...]:
    """The steps that make an address, and one more (the attribute); nothing for iterators and other names."""
    root = steps[0]
    if root in bound or root in _NOT_RESOURCES or len(steps) < 2:
        return ()
    if root == "data":
        return tuple(steps[:4]) if len(steps) >= 3 else ()
    if root in _ROOTS:
        return tuple(steps[:3])
    return tuple(steps[:3]) if re.fullmatch(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*", root) else ()


def _is_key(parent: Node) -> bool:
    """Whether it is the bare key of an object's element: `{ Name = … }`."""
    element = parent.parent
    return (
        element is not None and element.type == "object_elem" and element.children[0] == parent and len(parent.children) == 1
    )  # fmt: skip
