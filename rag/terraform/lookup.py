"""Looking Terraform up: what defines an address, what refers to it, also across calls of local modules; modules and providers.

`waypost terraform` and `/v1/terraform` call this. Everything is limited to what the viewer may read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Unpack

from rag.catalog import Catalog
from rag.catalog.symbols import Place, StoredReference, StoredSymbol, Wanted
from rag.errors import NotFoundError
from rag.records import Viewer

_INDEX = re.compile(r"\[[^\]]*\]")
_OVERRIDE = re.compile(r"(^|/)(override|[^/]*_override)\.(tf|tofu)(\.json)?$")
_DEEPEST = 12  # levels of modules that an address may pass through


@dataclass(frozen=True)
class ModuleCall:
    """A `module` block. `folder` is that of a local module's code, None for one that comes from a registry or repository."""

    call: StoredSymbol
    source: str
    version: str
    folder: str | None


@dataclass(frozen=True)
class Provider:
    """A provider that a module folder requires or configures."""

    source: str
    folder: str
    name: str
    origin: str
    constraint: str
    path: str
    line: int


class TerraformLookup:
    """Symbols and references of one catalog, as one viewer may see them."""

    def __init__(self, catalog: Catalog, viewer: Viewer) -> None:
        self._symbols = catalog.symbols
        self._access = catalog.access_keys(viewer)

    def symbols(
        self, kind: str = "", type_: str = "", source: str = "", folder: str | None = None, name: str = ""
    ) -> list[StoredSymbol]:
        """Everything that is defined, by these; in the order of source, path and line."""
        return self._symbols.find(self._access, kind=kind, type_=type_, source=source, folder=folder, name=name)

    def page(self, limit: int, after: Place | None = None, **wanted: Unpack[Wanted]) -> list[StoredSymbol]:
        """At most `limit` of what is defined, in the same order, that come behind the place `after`."""
        return self._symbols.find(self._access, limit=limit, after=after, **wanted)

    def count(self, **wanted: Unpack[Wanted]) -> int:
        """How many symbols all pages have together."""
        return self._symbols.count(self._access, **wanted)

    def define(self, address: str, source: str = "", folder: str | None = None) -> list[StoredSymbol]:
        """What defines an address: in every module folder where it holds, or, led by `module.NAME.`, in that module's folder.

        Indexes (`[0]`, `["key"]`) are passed over. Raises: NotFoundError naming what is near.
        """
        plain = _INDEX.sub("", address.strip())
        found = list(self._defined(plain, source, folder))
        if not found:
            raise NotFoundError(f"nothing here defines {address}{self._near(plain)}")
        return found

    def _defined(self, address: str, source: str, folder: str | None, depth: int = 0) -> Iterator[StoredSymbol]:
        steps = address.split(".")
        if steps[0] != "module" or len(steps) <= 2:
            yield from self._symbols.find(self._access, address=address, source=source, folder=folder)
            return
        rest = ".".join(steps[2:])
        for call in self.module_calls:
            at = call.call
            if (
                at.symbol.name != steps[1]
                or (source and at.source != source)
                or (folder is not None and at.folder != folder)
            ):
                continue
            if call.folder is not None and depth < _DEEPEST:
                inner = rest if "." in rest else f"output.{rest}"  # module.vpc.id names an output
                yield from self._defined(inner, at.source, call.folder, depth + 1)

    def _near(self, address: str) -> str:
        name = address.rsplit(".", 1)[-1]
        like = [found.symbol.address for found in self._symbols.find(self._access, name=name)]
        return f"; of that name there is: {', '.join(list(dict.fromkeys(like))[:5])}" if like else ""

    def references_to(self, found: StoredSymbol) -> list[StoredReference]:
        """What refers to a symbol: in its own folder by its address; to a variable also each call of its module that sets it,
        and to an output each use of it where its module is called."""
        symbol = found.symbol
        own = found.symbol.address
        references = self._symbols.referring(self._access, own, found.source, found.folder)
        for call in self.calls_of(found.source, found.folder):
            at = call.call
            if symbol.kind == "variable" and (argument := at.symbol.attribute(symbol.name)):
                references.append(_argument(at, argument.path, argument.start, own))
            if symbol.kind == "output":
                target = f"module.{at.symbol.name}.{symbol.name}"
                references += self._symbols.referring(self._access, target, at.source, at.folder)
        return sorted(references, key=lambda reference: (reference.source, reference.path, reference.line))

    def references_of(self, found: StoredSymbol) -> list[StoredReference]:
        """What a symbol refers to, in the order of its lines."""
        return self._symbols.references_of(self._access, found.id)

    def references_in(self, source: str, folder: str) -> list[StoredReference]:
        """Every reference that stands in a module folder."""
        return self._symbols.references_in(self._access, source, folder)

    @cached_property
    def module_calls(self) -> list[ModuleCall]:
        """Every call of a module, with where its code comes from."""
        return [module_call(found) for found in self._symbols.find(self._access, kind="module")]

    def calls_of(self, source: str, folder: str) -> list[ModuleCall]:
        """The calls of the module whose code lies in this folder."""
        return [call for call in self.module_calls if call.call.source == source and call.folder == folder]

    def calls_in(self, source: str, folder: str) -> list[ModuleCall]:
        """The calls that stand in this folder."""
        return [call for call in self.module_calls if (call.call.source, call.call.folder) == (source, folder)]

    @cached_property
    def folders(self) -> list[tuple[str, str]]:
        """(source, folder) of every module folder."""
        return list(self._symbols.folders(self._access))

    def at(self, source: str, folder: str, address: str, kind: str = "") -> StoredSymbol | None:
        """The symbol of an address in one folder; what .tfvars files give is left out."""
        found = self._symbols.find(self._access, source=source, folder=folder, address=address, kind=kind)
        return next((one for one in found if one.symbol.kind != "value"), None)

    def is_overridden(self, found: StoredSymbol) -> bool:
        """Whether an override file of the same folder says something else of this symbol."""
        same = self._symbols.find(self._access, source=found.source, folder=found.folder, address=found.symbol.address)
        return any(_OVERRIDE.search(other.path) for other in same)

    def values_given(self, source: str, folder: str, address: str) -> list[StoredSymbol]:
        """What .tfvars files in this folder, or in folders below it, give to a variable, by path."""
        found = self._symbols.find(self._access, source=source, address=address, kind="value")
        return [one for one in found if not folder or one.folder == folder or one.folder.startswith(f"{folder}/")]

    def providers(self) -> list[Provider]:
        """The providers that each module folder requires (`required_providers`), by folder and name."""
        return [one for at in self._symbols.find(self._access, kind="terraform") for one in required_providers(at)]


