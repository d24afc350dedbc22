"""A graph of Terraform as Mermaid text, for a wiki page or a pull request.

`waypost terraform graph` and `/v1/terraform/graph` call it.
Syntax: https://mermaid.js.org/syntax/flowchart.html
"""

from __future__ import annotations

import re
from collections import defaultdict

from api.graph_svg import COLOURS
from rag.terraform.records import Graph, Node

_PLAIN = re.compile(r"[^\w ./:,()-]")  # what is written as its code, so that it is never taken for syntax
_SHAPES = {
    "data": ("[(", ")]"), "module": ("[[", "]]"), "variable": ("([", "])"), "output": ("([", "])"), "local": ("(", ")"),
    "provider": ("{{", "}}"),
}  # fmt: skip


def draw_mermaid(graph: Graph) -> str:
    """The graph as a flowchart, a box around each module folder. Arrows lead from what is used to what uses it."""
    ids = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    folders: dict[tuple[str, str], list[Node]] = defaultdict(list)
    for node in graph.nodes:
        folders[node.source, node.folder].append(node)
    lines = ["flowchart LR"]
    for number, ((source, folder), nodes) in enumerate(folders.items()):
        lines.append(f'  subgraph f{number}["{_text(f"{source}/{folder}".rstrip("/"))}"]')
        lines.append("    direction LR")  # Mermaid turns a box that no arrow leaves by a quarter
        lines += [f"    {ids[node.id]}{_label(node)}:::{node.kind}" for node in nodes]
        lines.append("  end")
    lines += [f"  {ids[edge.used]} --> {ids[edge.user]}" for edge in graph.edges]
    if graph.left_out:
        lines.append(f'  more["{graph.left_out} more are not drawn"]')
    used = {node.kind for node in graph.nodes}
    lines += [f"  classDef {kind} stroke:{colour},stroke-width:2px" for kind, colour in COLOURS.items() if kind in used]
    if graph.centre in ids:
        lines.append(f"  style {ids[graph.centre]} stroke-width:4px")
    return "\n".join(lines) + "\n"


def _label(node: Node) -> str:
    opening, closing = _SHAPES.get(node.kind, ("[", "]"))
    note = f"<br/>{_text(node.note)}" if node.note else ""
    return f'{opening}"{_text(node.address)}{note}"{closing}'


def _text(text: str) -> str:
    """Text as Mermaid takes it in quotes: other signs than letters, digits and a few become entity codes."""
    return _PLAIN.sub(lambda found: f"#{ord(found[0])};" if found[0] >= " " else " ", text)
