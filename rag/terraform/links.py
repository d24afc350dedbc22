"""From one symbol of Terraform to those that it rests on, and to those that rest on it, across calls of local modules.

An argument of a call leads into the module's variable, and a module's output to whatever uses it at the caller's.
`rag.terraform.graph` walks along.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rag.catalog.symbols import StoredReference, StoredSymbol
from rag.terraform.lookup import ModuleCall, TerraformLookup
from rag.terraform.overrides import is_override
from rag.terraform.records import Edge

# `moved`, `removed` and `import` tell how state came about: of two addresses one is gone, and nothing rests on either.
DRAWN = ("resource", "data", "ephemeral", "module", "variable", "local", "output", "provider", "check", "other")
_META = ("count", "for_each", "depends_on", "providers")  # of a module's call: no argument, they concern all of it


@dataclass(frozen=True)
class Stop:
    """A symbol that a walk came to; a call of a module by one `argument`, or, where that is "", all of it."""

    at: StoredSymbol
    argument: str = ""


class Folder:
    """What one module folder defines, and its references by who refers and by what is referred to. An address is one node, even
    where an override file says more of it."""

    def __init__(self, lookup: TerraformLookup, source: str, folder: str) -> None:
        drawn = [one for one in lookup.symbols(source=source, folder=folder) if one.symbol.kind in DRAWN]
        self.symbols: dict[str, StoredSymbol] = {}
        holders: dict[str, StoredSymbol] = {}
        for one in sorted(drawn, key=lambda one: is_override(one.path)):
            holders[one.id] = self.symbols.setdefault(one.symbol.address, one)
        self.made: dict[str, list[StoredReference]] = defaultdict(list)
        self.received: dict[str, list[tuple[StoredSymbol, StoredReference]]] = defaultdict(list)
        for reference in lookup.references_in(source, folder):
            if holder := holders.get(reference.symbol_id):
                self.made[holder.id].append(reference)
                self.received[_whole(reference.target)].append((holder, reference))


class Links:
    """The ways from symbol to symbol, over one lookup."""

    def __init__(self, lookup: TerraformLookup) -> None:
        self._lookup = lookup
        self._folders: dict[tuple[str, str], Folder] = {}

    def inside(self, source: str, folder: str) -> Folder:
        """What a module folder defines; read once."""
        key = (source, folder)
        if key not in self._folders:
            self._folders[key] = Folder(self._lookup, source, folder)
        return self._folders[key]

    def used_by(self, stop: Stop) -> Iterator[Stop]:
        """What a symbol rests on."""
        at = stop.at
        inside = self.inside(at.source, at.folder)
        for reference in inside.made[at.id]:
            if not stop.argument or _argument(reference) == stop.argument:
                output = self._output(at, reference.target)
                target = output or inside.symbols.get(_whole(reference.target))
                if target:
                    yield Stop(target)
        for call in self._calls_that_set(at):
            yield Stop(call.call, at.symbol.name)

    def users_of(self, stop: Stop) -> Iterator[Stop]:
        """What rests on a symbol."""
        at = stop.at
        if at.symbol.kind == "module":
            variables = self._variables_set(at)
            yield from (Stop(one) for one in variables if stop.argument in ("", one.symbol.name))
            if stop.argument and variables:  # the way leads on through that variable, to nothing else of the module
                return
        for user, reference in self.inside(at.source, at.folder).received[at.symbol.address]:
            yield Stop(user, _argument(reference) if user.symbol.kind == "module" else "")
        if at.symbol.kind == "output":
            for call in self._lookup.calls_of(at.source, at.folder):
                outside, address = self.inside(at.source, call.call.folder), call.call.symbol.address
                for user, reference in outside.received[address]:
                    if reference.target == f"{address}.{at.symbol.name}":
                        yield Stop(user, _argument(reference) if user.symbol.kind == "module" else "")

    def _output(self, at: StoredSymbol, target: str) -> StoredSymbol | None:
        """The output that `module.NAME.OUTPUT` names, if that module is local."""
        whole = _whole(target)
        called = self._called(at.source, at.folder, whole) if whole != target else None
        return called.symbols.get(f"output.{target.removeprefix(f'{whole}.')}") if called else None

    def _called(self, source: str, folder: str, address: str) -> Folder | None:
        calls = self._lookup.calls_in(source, folder)
        inner = next((call.folder for call in calls if call.call.symbol.address == address), None)
        return None if inner is None else self.inside(source, inner)

    def _variables_set(self, call: StoredSymbol) -> list[StoredSymbol]:
        inside = self._called(call.source, call.folder, call.symbol.address)
        given = [attribute.path for attribute in call.symbol.attributes]
        found = [inside.symbols.get(f"var.{path}") for path in given] if inside else []
        return [one for one in found if one]

    def _calls_that_set(self, at: StoredSymbol) -> list[ModuleCall]:
        if at.symbol.kind != "variable":
            return []
        calls = self._lookup.calls_of(at.source, at.folder)
        return [call for call in calls if call.call.symbol.attribute(at.symbol.name)]

    def edges(self, symbols: Mapping[str, StoredSymbol]) -> list[Edge]:
        """Every reference from one of these to another. One to a module's output leads to it where it is among them, else to the
        module's call."""
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for at in symbols.values():
            inside = self.inside(at.source, at.folder)
            for reference in inside.made[at.id]:
                candidates = (self._output(at, reference.target), inside.symbols.get(_whole(reference.target)))
                used = next((one for one in candidates if one and one.id in symbols), None)
                if used and used.id != at.id:
                    found[at.id, used.id].append(reference.attribute)
            for call in self._calls_that_set(at):
                if call.call.id in symbols:
                    found[at.id, call.call.id].append(at.symbol.name)
        return [Edge(*ends, tuple(dict.fromkeys(attributes))) for ends, attributes in found.items()]


def _whole(target: str) -> str:
    """The address that holds a target: of `module.vpc.subnets` the call `module.vpc`, of any other the target itself."""
    return ".".join(target.split(".")[:2]) if target.startswith("module.") else target


def _argument(reference: StoredReference) -> str:
    """The argument of a module's call in which a reference stands; "" where it concerns the whole call."""
    name = re.split(r"[.\[]", reference.attribute, maxsplit=1)[0]
    return "" if name in _META else name
