"""Evidence: procedures are made whole within the budget of tokens, never beyond it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answers.evidence import _with_whole_procedures as with_whole_procedures
from rag.answers.evidence import within_budget
from rag.records import ScoredPassage
from tests.rag.test_outlet import passage

STEPS = [f"{number}. Step {number} of the failover{' and so on' * 25}." for number in range(1, 20)]


def half(path: str) -> ScoredPassage:
    """A passage with the first two of a page's steps."""
    page = passage("\n".join(STEPS), path)
    document = replace(page.document, id=path)
    cut = replace(page.passage, text="\n".join(STEPS[:2]), start_line=1, end_line=2, document_id=path)
    return replace(page, document=document, passage=cut)


@pytest.mark.parametrize(("tokens", "whole"), [(500, 0), (2000, 1), (4000, 3), (8000, 4)])
def test_procedures_are_whole_as_far_as_the_budget_reaches(tokens: int, whole: int) -> None:
    found = within_budget([half(f"{name}.md") for name in "abcde"], tokens)
    made = within_budget(with_whole_procedures(found, tokens), tokens)
    assert sum(len(one.passage.text) for one in made) <= tokens * 4
    assert [one.passage.end_line for one in made[:whole]] == [19] * whole
    assert all(one.passage.end_line == 2 for one in made[whole:])
