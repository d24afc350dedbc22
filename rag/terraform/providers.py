"""The providers that module folders require, beside the versions that `.terraform.lock.hcl` selects.

`waypost terraform providers` and `/v1/terraform/providers` call this.
Lock file: https://developer.hashicorp.com/terraform/language/files/dependency-lock
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from rag.catalog.symbols import Place, StoredSymbol
from rag.terraform.lookup import TerraformLookup, literal
from rag.terraform.settings import opened

_LOCK = ".terraform.lock.hcl"
_REGISTRIES = ("registry.terraform.io/", "registry.opentofu.org/")  # what an origin without a host means
Locks = Mapping[tuple[str, str], Mapping[str, "Lock"]]  # by source and folder of the lock file, then by origin


@dataclass(frozen=True)
class Lock:
    """What a lock file selects for a provider, and the `constraints` that all modules together had then."""

    version: str
    constraints: str
    path: str
    line: int


@dataclass(frozen=True)
class Provider:
    """A provider that a module folder requires, or one that only its lock file names: then `constraint` is "".

    `locks`: of the folder's own lock file, or, where it has none, of those of the folders that call the module.
    """

    source: str
    folder: str
    name: str
    origin: str
    constraint: str
    path: str
    line: int
    locks: tuple[Lock, ...] = ()

    @property
    def place(self) -> Place:
        """Where it stands in the order in which providers are listed."""
        return (self.source, self.path, self.line, self.name)


def find_providers(lookup: TerraformLookup, source: str = "", folder: str | None = None) -> list[Provider]:
    """Every provider that is required or locked, in the order of source, path and line."""
    locks = _locks(lookup)
    blocks = lookup.symbols("terraform", source=source, folder=folder)
    required = [one for at in blocks for one in _required(at)]
    locking = {at: _locking(lookup, *at, locks) for at in {(one.source, one.folder) for one in required}}
    found = [replace(one, locks=tuple(_selected(one, locking[one.source, one.folder], locks))) for one in required]
    own = {at: entries for at, entries in locks.items() if source in ("", at[0]) and folder in (None, at[1])}
    return sorted([*found, *_only_locked(found, own)], key=lambda one: one.place)


def _required(at: StoredSymbol) -> Iterator[Provider]:
    """The providers that a `terraform` block requires."""
    for attribute in at.symbol.attributes:
        for one in opened(attribute) if attribute.path == "required_providers" else (attribute,):  # JSON has an object
            if one.path.startswith("required_providers."):
                name, wanted = one.path.removeprefix("required_providers."), _plain(one.expression)
                origin, constraint = (str(wanted.get(key, "")) for key in ("source", "version"))
                yield Provider(at.source, at.folder, name, origin, constraint, at.path, one.start)


def _plain(expression: list[object]) -> dict[str, object]:
    """The literal entries of an object; a bare string is a version constraint."""
    if expression[0] == "lit":
        return {"version": expression[1]}
    entries = expression[1] if expression[0] == "obj" and isinstance(expression[1], list) else []
    return {str(key[1]): value[1] for key, value, _ in entries if key[0] == value[0] == "lit"}


# -- lock files -------------------------------------------------------------------------------------------------------


def _locks(lookup: TerraformLookup) -> Locks:
    found: dict[tuple[str, str], dict[str, Lock]] = {}
    for one in lookup.symbols("provider"):
        if posixpath.basename(one.path) == _LOCK:
            lock = Lock(literal(one, "version"), literal(one, "constraints"), one.path, one.symbol.start)
            found.setdefault((one.source, one.folder), {}).setdefault(_origin(one.symbol.name), lock)
    return found


def _locking(lookup: TerraformLookup, source: str, folder: str, locks: Locks) -> list[str]:
    """The folders whose lock files hold for a module: its own, or else those that call it, at any remove."""
    if all(source != other for other, _ in locks):
        return []
    found, seen, waiting = [], {folder}, [folder]
    while waiting:
        at = waiting.pop()
        if (source, at) in locks:
            found.append(at)
            continue
        callers = {call.call.folder for call in lookup.calls_of(source, at)} - seen
        seen |= callers
        waiting += callers
    return sorted(found)


def _selected(one: Provider, folders: Iterable[str], locks: Locks) -> Iterator[Lock]:
    origin = _origin(one.origin or f"hashicorp/{one.name}")
    for folder in folders:
        if lock := locks[one.source, folder].get(origin):
            yield lock


def _only_locked(required: Iterable[Provider], locks: Locks) -> Iterator[Provider]:
    """What lock files name and no block of their folder requires: providers of the modules that it calls."""
    known = {(one.source, lock) for one in required for lock in one.locks if one.folder == posixpath.dirname(lock.path)}
    for (source, folder), entries in locks.items():
        for origin, lock in entries.items():
            if (source, lock) not in known:
                name = origin.rpartition("/")[2]
                yield Provider(source, folder, name, origin, "", lock.path, lock.line, (lock,))


def _origin(name: str) -> str:
    """A provider's address without the host that goes without saying."""
    for registry in _REGISTRIES:
        name = name.lower().removeprefix(registry)
    return name
