"""What is handed to the answerer: the first results that fit into a budget of tokens, and the definitions of what they name.

A result is already grown by its neighbours (`rag.growth`). A Terraform block that says `var.name` says nothing of its default or
meaning, so the variable's own block comes along, where it stands in the same folder. `rag.ask` calls this.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from rag.catalog import Catalog
from rag.records import Generation, ScoredPassage, Viewer

EVIDENCE_TOKENS = 4000  # characters / 4
EVIDENCE_PASSAGES = 12  # results that an answer considers
_NAMED = re.compile(r"\bvar\.([A-Za-z_][\w-]*)")
_NAMING = 4  # results whose variables are looked up
_DEFINITIONS = 6  # variables that come along


def within_budget(passages: Sequence[ScoredPassage], tokens: int = EVIDENCE_TOKENS) -> tuple[ScoredPassage, ...]:
    """The first passages that fit into so many tokens (characters / 4), at least one."""
    taken: list[ScoredPassage] = []
    left = tokens * 4
    for found in passages:
        left -= len(found.passage.text)
        if left < 0 and taken:
            break
        taken.append(found)
    return tuple(taken)


def assemble(
    found: Sequence[ScoredPassage], catalog: Catalog, generation: Generation, viewer: Viewer, tokens: int = EVIDENCE_TOKENS
) -> tuple[ScoredPassage, ...]:  # fmt: skip
    """The results that fit into the budget, and behind them, in what is left of it, the variables that the first ones name."""
    results = within_budget(found, tokens)
    taken = [*results]
    for definition in _definitions(results, catalog, generation, viewer):
        if sum(len(one.passage.text) for one in (*taken, definition)) <= tokens * 4:
            taken.append(definition)
    return tuple(taken)


def _definitions(
    results: Sequence[ScoredPassage], catalog: Catalog, generation: Generation, viewer: Viewer
) -> list[ScoredPassage]:
    """The blocks of variables named by Terraform among the first results, which these do not hold already."""
    definitions: dict[str, ScoredPassage] = {}
    for result in results[:_NAMING]:
        names = dict.fromkeys(_NAMED.findall(result.passage.text)) if result.document.kind == "terraform" else {}
        if not names:
            continue
        folder = posixpath.dirname(result.document.path)
        headings = [f"variable {name}" for name in names]
        for document, passage in catalog.headed(result.document.source, folder, headings, generation):
            if document.access.admits(viewer.groups):
                definitions[passage.id] = ScoredPassage(passage, document, result.score, ("definition",))
    fresh = [one for one in definitions.values() if not any(_holds(result, one) for result in results)]
    return fresh[:_DEFINITIONS]


def _holds(result: ScoredPassage, other: ScoredPassage) -> bool:
    ours, theirs = result.passage, other.passage
    return (
        ours.document_id == theirs.document_id
        and ours.start_line <= theirs.start_line
        and theirs.end_line <= ours.end_line
    )
