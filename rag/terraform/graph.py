"""What rests on what in Terraform: the graph of a module folder, and the neighbourhood of one address across local modules.

`waypost terraform graph` and `/v1/terraform/graph` call this; `api.graph_svg` and `api.graph_mermaid` draw it. Across a call of a
local module, an argument leads into its variable, and an output to whatever uses it at the caller's.
"""

from __future__ import annotations

import difflib
import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from rag.catalog.symbols import StoredSymbol
from rag.errors import NotFoundError, SettingsError
from rag.terraform.links import DRAWN, Links, Stop
from rag.terraform.lookup import TerraformLookup
from rag.terraform.records import MOST_NODES, Edge, Graph, Node

_NAMED = 8  # folders that a message names
_OF_A_MODULE = ("resource", "data", "ephemeral", "module", "variable", "local", "output", "check")
_WIRING = ("variable", "local")  # what the view of a large module does without
_DYNAMIC = re.compile(r"(?:^|\.)dynamic\.([\w-]+)")


class TerraformGraphs:
    """Makes graphs over one lookup, of what its viewer may see."""

    def __init__(self, lookup: TerraformLookup) -> None:
        self._lookup = lookup
        self._links = Links(lookup)

    def find(
        self, address: str = "", source: str = "", folder: str | None = None, depth: int = 1, most: int = MOST_NODES
    ) -> Graph:
        """The neighbourhood of an address, or without one the graph of a module folder: the given one, or the only one.

        Raises: NotFoundError naming what is near; SettingsError naming the choices when it could be several.
        """
        plain = None if folder is None else _plain(folder)
        if address:
            return self.around(self._one(address, source, plain), depth, most)
        return self.of_module(*self._chosen(source, plain), most=most)

    def of_module(self, source: str, folder: str, most: int = MOST_NODES) -> Graph:
        """What a module folder defines, and what refers to what in it: at most `most` nodes.

        With more, variables and locals are left out first (what goes through a local is drawn past it), and then what is
        least connected.
        """
        inside = self._links.inside(source, folder)
        symbols = {one.id: one for one in inside.symbols.values() if one.symbol.kind in _OF_A_MODULE}
        edges = self._links.edges(symbols)
        kept = symbols
        if len(symbols) > most:
            kept = {key: one for key, one in symbols.items() if one.symbol.kind not in _WIRING}
            edges = _past_locals(edges, symbols, kept)
        return _graph(kept.values(), edges, most, dict.fromkeys(kept, 0), len(symbols) - len(kept))

    def around(self, centre: StoredSymbol, depth: int = 1, most: int = MOST_NODES) -> Graph:
        """What a symbol rests on and what rests on it, by up to `depth` references each way: the nearest `most` nodes."""
        found, distances = {centre.id: centre}, {centre.id: 0}
        for onward in (self._links.used_by, self._links.users_of):
            for distance, at in _walk(Stop(centre), depth, onward):
                found[at.id] = at
                distances[at.id] = min(distance, distances.get(at.id, distance))
        return _graph(found.values(), self._links.edges(found), most, distances, 0, centre.id)

    # -- what was asked for -------------------------------------------------------------------------------------------

    def _one(self, address: str, source: str, folder: str | None) -> StoredSymbol:
        found = {}
        for one in self._lookup.define(address, source, folder):
            drawn = self._links.inside(one.source, one.folder).symbols.get(one.symbol.address)
            if drawn:
                found[one.source, one.folder] = drawn
        if not found:
            raise SettingsError(f"graphs don't show {address}; they show: {', '.join(DRAWN)}")
        if len(found) > 1:
            raise SettingsError(f"{address} is defined in {_choices(found)}")
        return next(iter(found.values()))

    def _chosen(self, source: str, folder: str | None) -> tuple[str, str]:
        known = self._lookup.folders
        found = [at for at in known if (not source or at[0] == source) and (folder is None or at[1] == folder)]
        if not found:
            named = "/".join(filter(None, (source, folder)))
            raise NotFoundError(f"there is no Terraform{f' in {named}' if named else ''}{_near(folder or '', known)}")
        if len(found) > 1:
            raise SettingsError(f"there is Terraform in {_choices(found)}")
        return found[0]


