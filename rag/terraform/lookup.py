"""Looking Terraform up: what defines an address, what refers to it, also across calls of local modules; modules and
environments.

`waypost terraform` and `/v1/terraform` call this. Everything is limited to what the viewer may read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Unpack

from rag.catalog import Catalog
from rag.catalog.symbols import Place, StoredReference, StoredSymbol, Wanted
from rag.environments import canonical
from rag.errors import NotFoundError
from rag.records import Document, Viewer
from rag.terraform import environment_folders
from rag.terraform.entries import entries
from rag.terraform.environments import USUAL, Environment, object_keys, workspace_names
from rag.terraform.mentions import Mention, Mentions
from rag.terraform.overrides import merged
from rag.terraform.passed import PassedFiles, Stock
from rag.terraform.tfvars import ValueFile

_INDEX = re.compile(r"\[[^\]]*\]")
_UNITS = ("terragrunt.hcl", "terragrunt.stack.hcl")
# What a folder that is run has; one of variables alone is not.
_MADE = ("resource", "module", "data", "output", "local")
_DEEPEST = 12  # levels of modules that an address may pass through


@dataclass(frozen=True)
class ModuleCall:
    """A `module` block, or a Terragrunt unit. `folder` is that of a local module's code, None for one that comes from a registry
    or repository."""

    call: StoredSymbol
    source: str
    version: str
    folder: str | None
    terragrunt: bool = False


class TerraformLookup:
    """Symbols and references of one catalog, as one viewer may see them."""

    def __init__(self, catalog: Catalog, viewer: Viewer) -> None:
        self._catalog = catalog
        self._viewer = viewer
        self._symbols = catalog.symbols
        self._read: dict[tuple[str, str], dict[str, list[StoredSymbol]]] = {}
        self._setting: dict[str, list[StoredSymbol]] = {}
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
        found = self.defined(address, source, folder)
        if not found:
            raise NotFoundError(self._nowhere(address.strip(), source, folder))
        return found

    def _nowhere(self, address: str, source: str, folder: str | None) -> str:
        """Why nothing was found: it stands elsewhere than it was looked for, or something like it does."""
        where = " ".join(
            filter(None, (f"in source {source}" * bool(source), f"in folder {folder}" * (folder is not None)))
        )
        elsewhere = self.defined(address) if where else []
        if elsewhere:
            places = dict.fromkeys(f"{one.source}/{one.folder}" for one in elsewhere)
            return f"nothing {where} defines {address}; it is defined in: {', '.join(list(places)[:5])}"
        return f"nothing here defines {address}{self._near(_INDEX.sub('', address))}"

    def defined(self, address: str, source: str = "", folder: str | None = None) -> list[StoredSymbol]:
        """The same; nothing where nothing defines it."""
        return list(self._defined(_INDEX.sub("", address.strip()), source, folder))

    def _defined(self, address: str, source: str, folder: str | None, depth: int = 0) -> Iterator[StoredSymbol]:
        steps = address.split(".")
        if steps[0] != "module" or len(steps) <= 2:
            yield from merged(self._symbols.find(self._access, address=address, source=source, folder=folder))
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

    def mentions(self, found: StoredSymbol) -> list[Mention]:
        """The pages that mention a symbol."""
        return self._mentions.of(found, self._catalog.documents_for(self._viewer))

    def mentioned_in(self, document: Document) -> list[Mention]:
        """The symbols that a page mentions, in the order of its lines."""
        return self._mentions.in_document(document)

    def named(self, names: Iterable[str]) -> list[tuple[str, StoredSymbol]]:
        """The symbols that bear one of these names, as pages would use it."""
        return self._mentions.named(names)

    @cached_property
    def _mentions(self) -> Mentions:
        return Mentions(self.symbols())

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
        """The calls of the module whose code lies in this folder, those of Terragrunt units included."""
        calls = [*self.module_calls, *self._units]
        return [call for call in calls if call.call.source == source and call.folder == folder]

    @cached_property
    def _units(self) -> list[ModuleCall]:
        """Terragrunt's units: the module that each names, or that of its own folder."""
        units = []
        for found in self._symbols.find(self._access, address="inputs", kind="other"):
            if posixpath.basename(found.path) == "terragrunt.hcl":
                named = self.at(found.source, found.folder, "terraform", file=found.path)
                origin = literal(named, "source") if named else ""
                local = origin.startswith(("./", "../")) or not origin
                folder = posixpath.normpath(posixpath.join(found.folder, origin.replace("//", "/"))) if local else None
                units.append(ModuleCall(found, origin, "", "" if folder == "." else folder, terragrunt=True))
        return units

    def calls_in(self, source: str, folder: str) -> list[ModuleCall]:
        """The calls that stand in this folder."""
        return [call for call in self.module_calls if (call.call.source, call.call.folder) == (source, folder)]

    @cached_property
    def folders(self) -> list[tuple[str, str]]:
        """(source, folder) of every module folder."""
        return list(self._symbols.folders(self._access))

    def at(self, source: str, folder: str, address: str, kind: str = "", file: str = "") -> StoredSymbol | None:
        """The symbol of an address in one folder, override files merged in; what .tfvars files give is left out. With `file`
        (Terragrunt, whose names are its own) that of this file."""
        found = self._in_folder(source, posixpath.dirname(file) if file else folder).get(address, ())
        for one in found:
            if kind in ("", one.symbol.kind) and (one.path == file if file else not _is_terragrunt(one.path)):
                return one
        return None

    def _in_folder(self, source: str, folder: str) -> dict[str, list[StoredSymbol]]:
        """The symbols of a module folder by address, as they hold."""
        key = (source, folder)
        if key not in self._read:
            by_address: dict[str, list[StoredSymbol]] = {}
            for one in merged(self._symbols.find(self._access, source=source, folder=folder)):
                if one.symbol.kind != "value":
                    by_address.setdefault(one.symbol.address, []).append(one)
            self._read[key] = by_address
        return self._read[key]

    def includes(self, source: str, file: str) -> list[StoredSymbol]:
        """The `include` blocks of a Terragrunt file."""
        found = self._in_folder(source, posixpath.dirname(file)).values()
        return [one for several in found for one in several if one.path == file and one.symbol.type == "include"]

    def standing_in(self, source: str, path: str, start: int, end: int) -> list[StoredSymbol]:
        """What a file defines on lines start to end, override files merged in, in the order of its lines."""
        found = self._in_folder(source, posixpath.dirname(path)).values()
        here = [one for several in found for one in several if one.path == path]
        touched = [one for one in here if one.symbol.start <= end and start <= one.symbol.end]
        return sorted(touched, key=lambda one: one.symbol.start)

    def setting(self, texts: Iterable[str]) -> Iterator[StoredSymbol]:
        """Every symbol that has one of these texts in its name, or an attribute or an entry of an object that has, in the order
        of texts and places. What was found is kept, since questions ask for the same."""
        for text in texts:
            if text not in self._setting:
                found = self._symbols.holding(self._access, text, named=True)
                self._setting[text] = [one for one in found if _sets(one, text)]
            yield from self._setting[text]

    def has_file(self, source: str, path: str) -> bool:
        """Whether a file of this path defines something."""
        found = self._in_folder(source, posixpath.dirname(path)).values()
        return any(one.path == path for several in found for one in several)

    def is_root(self, source: str, folder: str) -> bool:
        """Whether a module folder is run by itself: it has .tfvars files, or says where its state is kept."""
        found = self._symbols.find(self._access, source=source, folder=folder)
        state = ("backend", "cloud")
        return any(
            one.symbol.kind == "value"
            or (one.symbol.kind == "terraform" and any(a.path.startswith(state) for a in one.symbol.attributes))
            for one in found
        )

    def unread_values(self, source: str, folder: str) -> list[ValueFile]:
        """The .tfvars files of this folder that were refused: ciphertext may give any variable a value."""
        return [one for one in self.passed.to(source, folder) if one.path in self._unread.get(source, ())]

    @cached_property
    def _unread(self) -> dict[str, list[str]]:
        return self._catalog.refused(".tfvars")

    def is_workspace(self, name: str) -> bool:
        """Whether some expression compares the workspace with this name, or looks something up by it."""
        return name in self.workspaces

    @cached_property
    def workspaces(self) -> dict[str, list[StoredSymbol]]:
        """The workspaces that code names, each with what names it."""
        found: dict[str, list[StoredSymbol]] = {}
        for one in self._symbols.holding(self._access, '["terraform", "workspace"'):
            keys_of = partial(self._keys, one)
            for name in {n for a in one.symbol.attributes for n in workspace_names(a.expression, keys_of)}:
                found.setdefault(name, []).append(one)
        return found

    @cached_property
    def environments(self) -> list[Environment]:
        """The environments of each source, in the order of source and name."""
        workspaces = {(one.source, name) for name, named in self.workspaces.items() for one in named}
        folders, tfvars = self._environment_folders(), self.passed.by_environment
        units = self._terragrunt_folders()
        found = []
        for source, name in sorted({*workspaces, *folders, *tfvars}):
            own = sorted(folders.get((source, name), ()))
            trees = [at for at in own if any(one == source and lies_in(unit, at) for one, unit in units)]
            naming = [one for one in self.workspaces.get(name, ()) if one.source == source]
            files = sorted(tfvars.get((source, name), ()))
            plain = [at for at in own if at not in trees]
            found.append(Environment(name, source, tuple(plain), tuple(trees), tuple(files), tuple(naming)))
        return found

    def _terragrunt_folders(self) -> set[tuple[str, str]]:
        """(source, folder) of Terragrunt's units and stacks."""
        found = [*self._symbols.find(self._access, kind="other"), *self._symbols.find(self._access, kind="terraform")]
        return {(one.source, one.folder) for one in found if posixpath.basename(one.path) in _UNITS}

    @cached_property
    def passed(self) -> PassedFiles:
        """Which .tfvars files are passed to which folder, in which environment."""
        find = partial(self._symbols.find, self._access)
        calls = [(one.call.source, one.call.folder, one.folder) for one in self.module_calls if one.folder is not None]
        named = [(one.source, name) for name, naming in self.workspaces.items() for one in naming]
        naming = self._symbols.holding(self._access, ".tfvars")
        made = {(one.source, one.folder) for kind in _MADE for one in find(kind=kind)}
        return PassedFiles(
            Stock(
                find(kind="value"), find(kind="variable"), find(kind="terraform"), made, calls, self._unread, named,
                [*naming, *find(type_="tfe_workspace")],
            )
        )  # fmt: skip

    def _environment_folders(self) -> dict[tuple[str, str], set[str]]:
        """Folders by source and name of the environment; folders side by side that have values for each environment are none,
        but parts of all of them."""
        found: dict[tuple[str, str], set[str]] = {}
        units = self._terragrunt_folders()
        for source in {one for one, _ in self.folders}:
            several = (
                environment_folders.usual(at for of, at in self.folders if of == source),
                environment_folders.of_units([at for of, at in units if of == source]),
                self._side_by_side(source),
            )
            for name, folders in ((name, at) for each in several for name, at in each.items()):
                found.setdefault((source, name), set()).update(folders)
        return found

    def _side_by_side(self, source: str) -> dict[str, set[str]]:
        callers: dict[tuple[str, str], set[str]] = {}
        for call in self.module_calls:
            if call.call.source == source:
                parent = posixpath.dirname(call.call.folder)
                callers.setdefault((parent, call.folder or call.source), set()).add(call.call.folder)
        groups = [folders for folders in callers.values() if not self._are_stacks(source, folders)]
        calls = [*self.module_calls, *self._units]
        called = {
            call.folder
            for call in calls
            if call.call.source == source and call.folder and call.folder != call.call.folder
        }
        return environment_folders.side_by_side(groups, called, partial(self._made_in, source))

    def _made_in(self, source: str, folder: str) -> frozenset[str]:
        """The addresses of what a folder makes and calls."""
        found = self._in_folder(source, folder).items()
        return frozenset(
            at for at, several in found if any(one.symbol.kind in ("resource", "module") for one in several)
        )

    def _are_stacks(self, source: str, folders: Iterable[str]) -> bool:
        """Whether some of these folders have environments themselves, so that they are none."""
        return any(self.passed.stacks.get((source, at), set()) - {posixpath.basename(at)} for at in folders)

    def environment_called(self, name: str) -> str:
        """The environment of the code that has this name, else the only one that is called so too (`production` for prod)."""
        names = {one.name for one in self.environments}
        alike = sorted(one for one in names if canonical(one) == canonical(name))
        return alike[0] if name not in names | self._speaking and len(alike) == 1 else name

    def refuse_unknown(self, environment: str) -> None:
        """Raises: NotFoundError for an environment that no code knows, and no folder speaks of (`shop-prod`)."""
        names = {one.name for one in self.environments}
        if self.environment_called(environment) not in names | self._speaking:
            there = f"there are: {', '.join(sorted(names))}" if names else "it tells no environments apart"
            raise NotFoundError(f"no code knows an environment {environment!r}; {there}")

    @cached_property
    def _speaking(self) -> set[str]:
        """The names of folders that speak of an environment."""
        parts = {part for _, folder in self.folders for part in folder.split("/")}
        return {part for part in parts if set(re.split(r"[-_.]", part.lower())) & USUAL}

    def environments_at(self, source: str, folder: str) -> set[str]:
        """The environments in whose folders of Terragrunt's one lies."""
        trees = ((one, at) for one in self.environments if one.source == source for at in one.terragrunt)
        return {one.name for one, at in trees if lies_in(folder, at)}

    def _keys(self, found: StoredSymbol, address: str) -> list[str]:
        """The keys of a local that is an object."""
        local = self.at(found.source, found.folder, address)
        told = local.symbol.attribute("value") if local else None
        return object_keys(told.expression) if told else []

    def values_given(self, source: str, folder: str, address: str) -> list[tuple[StoredSymbol, ValueFile]]:
        """What .tfvars files give to a variable of this folder, or may give, by path; once for each environment."""
        found = self._symbols.find(self._access, source=source, address=address, kind="value")
        files = self.passed.to(source, folder)
        return [(one, file) for one in found for file in files if file.path == one.path]


def module_call(found: StoredSymbol) -> ModuleCall:
    """A `module` block, with where its code comes from."""
    origin, version = literal(found, "source"), literal(found, "version")
    local = origin.startswith(("./", "../"))
    folder = posixpath.normpath(posixpath.join(found.folder, origin)) if local else None
    return ModuleCall(found, origin, version, "" if folder == "." else folder)


def _sets(found: StoredSymbol, text: str) -> bool:
    symbol = found.symbol
    return text in symbol.name or any(text in setting.path for setting in entries(symbol, ()))


def lies_in(folder: str, above: str) -> bool:
    """Whether a folder is another one, or below it."""
    return folder == above or folder.startswith(f"{above}/")


def _is_terragrunt(path: str) -> bool:
    return path.endswith(".hcl")


def _argument(at: StoredSymbol, attribute: str, line: int, target: str) -> StoredReference:
    return StoredReference(at.id, at.document_id, at.source, at.folder, at.path, target, attribute, line)


def literal(found: StoredSymbol, path: str) -> str:
    """The text of an attribute that is written out; "" for any other."""
    attribute = found.symbol.attribute(path)
    return str(attribute.expression[1]) if attribute and attribute.expression[0] == "lit" else ""
