"""A graph of Terraform as SVG that stands by itself: no scripts, nothing loaded, everything escaped, for light and dark pages.

`waypost terraform graph` and `/v1/terraform/graph` call it. Lines lead from what is used, on the left, to what uses it.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from api.graph_layout import Box, Layout, Point, arrange
from rag.terraform.records import Graph, Node

HEIGHT = 40.0  # of a box; in pixels, as all lengths here
_MARGIN, _PAD, _HEAD, _FOOT = 24.0, 12.0, 36.0, 56.0
_NAME, _PLACE = 7.25, 6.05  # how wide a letter of the two lines in a box is
_DOT = 14.0  # what the dot that tells the kind takes of the first line
_LONGEST = 48  # letters of a line
_UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
COLOURS = {
    "resource": "#2f6fde", "data": "#0e9aa7", "ephemeral": "#0d9488", "module": "#9a4fd6", "variable": "#d48806",
    "local": "#7a869a", "output": "#2da44e", "provider": "#d1435b", "check": "#a0714f", "other": "#a0714f",
}  # fmt: skip
_STYLE = """
svg { color-scheme: light dark; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.paper { fill: #ffffff; } .name { fill: #1b1f24; font-size: 12px; } .place { fill: #59636e; font-size: 10px; }
.head { fill: #1b1f24; font-size: 14px; font-weight: 600; }
.box { fill: #f6f8fa; stroke: #aab4bf; } .module .box { stroke-width: 2; } .data .box { stroke-dasharray: 5 3; }
.centre .box { fill: #fff4c2; stroke: #b58100; stroke-width: 2; }
.line { fill: none; stroke: #97a1ab; stroke-width: 1.2; } .tip { fill: #97a1ab; }
g:hover > .box, .line:hover { stroke: #1b1f24; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  .paper { fill: #0d1117; } .name, .head { fill: #e6edf3; } .place { fill: #9ba5b0; }
  .box { fill: #171d26; stroke: #4a5563; } .centre .box { fill: #3a2f0b; stroke: #d4a72c; }
  .line { stroke: #68737f; } .tip { fill: #68737f; } g:hover > .box, .line:hover { stroke: #e6edf3; }
}
"""


def draw_svg(graph: Graph) -> str:
    """The graph as an SVG document."""
    above = _common_folder(graph)
    texts = {node.id: (_named(node.address), _place(node, above)) for node in graph.nodes}
    widths = {
        key: max(_wide(name) * _NAME + _DOT, _wide(place) * _PLACE) + 2 * _PAD for key, (name, place) in texts.items()
    }
    layout = arrange(widths, HEIGHT, [(edge.used, edge.user) for edge in graph.edges])
    head, legend = heading(graph), _legend(graph)
    needed = max(layout.width, _wide(head) * 8.5, sum(_wide(kind) * _PLACE + 26 for kind, _ in legend), 560.0)
    width, height = needed + 2 * _MARGIN, layout.height + _HEAD + _FOOT + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img">',
        f"<title>{_clean(head)}</title><style>{_STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" '
        'markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>',
        f'<rect class="paper" width="{width:.0f}" height="{height:.0f}"/>',
        f'<text class="head" x="{_MARGIN:.0f}" y="{_MARGIN + 14:.0f}">{_clean(head)}</text>',
        f'<g transform="translate({_MARGIN:.0f} {_MARGIN + _HEAD:.0f})">',
        *_lines(graph, layout),
        *(_box(node, layout.boxes[node.id], texts[node.id], node.id == graph.centre) for node in graph.nodes),
        "</g>",
        *_footer(graph, legend, height - _MARGIN - _FOOT + 28),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def heading(graph: Graph) -> str:
    """What a graph shows, in a few words."""
    if not graph.nodes:
        return "nothing to draw"
    node = next((node for node in graph.nodes if node.id == graph.centre), graph.nodes[0])
    folder = f"{node.source}/{node.folder}".rstrip("/")
    return f"{node.address} in {folder}" if graph.centre else folder


def tooltip(node: Node) -> str:
    """Everything that is known of a node, a line each."""
    lines = (node.address, f"{node.kind}, {node.source}/{node.path}:{node.line}", ", ".join(node.repeats))
    return "\n".join(filter(None, lines))


def _box(node: Node, box: Box, text: tuple[str, str], centre: bool) -> str:
    round_ = HEIGHT / 2 if node.kind in ("variable", "output") else 4
    classes = f"{node.kind} centre" if centre else node.kind
    return (
        f'<g class="{_clean(classes)}"><title>{_clean(tooltip(node))}</title>'
        f'<rect class="box" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="{round_:.0f}"/>'
        f'<circle cx="{box.x + _PAD + 4:.1f}" cy="{box.y + 13:.1f}" r="4" fill="{_colour(node.kind)}"/>'
        f'<text class="name" x="{box.x + _PAD + _DOT:.1f}" y="{box.y + 17:.1f}">{_clean(text[0])}</text>'
        f'<text class="place" x="{box.x + _PAD:.1f}" y="{box.y + 31:.1f}">{_clean(text[1])}</text></g>'
    )


def _lines(graph: Graph, layout: Layout) -> Iterator[str]:
    names = {node.id: node.address for node in graph.nodes}
    for edge in graph.edges:
        points = layout.lines.get((edge.used, edge.user))
        if points:
            told = f"{names[edge.user]} uses {names[edge.used]}\n{', '.join(edge.attributes)}"
            yield f'<path class="line" d="{_path(points)}" marker-end="url(#tip)"><title>{_clean(told)}</title></path>'


def _path(points: Sequence[Point]) -> str:
    """Straight past boxes, curved from layer to layer."""
    drawn = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x, y), (to_x, to_y) in pairwise(points):
        middle = (x + to_x) / 2
        curved = f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
        drawn.append(curved if y != to_y else f"H{to_x:.1f}")
    return "".join(drawn)


def _legend(graph: Graph) -> list[tuple[str, str]]:
    kinds = {node.kind for node in graph.nodes}
    return [(kind, colour) for kind, colour in COLOURS.items() if kind in kinds]


def _footer(graph: Graph, legend: Sequence[tuple[str, str]], y: float) -> Iterator[str]:
    x = _MARGIN
    for kind, colour in legend:
        yield f'<circle cx="{x + 4:.1f}" cy="{y - 4:.1f}" r="4" fill="{colour}"/>'
        yield f'<text class="place" x="{x + 13:.1f}" y="{y:.1f}">{kind}</text>'
        x += _wide(kind) * _PLACE + 26
    more = f" {graph.left_out} more are not drawn." if graph.left_out else ""
    yield f'<text class="place" x="{_MARGIN:.1f}" y="{y + 20:.1f}">A line leads from what is used to what uses it.{more}</text>'


def _common_folder(graph: Graph) -> str:
    """The folder, led by its source, that everything lies in; what is below it is told at each box."""
    folders = {f"{node.source}/{node.folder}".rstrip("/") for node in graph.nodes}
    return posixpath.commonpath(folders) if folders else ""


def _place(node: Node, above: str) -> str:
    where = f"{node.source}/{node.path}:{node.line}".removeprefix(f"{above}/" if above else "")
    return " · ".join(_short(text) for text in (where, node.note) if text)


def _colour(kind: str) -> str:
    return COLOURS.get(kind, COLOURS["other"])


def _short(text: str) -> str:
    """A path without its middle, so that it fits."""
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}…{text[-half:]}"


def _named(address: str) -> str:
    """An address that fits: it is the type that is cut, as long as there is something of it, since names tell nodes apart."""
    type_, dot, name = address.rpartition(".")
    room = _LONGEST - len(name) - 2
    return address if len(address) <= _LONGEST else f"{type_[:room]}…{dot}{name}" if room >= 8 else _short(address)


def _wide(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _clean(text: str) -> str:
    """Escaped, without what XML cannot hold."""
    return escape(_UNWANTED.sub(lambda found: "\n" if found[0] == "\n" else "�", text))
