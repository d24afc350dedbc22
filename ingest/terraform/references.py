"""Where an expression names something else: variables, locals, data sources, modules, resources.

`expressions` notes the references that it passes (`note`); parts that it keeps as their text alone are looked through by
`references`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node


class Reference(NamedTuple):
    """A place that names something else: its steps (`var`, `region`), without indexes, and its line (1-based)."""

    steps: tuple[str, ...]
    line: int


def text_of(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


_INNER = frozenset({  # nodes in which a reference may stand
    "expression", "template_expr", "quoted_template", "heredoc_template", "template_interpolation", "template_directive",
    "template_if", "template_for", "template_if_intro", "template_else_intro", "template_for_start", "collection_value", "tuple",
    "object", "object_elem", "function_call", "function_arguments", "conditional", "operation", "unary_operation",
    "binary_operation", "for_expr", "for_tuple_expr", "for_object_expr", "for_intro", "for_cond", "index", "new_index",
    "string_lit", "literal_value",
})  # fmt: skip
_ROOTS = frozenset({"var", "local", "data", "module"})
_NOT_RESOURCES = frozenset({"each", "count", "self", "path", "terraform", "dependency", "include", "feature", "values"})


def note(steps: Sequence[Any], node: Node, seen: list[Reference]) -> None:
    """Adds the reference, if it is one, of a root and its steps; those that are no names are indexes and splats."""
    if len(steps) > 1 and (
        kept := _address(tuple(step for step in steps if isinstance(step, str) and step not in "*?"))
    ):
        seen.append(Reference(kept, node.start_point[0] + 1))


def without(found: list[Reference], names: Collection[str]) -> Iterator[Reference]:
    """Those that are not of an iterator of this name."""
    return (reference for reference in found if reference.steps[0] not in names)


def references(node: Node) -> list[Reference]:
    """Every place below a node of the tree that names a variable, local, data source, module or resource."""
    seen: list[Reference] = []
    stack: list[tuple[Node, frozenset[str]]] = [(node, frozenset())]
    while stack:
        current, names = stack.pop()
        if current.type == "for_expr":
            names = names | _for_names(current)
        children = current.children
        for at, child in enumerate(children):
            if child.type == "variable_expr":
                if (root := text_of(child)) not in names:
                    note([root, *_names_after(children[at + 1 :])], child, seen)
            elif child.type in _INNER:
                stack.append((child, names))
    return seen


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


@lru_cache(maxsize=4096)
def _address(steps: tuple[str, ...]) -> tuple[str, ...]:
    """The steps that make an address, and one more (the attribute); nothing for other names."""
    root = steps[0]
    if root in _NOT_RESOURCES or len(steps) < 2:
        return ()
    if root == "data":
        return steps[:4] if len(steps) >= 3 else ()
    if root in _ROOTS:
        return steps[:3]
    return steps[:3] if re.fullmatch(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*", root) else ()
