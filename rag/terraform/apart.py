"""Files of values in a tree of their own (`variables/production/rds.tfvars` beside `deployments/rds`): whose they are, and of
which environment. Such a file names a module folder, or is shared by all; its environment is the folder that it stands in.

`rag.terraform.lookup` asks: without these files a variable's default would be told for what an environment sets otherwise.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from pathlib import PurePosixPath

from rag.catalog.symbols import StoredSymbol
from rag.terraform.environments import USUAL


class ValuesApart:
    """The .tfvars files of some sources that stand neither beside the code that they are for, nor below it."""

    def __init__(self, values: Iterable[StoredSymbol], code: Iterable[tuple[str, str]]) -> None:
        """`code` are the (source, folder) in which something is made: a folder that only declares variables runs nothing."""
        self._code = set(code)
        self._named = {(source, posixpath.basename(folder)) for source, folder in self._code}
        self._given: dict[tuple[str, str], list[tuple[str, StoredSymbol]]] = {}
        for one in values:
            if environment := self.environment(one.source, one.path):
                self._given.setdefault((one.source, one.symbol.address), []).append((environment, one))

    def environment(self, source: str, path: str) -> str:
        """The environment that a file's folder names; "" for one that stands by code, or in no environment's folder."""
        folder = PurePosixPath(path).parent
        if any((source, "" if str(at) == "." else str(at)) in self._code for at in (folder, *folder.parents)):
            return ""
        return next((part for part in reversed(folder.parts) if part in USUAL), "")

    def given(self, source: str, folder: str, address: str) -> list[tuple[str, StoredSymbol]]:
        """(environment, value) of what these files give to a variable of a module folder: by the file that is called after it,
        and in environments without such a line by one that is called after no folder."""
        every = self._given.get((source, address), ())
        own = [(name, one) for name, one in every if _stem(one) == posixpath.basename(folder)]
        told = {name for name, _ in own}
        shared = [(n, one) for n, one in every if n not in told and (source, _stem(one)) not in self._named]
        return [*own, *shared]

    def environments(self, source: str, folder: str) -> set[str]:
        """The environments for which a module folder has such files."""
        return {
            name
            for (of, _), several in self._given.items()
            for name, one in several
            if of == source and _stem(one) == posixpath.basename(folder)
        }


def _stem(value: StoredSymbol) -> str:
    return posixpath.basename(value.path).partition(".")[0]
