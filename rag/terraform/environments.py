"""Which environments there are: names of folders and .tfvars files, and those that the workspace is compared with or
looked up by.

`rag.terraform.lookup` collects what makes them; `waypost terraform environments` and `/v1/terraform/environments` show it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rag.catalog.symbols import Place, StoredSymbol
from rag.environments import ALIASES, CANONICAL
from rag.terraform.records import Expression

USUAL = frozenset(CANONICAL) - {"manager", "preview"} | {
    "integration"
}  # of folders: those two are often something else
_WORKSPACE = ["ref", ["terraform", "workspace"]]
KeysOf = Callable[[str], list[str]]  # of the local at an address


@dataclass(frozen=True)
class Environment:
    """An environment of one source, by what makes it one: folders of its name (`terragrunt`: those that hold Terragrunt's units),
    .tfvars files, and the code that names it as a workspace."""

    name: str
    source: str
    folders: tuple[str, ...]
    terragrunt: tuple[str, ...]
    tfvars: tuple[str, ...]
    workspaces: tuple[StoredSymbol, ...]

    @property
    def place(self) -> Place:
        """Where it stands in the order of source and name."""
        return (self.source, self.name, 0, "")


def workspace_names(expression: Expression, keys_of: KeysOf) -> Iterator[str]:
    """The names in `terraform.workspace == "x"`, `contains([…], terraform.workspace)`, `lookup(map, terraform.workspace)` and
    `map[terraform.workspace]`."""
    match expression:
        case ["op", "==" | "!=", operands] if _WORKSPACE in operands:
            yield from (str(one[1]) for one in operands if one[0] == "lit")
        case ["call", "contains" | "lookup", [collection, key, *_], _] if key == _WORKSPACE:
            yield from _named(collection, keys_of)
        case ["ref", ["local", str(name), ["idx", key], *_]] if key == _WORKSPACE:
            yield from keys_of(f"local.{name}")
        case ["get", collection, [["idx", key], *_]] if key == _WORKSPACE:
            yield from _named(collection, keys_of)
    for part in _parts(expression):
        yield from workspace_names(part, keys_of)


def also_called(words: set[str]) -> set[str]:
    """The words, with the other usual names of the environments among them."""
    return words.union(*(ALIASES[CANONICAL[word]] for word in words if word in CANONICAL))


def object_keys(expression: Expression) -> list[str]:
    """The literal keys of an object, or the texts of a list."""
    if expression[0] == "obj":
        return [str(key[1]) for key, _, _ in expression[1] if key[0] == "lit"]
    if expression[0] == "list":
        return [str(item[1]) for item in expression[1] if item[0] == "lit"]
    return []


def _named(collection: Expression, keys_of: KeysOf) -> list[str]:
    if collection[0] == "ref" and collection[1][0] == "local" and len(collection[1]) == 2:
        return keys_of(f"local.{collection[1][1]}")
    return object_keys(collection)


def _parts(expression: Any) -> Iterator[Expression]:
    """The expressions within one another, a level down."""
    for part in expression if isinstance(expression, list) else ():
        if isinstance(part, list):
            if part and isinstance(part[0], str) and len(part) > 1:
                yield part
            else:
                yield from _parts(part)
