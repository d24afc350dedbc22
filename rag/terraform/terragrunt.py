"""Terragrunt's own functions, as far as the files in the catalog can tell them. `rag.terraform.evaluation` calls them.

Reference: https://terragrunt.gruntwork.io/docs/reference/hcl/functions/
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.terraform.unknown import AbsentError, CannotTellError

if TYPE_CHECKING:
    from rag.terraform.lookup import TerraformLookup

_UNNAMED = ("root.hcl", "terragrunt.hcl")  # what find_in_parent_folders() looks for


@dataclass(frozen=True)
class Config:
    """A Terragrunt file that was read or included: `.locals` and `.inputs` of it can be asked for."""

    path: str


def _in_parents(lookup: TerraformLookup, source: str, folder: str, file: str, *names: Any) -> str:
    """The nearest file of that name in a folder above the unit's. Raises: CannotTellError when there is none here."""
    at = folder
    while at:
        at = posixpath.dirname(at)
        for name in names[:1] or _UNNAMED:
            path = posixpath.join(at, str(name))
            if path != file and lookup.has_file(source, path):
                return path
    if len(names) > 1:
        return str(names[1])
    raise CannotTellError(f"no folder above has {' or '.join(map(str, names or _UNNAMED))}")


def _read(lookup: TerraformLookup, source: str, folder: str, file: str, path: str, *default: Any) -> Any:
    for at in (path, posixpath.normpath(posixpath.join(folder, path))):
        if lookup.has_file(source, at):
            return Config(at)
    if default:
        return default[0]
    raise AbsentError(f"{path} is not in these repositories")


def _relative(lookup: TerraformLookup, source: str, folder: str, file: str, *_: Any) -> str:
    return posixpath.relpath(folder or ".", posixpath.dirname(file) or ".")


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "find_in_parent_folders": _in_parents,
    "read_terragrunt_config": _read,
    "path_relative_to_include": _relative,
    "get_terragrunt_dir": lambda lookup, source, folder, file: folder,
    "get_original_terragrunt_dir": lambda lookup, source, folder, file: folder,
    "get_repo_root": lambda lookup, source, folder, file: ".",
}
"""By name; each takes the lookup, the source, the unit's folder and the file, then its own arguments."""
