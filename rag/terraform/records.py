"""Terraform's symbols, what a module folder defines, as the catalog stores them; and graphs of what rests on what.

An expression is a nested list, so that it can be stored as JSON: `["lit", value]`, `["tpl", parts]`, `["ref", steps]`,
`["get", value, steps]`, `["call", name, arguments, expands]`, `["list", items]`, `["obj", [[key, value, line]…]]`,
`["for", key name, value name, collection, key, value, condition, grouped]`, `["if", condition, yes, no]`,
`["op", sign, operands]`, `["secret"]` for what is never told, `["raw", text]` for what has no form of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Expression = list[Any]
KINDS = (
    "resource", "data", "ephemeral", "variable", "local", "output", "module", "provider", "terraform", "value", "moved",
    "import", "removed", "check", "other",
)  # fmt: skip


@dataclass(frozen=True)
class SymbolAttribute:
    """`path` (`ingress[0].from_port`) is set on lines start to end (1-based, inclusive) of `file`; "": of the symbol's own."""

    path: str
    start: int
    end: int
    expression: Expression
    file: str = ""


@dataclass(frozen=True)
class SymbolReference:
    """In `attribute` of the symbol that holds it, on `line`, stands `target`: an address within the same module folder."""

    target: str
    attribute: str
    line: int


@dataclass(frozen=True)
class Symbol:
    """One thing that a file defines. `address` is that within its module folder: `aws_s3_bucket.logs`, `data.aws_ami.x`,
    `var.region`, `local.name`, `output.id`, `module.vpc`, `provider.aws.east`; a `value` is what a .tfvars file gives to a
    variable, under that variable's address."""

    address: str
    kind: str
    type: str
    name: str
    start: int
    end: int
    comment: str = ""
    provider: str = ""
    sensitive: bool = False
    attributes: tuple[SymbolAttribute, ...] = ()
    references: tuple[SymbolReference, ...] = ()

    def attribute(self, path: str) -> SymbolAttribute | None:
        """The attribute at this path, if it is set."""
        return next((attribute for attribute in self.attributes if attribute.path == path), None)


MOST_NODES, MOST_NODES_EVER = 60, 500  # of a graph: unless told, and at all
DEEPEST_GRAPH = 10  # references from its centre


@dataclass(frozen=True)
class Node:
    """One symbol. `repeats` says what makes more than one of it, or of its blocks: `count`, `for_each`, `dynamic ingress`."""

    id: str
    kind: str
    address: str
    source: str
    folder: str
    path: str
    line: int
    repeats: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What repeats, for a label: dynamic blocks by name if there is one, else by their number."""
        dynamic = [one for one in self.repeats if one.startswith("dynamic ")]
        told = [one for one in self.repeats if one not in dynamic]
        return ", ".join([*told, *(dynamic if len(dynamic) < 2 else [f"{len(dynamic)} dynamic blocks"])])


@dataclass(frozen=True)
class Edge:
    """The node with the id `user` refers, in these attributes, to the node with the id `used`."""

    user: str
    used: str
    attributes: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """Nodes in the order of their lines, `left_out` of them not among them; `centre` is the id of the one it was asked for."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    left_out: int = 0
    centre: str = ""
