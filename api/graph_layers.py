"""Which layer each node of a graph stands in, and in what order within it, so that few lines cross. `api.graph_layout` calls it.

Sugiyama's method in its plain form (https://en.wikipedia.org/wiki/Layered_graph_drawing): cycles are opened, the longest path
gives a node its layer, barycentres its place in it. Of the packages that do this, fast-sugiyama 0.5.3 ends the whole process
when a node leads to itself, and grandalf 0.8 (of 2023) is under GPL or EPL.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_ROUNDS = 12
Ends = tuple[str, str]


@dataclass
class Part:
    """Nodes that hang together, while they are arranged. A line over several layers has a knot in each that it passes."""

    layers: list[list[Hashable]] = field(default_factory=list)
    chains: dict[Ends, list[Hashable]] = field(default_factory=dict)
    before: dict[Hashable, list[Hashable]] = field(default_factory=lambda: defaultdict(list))
    after: dict[Hashable, list[Hashable]] = field(default_factory=lambda: defaultdict(list))


def parts(nodes: Iterable[str], edges: Iterable[Ends]) -> Iterator[Part]:
    """The parts of a graph that no edge connects, each in layers. An edge leads onward, but for those that close a cycle."""
    ends = list(dict.fromkeys((a, b) for a, b in edges if a != b))
    near: dict[str, list[str]] = defaultdict(list)
    for a, b in ends:
        near[a].append(b)
        near[b].append(a)
    seen: set[str] = set()
    for node in nodes:
        if node not in seen:
            together = _reached(node, near)
            seen.update(together)
            yield _part(list(together), [edge for edge in ends if edge[0] in together])


def _reached(start: str, near: Mapping[str, Sequence[str]]) -> dict[str, None]:
    found, waiting = {start: None}, [start]
    while waiting:
        for node in near[waiting.pop()]:
            if node not in found:
                found[node] = None
                waiting.append(node)
    return found


def _part(nodes: Sequence[str], edges: Sequence[Ends]) -> Part:
    order = _open_order(nodes, edges)
    forward = [(a, b) if order[a] < order[b] else (b, a) for a, b in edges]
    layer = _layers(sorted(nodes, key=order.__getitem__), forward)
    part = Part([[] for _ in range(max(layer.values()) + 1)])
    for node in nodes:
        part.layers[layer[node]].append(node)
    for edge, (a, b) in zip(edges, forward, strict=True):
        knots: list[Hashable] = [(a, b, at) for at in range(layer[a] + 1, layer[b])]
        for at, knot in enumerate(knots, layer[a] + 1):
            if knot not in part.before:
                part.layers[at].append(knot)
        chain = [a, *knots, b]
        for left, right in pairwise(chain):
            part.after[left].append(right)
            part.before[right].append(left)
        part.chains[edge] = chain if (a, b) == edge else chain[::-1]
    _order(part)
    return part


def _open_order(nodes: Sequence[str], edges: Sequence[Ends]) -> dict[str, int]:
    """A topological order; of a cycle, the edge that a depth-first walk finds last points back."""
    onward: dict[str, list[str]] = defaultdict(list)
    for a, b in edges:
        onward[a].append(b)
    done: dict[str, None] = {}
    begun: set[str] = set()
    for start in nodes:
        waiting = [(start, False)]
        while waiting:
            node, left = waiting.pop()
            if left:
                done[node] = None
            elif node not in begun:
                begun.add(node)
                waiting.append((node, True))
                waiting += [(further, False) for further in onward[node]]
    return {node: at for at, node in enumerate(reversed(done))}


def _layers(order: Sequence[str], edges: Iterable[Ends]) -> dict[str, int]:
    """The length of the longest path to each node; one that nothing leads to stands right before what it leads to."""
    before, after = defaultdict(list), defaultdict(list)
    for a, b in edges:
        before[b].append(a)
        after[a].append(b)
    layer: dict[str, int] = {}
    for node in order:
        layer[node] = max((layer[one] + 1 for one in before[node]), default=0)
    return {n: at if before[n] or not after[n] else min(layer[one] for one in after[n]) - 1 for n, at in layer.items()}


def _order(part: Part) -> None:
    """Sorts each layer by the mean place of its neighbours, to and fro; the order with the fewest crossings stays."""
    best, fewest = [list(layer) for layer in part.layers], _crossings(part)
    for turn in range(_ROUNDS):
        near, layers = (part.before, part.layers) if turn % 2 == 0 else (part.after, part.layers[::-1])
        for fixed, layer in pairwise(layers):
            at = {node: place for place, node in enumerate(fixed)}
            own = {node: place for place, node in enumerate(layer)}
            layer.sort(key=lambda node: mean([at[one] for one in near[node]], own[node]))
        if (crossings := _crossings(part)) < fewest:
            best, fewest = [list(layer) for layer in part.layers], crossings
    part.layers = best


def _crossings(part: Part) -> int:
    """How many lines cross between all layers."""
    total = 0
    for left, right in pairwise(part.layers):
        at = {node: place for place, node in enumerate(right)}
        passed: list[int] = []  # where the lines so far end, from the top
        for node in left:
            ends = [at[one] for one in part.after[node]]
            total += sum(len(passed) - bisect_right(passed, end) for end in ends)
            for end in ends:
                insort(passed, end)
    return total


def mean(values: Sequence[float], otherwise: float) -> float:
    """The mean of the values, or, where there are none, `otherwise`."""
    return sum(values) / len(values) if values else otherwise