def _walk(start: Stop, depth: int, onward: Callable[[Stop], Iterable[Stop]]) -> Iterator[tuple[int, StoredSymbol]]:
    """Each symbol that can be come to, with the number of references to it."""
    seen, edge = {(start.at.id, start.argument)}, [start]
    for distance in range(1, depth + 1):
        reached, edge = [stop for before in edge for stop in onward(before)], []
        for stop in reached:
            if (key := (stop.at.id, stop.argument)) not in seen:
                seen.add(key)
                edge.append(stop)
                yield distance, stop.at


def _past_locals(
    edges: Iterable[Edge], symbols: Mapping[str, StoredSymbol], kept: Mapping[str, StoredSymbol]
) -> list[Edge]:
    """The edges between those kept, also those that lead through locals which are not."""
    onward: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        onward[edge.user].append(edge)
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for user in kept:
        waiting, seen = list(onward[user]), set()
        while waiting:
            edge = waiting.pop()
            if edge.used in kept and edge.used != user:
                found[user, edge.used].extend(edge.attributes)
            elif edge.used not in seen and symbols[edge.used].symbol.kind == "local":
                seen.add(edge.used)
                waiting += [Edge(user, further.used, edge.attributes) for further in onward[edge.used]]
    return [Edge(*ends, tuple(dict.fromkeys(attributes))) for ends, attributes in found.items()]


def _graph(
    symbols: Iterable[StoredSymbol], edges: Iterable[Edge], most: int, distances: Mapping[str, int], left_out: int,
    centre: str = "",
) -> Graph:  # fmt: skip
    """The nearest and then most connected nodes, with the edges between them."""
    edges = list(edges)
    connections = Counter(end for edge in edges for end in (edge.user, edge.used))
    ranked = sorted(symbols, key=lambda one: (distances[one.id], -connections[one.id], one.place))
    nodes = [_node(one) for one in sorted(ranked[:most], key=lambda one: one.place)]
    kept = {node.id for node in nodes}
    inner = [edge for edge in edges if edge.user in kept and edge.used in kept]
    return Graph(tuple(nodes), tuple(inner), left_out + len(ranked) - len(nodes), centre)


def _node(found: StoredSymbol) -> Node:
    symbol = found.symbol
    paths = [attribute.path for attribute in symbol.attributes]
    repeats: list[str] = [path for path in ("count", "for_each") if path in paths]
    repeats += [f"dynamic {match[1]}" for path in paths for match in _DYNAMIC.finditer(path)]
    kept = tuple(dict.fromkeys(repeats))
    return Node(found.id, symbol.kind, symbol.address, found.source, found.folder, found.path, symbol.start, kept)


def _plain(folder: str) -> str:
    path = posixpath.normpath(folder.strip("/")) if folder.strip("/") else ""
    return "" if path == "." else path


def _near(folder: str, known: Iterable[tuple[str, str]]) -> str:
    """Folders of that name elsewhere, or of a name like it."""
    folders = list(dict.fromkeys(at[1] for at in known))
    same = [one for one in folders if folder and posixpath.basename(one) == posixpath.basename(folder)]
    near = dict.fromkeys((*same, *difflib.get_close_matches(folder, folders, 3, 0.5)))
    return f"; there is some in {', '.join(list(near)[:3])}" if near else ""


def _choices(found: Iterable[tuple[str, str]]) -> str:
    places = sorted(found)
    named = ", ".join(f"{source}/{folder}".rstrip("/") for source, folder in places[:_NAMED])
    more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    return f"{len(places)} module folders; say which, by source and folder: {named}{more}"
