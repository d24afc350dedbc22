"""Which environments there are, where a question asks for them and for nothing else: each with the place that makes it one.

`asked` calls this, `settled` says it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.answers.judging.wording import EVERYDAY
from rag.catalog.symbols import StoredSymbol
from rag.indexes.tokens import content_words
from rag.terraform.entries import FALLBACK
from rag.terraform.environments import Environment
from rag.terraform.lookup import TerraformLookup
from rag.terraform.places import Step
from rag.terraform.standings import Standings

_ASKED = re.compile(r"\b(?:what|which|list|name|how many|show)\b.*\b(?:environments?|workspaces?|envs?)\b", re.I)
_BESIDES = frozenset(
    "environment environments env envs workspace workspaces terraform code exist available there infrastructure".split()
)
_MOST = 12  # environments that are told


@dataclass(frozen=True)
class Listed:
    """An environment: what makes it one, and where."""

    name: str
    what: str
    step: Step


def environments_asked(question: str, lookup: TerraformLookup) -> tuple[Listed, ...]:
    """The environments, where the question asks for all of them; those of the code first, then those of which only a folder's
    name speaks."""
    if not _ASKED.search(question) or set(content_words(question)) - EVERYDAY - _BESIDES:
        return ()
    found = [_listed(one, lookup) for one in lookup.environments if one.name != FALLBACK]
    return tuple([*(one for one in found if one), *_spoken_of(lookup)][:_MOST])


def _listed(one: Environment, lookup: TerraformLookup) -> Listed | None:
    folders = (*one.folders, *one.terragrunt)
    if folders and (at := _in_folder(one.source, folders[0], lookup)):
        return Listed(one.name, f"folder {folders[0]}", Step("", at.source, at.path, at.symbol.start))
    if one.tfvars and (at := _in_file(one.source, one.tfvars[0], lookup)):
        return Listed(one.name, one.tfvars[0], Step("", at.source, at.path, at.symbol.start))
    return Listed(one.name, "workspace", _key(one, lookup)) if one.workspaces else None


def _in_folder(source: str, folder: str, lookup: TerraformLookup) -> StoredSymbol | None:
    """The first thing that is defined in a folder or below it."""
    below = (at for of, at in lookup.folders if of == source and (at == folder or at.startswith(f"{folder}/")))
    return next((one for at in below for one in lookup.symbols(source=source, folder=at)), None)


def _in_file(source: str, path: str, lookup: TerraformLookup) -> StoredSymbol | None:
    folder = path.rpartition("/")[0]
    return next((one for one in lookup.symbols(source=source, folder=folder) if one.path == path), None)


def _key(one: Environment, lookup: TerraformLookup) -> Step:
    """Where a workspace is named: as the key of a local map, else in what looks something up by it."""
    for at in dict.fromkeys((naming.source, naming.folder) for naming in one.workspaces):
        for local in lookup.symbols(kind="local", source=at[0], folder=at[1]):
            told = local.symbol.attribute("value")
            for key, _, line in told.expression[1] if told and told.expression[0] == "obj" else ():
                if key == ["lit", one.name]:
                    return Step("", local.source, local.path, line)
    first = one.workspaces[0]
    return Step("", first.source, first.path, first.symbol.start)


def _spoken_of(lookup: TerraformLookup) -> Iterator[Listed]:
    """Environments of which the names of folders speak, where the code knows none of that name."""
    standings = Standings(lookup)
    seen: set[str] = set()
    for source, folder in lookup.folders:
        parts: Sequence[str] = folder.split("/")
        for depth, part in enumerate(parts, 1):
            marks = standings.of_folder(part) - standings.canonical - seen
            if marks and (at := _in_folder(source, "/".join(parts[:depth]), lookup)):
                seen |= marks
                name = "/".join(parts[:depth])
                yield from (
                    Listed(mark, f"folder {name}", Step("", at.source, at.path, at.symbol.start)) for mark in marks
                )
