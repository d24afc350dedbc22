"""What code says of workspaces of Terraform Cloud: the folder in which each runs, and the .tfvars files that it is given.

A block with a `working_directory` and a list of .tfvars files is such a workspace, `tfe_workspace` or a module that makes one;
files may also stand behind `-var-file=`, in the workspace's own block or a `tfe_variable`'s. `rag.terraform.passed` asks.

Reference: https://registry.terraform.io/providers/hashicorp/tfe/latest/docs/resources/workspace
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rag.catalog.symbols import StoredSymbol

_FILE = re.compile(r"[\w./-]+\.tfvars(?:\.json)?")
_GIVES = re.compile(r"var", re.I)  # of an attribute's name: `trigger_patterns` only says when it runs
_NAMES = ("workspace_name", "name")
_OF = "workspace_id"


@dataclass(frozen=True)
class Workspace:
    """A workspace: what it is called ("": that isn't written out), the folder in which it runs, and what it is given: the last
    counts. `missing` are files that aren't here."""

    name: str
    source: str
    folder: str
    files: tuple[str, ...]
    missing: tuple[str, ...]
    at: StoredSymbol


def find_workspaces(
    blocks: Sequence[StoredSymbol], folders: Collection[tuple[str, str]], files: Collection[tuple[str, str]]
) -> list[Workspace]:
    """The workspaces among these blocks, whose folder and files are of those, (source, path) each."""
    given: dict[tuple[str, str, str], list[str]] = {}
    for one in blocks:
        told = one.symbol.attribute(_OF)
        if told and told.expression[0] == "ref":
            address = ".".join(str(step) for step in told.expression[1][:2])
            given.setdefault((one.source, one.folder, address), []).extend(_written(one))
    found = []
    for one in blocks:
        folder = _text(one, "working_directory").strip("/")
        named = [*_written(one), *given.get((one.source, one.folder, one.symbol.address), ())]
        if folder and (own := _nearest(folder, folders, one.source)):
            source, at = own
            paths = [(path, _file(path, at, files, source)) for path in dict.fromkeys(named)]
            name = next(filter(None, (_text(one, name) for name in _NAMES)), "")
            here = tuple(path for _, path in paths if path)
            found.append(Workspace(name, source, at, here, tuple(path for path, here in paths if not here), one))
    return found


def _written(block: StoredSymbol) -> list[str]:
    """The .tfvars files that a block's attributes name."""
    own = [told for told in block.symbol.attributes if _GIVES.search(told.path)]
    if block.symbol.type == "tfe_variable":
        own = [told for told in block.symbol.attributes if told.path == "value"]
    return [path for told in own for text in _texts(told.expression) for path in _FILE.findall(text)]


def _texts(expression: Any) -> Iterator[str]:
    """The texts that are written out in an expression."""
    if not isinstance(expression, list):
        return
    if expression[:1] == ["lit"] and len(expression) > 1 and isinstance(expression[1], str):
        yield expression[1]
        return
    for part in expression:
        yield from _texts(part)


def _nearest(folder: str, folders: Collection[tuple[str, str]], source: str) -> tuple[str, str] | None:
    """The folder as it stands in this source, else in the one source that has it."""
    if (source, folder) in folders:
        return source, folder
    found = [one for one in folders if one[1] == folder]
    return found[0] if len(found) == 1 else None


def _file(path: str, folder: str, files: Collection[tuple[str, str]], source: str) -> str:
    """The file that a path means: from the folder, from the top, or the one whose path ends so; "" for none."""
    for at in (posixpath.normpath(posixpath.join(folder, path)), posixpath.normpath(path.lstrip("/"))):
        if (source, at) in files:
            return at
    tail = posixpath.normpath(path).lstrip("./")
    found = [one for of, one in files if of == source and one.endswith(f"/{tail}")]
    return found[0] if len(found) == 1 else ""


def _text(block: StoredSymbol, path: str) -> str:
    told = block.symbol.attribute(path)
    return str(told.expression[1]) if told and told.expression[0] == "lit" else ""
