"""Which .tfvars files are passed to a folder, and in which environment: as workspaces of Terraform Cloud say it, else as the
layout of the source tells (`rag.terraform.tfvars`). `rag.terraform.lookup` holds one.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath

from rag.catalog.symbols import StoredSymbol
from rag.environments import canonical
from rag.terraform.tfvars import COMMON, LOADED, WORDS, Layout, ValueFile, values_of
from rag.terraform.workspaces import Workspace, find_workspaces

_WRITTEN = 10  # the rank of the first file that a workspace lists
_ASIDE = frozenset({"examples", "example", "test", "tests"})  # folders whose calls make no module another's


@dataclass(frozen=True)
class Stock:
    """What one viewer may read: .tfvars lines, variables, `terraform` blocks, (source, folder) in which something is made,
    (source, folder, called folder) of calls, .tfvars files that can't be read, (source, name) of workspaces that code names, and
    blocks that name .tfvars files."""

    lines: Sequence[StoredSymbol]
    variables: Sequence[StoredSymbol]
    settings: Sequence[StoredSymbol]
    made: Collection[tuple[str, str]]
    calls: Sequence[tuple[str, str, str]]
    unread: Mapping[str, Sequence[str]]
    named: Sequence[tuple[str, str]]
    naming: Sequence[StoredSymbol]


class PassedFiles:
    """The .tfvars files of all sources."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._by_folder: dict[tuple[str, str], list[ValueFile]] = {}

    def to(self, source: str, folder: str) -> list[ValueFile]:
        """What is passed to a folder, or may be; the same file once for each environment in which it is."""
        key = (source, folder)
        if key not in self._by_folder:
            layout = self._layouts.get(source)
            by_path = [one for one in layout.files.values() if folder in one.stacks] if layout else []
            if (
                layout and folder not in layout.folders
            ):  # variables alone, which several stacks share: what lies below sets them
                below = [one for path, one in layout.files.items() if path.startswith(f"{folder}/")]
                by_path = [replace(one, stacks=frozenset({folder}), sure=True) for one in below]
            loaded = [one for one in by_path if one.rank in LOADED and posixpath.dirname(one.path) == folder]
            if workspaces := self._of_folder.get(key, []):
                listed = [one for each in workspaces for one in self._given(each)]
                self._by_folder[key] = [*loaded, *listed]
            elif self._of_source.get(source):  # its workspaces are written down, and this folder is none of theirs
                self._by_folder[key] = [replace(one, sure=one.sure and len(one.stacks) == 1) for one in by_path]
            else:
                self._by_folder[key] = by_path
        return self._by_folder[key]

    def workspace(self, source: str, folder: str, environment: str) -> str:
        """What the workspace of a folder's environment is called, where code says so; "" else."""
        found = {one.name for one in self._of_folder.get((source, folder), ()) if self.environment(one) == environment}
        return found.pop() if len(found) == 1 else ""

    def environments(self, source: str, folder: str) -> set[str]:
        """The environments for which a folder has files of its own, or workspaces."""
        found = {one.environment for one in self.to(source, folder) if one.sure and len(one.stacks) <= 1}
        found |= {self.environment(one) for one in self._of_folder.get((source, folder), ())}
        return found - {""}

    @cached_property
    def stacks(self) -> dict[tuple[str, str], set[str]]:
        """The folders that have several environments or one, with these."""
        declared = [(source, folder) for source, layout in self._layouts.items() for folder in layout.folders]
        found = {one: self.environments(*one) for one in {*declared, *self._of_folder}}
        return {one: names for one, names in found.items() if names}

    def takers(self, source: str, path: str) -> list[tuple[str, ValueFile]]:
        """The folders to which a file is passed, or may be, each with how."""
        return self._takers.get((source, path), [])

    @cached_property
    def _takers(self) -> dict[tuple[str, str], list[tuple[str, ValueFile]]]:
        found: dict[tuple[str, str], list[tuple[str, ValueFile]]] = {}
        for source, layout in self._layouts.items():
            for folder in layout.folders:
                for one in self.to(source, folder):
                    found.setdefault((source, one.path), []).append((folder, one))
        return found

    @cached_property
    def files(self) -> dict[tuple[str, str], ValueFile]:
        """Each file by source and path, as the layout tells it."""
        return {(source, path): one for source, layout in self._layouts.items() for path, one in layout.files.items()}

    @cached_property
    def by_environment(self) -> dict[tuple[str, str], set[str]]:
        """The paths of files by source and environment; of an environment that only workspaces know, none."""
        found: dict[tuple[str, str], set[str]] = {}
        for (source, path), one in self.files.items():
            if one.environment:
                found.setdefault((source, one.environment), set()).add(path)
        for each in self._workspaces:
            if name := self.environment(each):
                found.setdefault((each.source, name), set())
        return found

    def environment(self, workspace: Workspace) -> str:
        """The environment of a workspace: that of its files, else that of which its name speaks."""
        names = {self.files[workspace.source, path].environment for path in workspace.files} - {""}
        if len(names) == 1:
            return names.pop()
        words = [word for word in re.split(r"[-_]", workspace.name.lower()) if word in WORDS]
        known = sorted({one.environment for (source, _), one in self.files.items() if source == workspace.source})
        alike = [one for one in known if words and canonical(one) == canonical(words[-1])]
        return next(iter(alike), words[-1] if words else "")

    def _given(self, workspace: Workspace) -> list[ValueFile]:
        environment, stack = self.environment(workspace), frozenset({workspace.folder})
        listed = [*workspace.files, *workspace.missing]
        return [
            ValueFile(path, environment, stack, path not in workspace.missing, _WRITTEN + at)
            for at, path in enumerate(listed)
        ]

    # -- what there is ------------------------------------------------------------------------------------------------

    @cached_property
    def _workspaces(self) -> list[Workspace]:
        folders = {*self._stock.made, *((one.source, one.folder) for one in self._stock.variables)}
        return find_workspaces(self._stock.naming, folders, self.files.keys())

    @cached_property
    def _of_folder(self) -> dict[tuple[str, str], list[Workspace]]:
        found: dict[tuple[str, str], list[Workspace]] = {}
        for one in self._workspaces:
            found.setdefault((one.source, one.folder), []).append(one)
        return found

    @cached_property
    def _of_source(self) -> dict[str, int]:
        """How many workspaces each source has that list files."""
        found: dict[str, int] = {}
        for one in self._workspaces:
            found[one.source] = found.get(one.source, 0) + bool(one.files)
        return found

    @cached_property
    def _layouts(self) -> dict[str, Layout]:
        stock = self._stock
        sources = {one.source for one in stock.lines} | set(stock.unread)
        return {source: self._layout(source) for source in sorted(sources)}

    def _layout(self, source: str) -> Layout:
        stock = self._stock
        files = values_of((one.path, one.symbol.name) for one in stock.lines if one.source == source)
        names_of = values_of((one.folder, one.symbol.name) for one in stock.variables if one.source == source)
        declared = {at: names_of.get(at, frozenset()) for of, at in stock.made if of == source} or names_of
        run = {posixpath.dirname(path) for path in files} | {
            one.folder for one in stock.settings if one.source == source and _keeps_state(one)
        }
        called = {inner for of, at, inner in stock.calls if of == source and not _ASIDE & set(PurePosixPath(at).parts)}
        names = {name for of, name in stock.named if of == source}
        unread = dict.fromkeys(stock.unread.get(source, ()), frozenset[str]())
        return Layout({**unread, **files}, declared, called - run, names - COMMON)


def _keeps_state(one: StoredSymbol) -> bool:
    return any(told.path.startswith(("backend", "cloud")) for told in one.symbol.attributes)