def is_override(path: str) -> bool:
    """Whether a file is an override file, which says more of what others define."""
    return bool(_OVERRIDE.search(path))


def module_call(found: StoredSymbol) -> ModuleCall:
    """A `module` block, with where its code comes from."""
    origin, version = _literal(found, "source"), _literal(found, "version")
    local = origin.startswith(("./", "../"))
    folder = posixpath.normpath(posixpath.join(found.folder, origin)) if local else None
    return ModuleCall(found, origin, version, "" if folder == "." else folder)


def required_providers(at: StoredSymbol) -> list[Provider]:
    """The providers that a `terraform` block requires, in its order."""
    found = []
    for attribute in at.symbol.attributes:
        if attribute.path.startswith("required_providers."):
            name = attribute.path.removeprefix("required_providers.")
            wanted = _plain(attribute.expression)
            origin, constraint = (str(wanted.get(key, "")) for key in ("source", "version"))
            found.append(Provider(at.source, at.folder, name, origin, constraint, at.path, attribute.start))
    return found


def _argument(at: StoredSymbol, attribute: str, line: int, target: str) -> StoredReference:
    return StoredReference(at.id, at.document_id, at.source, at.folder, at.path, target, attribute, line)


def _literal(found: StoredSymbol, path: str) -> str:
    attribute = found.symbol.attribute(path)
    literal = attribute is not None and attribute.expression[0] == "lit"
    return str(attribute.expression[1]) if attribute and literal else ""


def _plain(expression: list[object]) -> dict[str, object]:
    """The literal entries of an object; a bare string is a version constraint."""
    if expression[0] == "lit":
        return {"version": expression[1]}
    entries = expression[1] if expression[0] == "obj" and isinstance(expression[1], list) else []
    return {str(key[1]): value[1] for key, value in entries if key[0] == value[0] == "lit"}
