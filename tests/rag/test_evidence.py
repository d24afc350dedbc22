"""Evidence: procedures are made whole within the budget of tokens, never beyond it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answers.evidence import _with_whole_procedures as with_whole_procedures
from rag.answers.evidence import cautionary, within_budget
from rag.answers.extractive.steps import WARNS
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


PAGE = (
    "# Swap\n\nNever swap alone.\n\n" + "Words of no weight. " * 60 + "\n\n## Swap it\n\n```\nswapctl go\n```\n\n"
    "## Unswap it\n\nNever unswap.\n\n```\nswapctl back\n```\n"
)


def test_what_a_page_warns_of_around_steps_comes_along_from_where_it_stands() -> None:
    one = passage(PAGE, "swap.md")
    lines = PAGE.split("\n")
    begin = lines.index("## Swap it") + 1
    homes = [
        replace(one.passage, id=name, text=one.document.lines(first, last), start_line=first, end_line=last)
        for name, first, last in (("above", 1, begin - 1), ("steps", begin, begin + 4))
    ]
    found = replace(one, passage=homes[1])
    warned = [*cautionary([found], lambda name: homes)]
    assert [(w.passage.id, w.passage.text, w.passage.start_line, w.why) for w in warned] == [
        ("above", "Never swap alone.", 3, (WARNS,))
    ]
    assert not [*cautionary([found, *warned], lambda name: homes)]
    assert not [*cautionary([found], lambda name: homes[1:])]
