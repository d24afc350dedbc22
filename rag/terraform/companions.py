"""What belongs to a Terraform block that was found, and stands elsewhere: the places that the value asked for came through, what
the variables in the block mean, what .tfvars files give them, and the calls of its module that set them.

A block that says `var.size` says nothing of the size. `rag.answers.evidence` puts these lines behind the results.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rag.catalog.symbols import StoredSymbol
from rag.records import ScoredPassage
from rag.terraform.lookup import TerraformLookup
from rag.terraform.places import Step
from rag.terraform.standings import Standings

_BLOCKS = 4  # results whose blocks are looked into
_FILES = 2  # .tfvars files and callers of each variable, where no environment is named


@dataclass(frozen=True)
class Lines:
    """Lines start to end (1-based, inclusive) of a document, and `why` they come along."""

    source: str
    path: str
    start: int
    end: int
    why: str


def companions(
    question: str, results: Sequence[ScoredPassage], lookup: TerraformLookup, steps: Sequence[Step] = ()
) -> list[Lines]:
    """The lines that belong to the first results, most telling first, each once: `steps`, which the values came through
    that the question asks for, before all others."""
    known = Standings(lookup).named(question).known
    environment = known[0] if len(known) == 1 else ""
    blocks = [
        block for found in results[:_BLOCKS] if found.document.kind == "terraform" for block in _blocks(found, lookup)
    ]
    lines = [Lines(step.source, step.path, step.line, step.line, "value") for step in steps]
    named = [(block, name) for block in blocks for name in _variables(block, lookup)]
    lines += [one for block, name in named for one in _definition(block, name, lookup)]
    lines += [one for block, name in named for one in _given(block, name, environment, lookup)]
    once: dict[tuple[str, str, int], Lines] = {}
    for one in lines:
        once.setdefault((one.source, one.path, one.start), one)
    return list(once.values())


def _blocks(found: ScoredPassage, lookup: TerraformLookup) -> list[StoredSymbol]:
    passage = found.passage
    return lookup.standing_in(found.document.source, found.document.path, passage.start_line, passage.end_line)


def _variables(block: StoredSymbol, lookup: TerraformLookup) -> list[str]:
    targets = (reference.target for reference in lookup.references_of(block))
    return list(dict.fromkeys(target for target in targets if target.startswith("var.")))


def _definition(block: StoredSymbol, name: str, lookup: TerraformLookup) -> Iterator[Lines]:
    variable = lookup.at(block.source, block.folder, name, "variable")
    if variable:
        yield Lines(variable.source, variable.path, variable.symbol.start, variable.symbol.end, "definition")


def _given(block: StoredSymbol, name: str, environment: str, lookup: TerraformLookup) -> Iterator[Lines]:
    """What gives a variable its value: .tfvars lines and calls, of the environment alone where one is named."""
    files = [
        (Lines(value.source, value.path, value.symbol.start, value.symbol.end, "given value"), file.environment)
        for value, file in lookup.values_given(block.source, block.folder, name)
    ]
    calls = [
        (Lines(call.call.source, call.call.path, argument.start, argument.end, "caller"), "")
        for call in lookup.calls_of(block.source, block.folder)
        if (argument := call.call.symbol.attribute(name.removeprefix("var.")))
    ]
    for several in (files, calls):
        own = [one for one, of in several if environment and environment in (of, *_parts(one.path))]
        yield from (own or [one for one, _ in several])[:_FILES]


def _parts(path: str) -> tuple[str, ...]:
    return (*PurePosixPath(posixpath.dirname(path)).parts, posixpath.basename(path).split(".")[0])
