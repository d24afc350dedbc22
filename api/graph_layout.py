"""Where a graph's boxes and lines go: in layers from left to right, no box upon another. `api.graph_svg` calls it.

`api.graph_layers` gives the order. A line over several layers passes each at a knot, for which boxes leave room.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from api.graph_layers import Part, mean, parts

GAP_X, GAP_Y = 72.0, 14.0  # between layers, and between boxes of one layer; in pixels, as all lengths here
_ROUNDS = 12
_WIDEST = 1400.0  # parts that hang together are put side by side up to here, unless one is wider

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A node's place: its upper left corner, its width and height."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    """Boxes by node; for each edge the points that its line passes, those of the first end first; the size of it all."""

    boxes: Mapping[str, Box]
    lines: Mapping[tuple[str, str], Sequence[Point]]
    width: float
    height: float


def arrange(widths: Mapping[str, float], height: float, edges: Iterable[tuple[str, str]]) -> Layout:
    """Places boxes of these widths and one height; an edge leads from left to right, but for those that close a cycle."""
    placed = [_placed(part, widths, height) for part in parts(widths, edges)]
    return _packed(sorted(placed, key=lambda one: -one.height), max([_WIDEST, *(one.width for one in placed)]))


def _placed(part: Part, widths: Mapping[str, float], height: float) -> Layout:
    middle = _middles(part, height)
    top = min(middle[node] - (height / 2 if isinstance(node, str) else 0) for layer in part.layers for node in layer)
    low = max(middle[node] + (height / 2 if isinstance(node, str) else 0) for layer in part.layers for node in layer)
    boxes: dict[str, Box] = {}
    passed: dict[Hashable, list[Point]] = {}  # the points of a line at a box or knot, from the left
    x = 0.0
    for layer in part.layers:
        wide = max(widths[node] for node in layer if isinstance(node, str))
        for node in layer:
            y = middle[node] - top
            passed[node] = [(x, y), (x + wide, y)]
            if isinstance(node, str):
                boxes[node] = Box(x, y - height / 2, widths[node], height)
                passed[node].insert(1, (x + widths[node], y))  # from there to the layer's end no other box may hide it
        x += wide + GAP_X
    lines = {edge: _line(chain, passed) for edge, chain in part.chains.items()}
    return Layout(boxes, lines, x - GAP_X, low - top)


def _line(chain: Sequence[Hashable], passed: Mapping[Hashable, Sequence[Point]]) -> list[Point]:
    back = passed[chain[0]][0] > passed[chain[-1]][0]
    first, *knots, last = chain[::-1] if back else chain
    points = [*passed[first][1:], *(point for knot in knots for point in passed[knot]), passed[last][0]]
    turns = list(dict.fromkeys(points))  # a piece without length would turn the tip of an arrow anyhow
    return turns[::-1] if back else turns


def _middles(part: Part, height: float) -> dict[Hashable, float]:
    """How far down the middle of each box and knot lies: as near to its neighbours' as the order and the gaps allow."""
    room = {node: height if isinstance(node, str) else 0.0 for layer in part.layers for node in layer}
    middle: dict[Hashable, float] = {}
    for layer in part.layers:
        middle.update(zip(layer, _apart([0.0] * len(layer), [room[node] for node in layer]), strict=True))
    for turn in range(_ROUNDS):
        near, layers = (part.before, part.layers) if turn % 2 == 0 else (part.after, part.layers[::-1])
        for layer in layers:
            wanted = [mean([middle[one] for one in near[node]], middle[node]) for node in layer]
            middle.update(zip(layer, _apart(wanted, [room[node] for node in layer]), strict=True))
    return middle


def _apart(wanted: Sequence[float], room: Sequence[float]) -> list[float]:
    """The places nearest to the wanted ones (least squares) that keep their order and the gaps: pool adjacent violators."""
    offsets = [0.0]
    for one, other in pairwise(room):
        offsets.append(offsets[-1] + (one + other) / 2 + GAP_Y)
    pools: list[tuple[float, int]] = []
    for place, offset in zip(wanted, offsets, strict=True):
        total, many = place - offset, 1
        while pools and pools[-1][0] / pools[-1][1] >= total / many:
            more, count = pools.pop()
            total, many = total + more, many + count
        pools.append((total, many))
    level = [total / many for total, many in pools for _ in range(many)]
    return [base + offset for base, offset in zip(level, offsets, strict=True)]


def _packed(parts: Sequence[Layout], widest: float) -> Layout:
    """Parts side by side on shelves, the tallest first."""
    boxes: dict[str, Box] = {}
    lines: dict[tuple[str, str], Sequence[Point]] = {}
    x = y = shelf = width = 0.0
    for part in parts:
        if x and x + part.width > widest:
            x, y, shelf = 0.0, y + shelf + 2 * GAP_Y, 0.0
        boxes |= {node: Box(box.x + x, box.y + y, box.width, box.height) for node, box in part.boxes.items()}
        lines |= {edge: [(a + x, b + y) for a, b in line] for edge, line in part.lines.items()}
        width, shelf = max(width, x + part.width), max(shelf, part.height)
        x += part.width + GAP_X / 2
    return Layout(boxes, lines, width, y + shelf)
