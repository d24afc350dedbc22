"""What answers a question for a fact stands first in what is quoted, with what it can't be understood without."""

from __future__ import annotations

import pytest

from tests.rag.test_steps import answered
from tests.rag.test_task import of, whole

PAGE = """# Ledgers

The ledger is a large book that stands upright.

The ledger has many readers, and each ledger hums.

{answer}

The ledger is painted green in spring.
"""


def first_of(question: str, answer: str) -> str:
    """The first paragraph that is quoted, under where it stands."""
    page = PAGE.format(answer=answer)
    return answered(question, of(page, "Ledgers", "x.md", whole(page))).split("\n\n")[1]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Who owns the ledger?", "The ledger is owned by Cheryl's team."),
        ("Where is the ledger?", "The ledger is kept in `attic/left`."),
        ("Why is the ledger upright?", "The ledger is upright because it would fall apart otherwise."),
        ("When does the ledger close?", "The ledger closes on Friday."),
    ],
)
def test_what_answers_stands_first(question: str, answer: str) -> None:
    assert first_of(question, answer) == answer


def test_where_no_fact_is_asked_for_the_order_is_the_pages() -> None:
    assert first_of("Explain the ledger", "The ledger is owned by Cheryl's team.").startswith("The ledger is a large")


def test_a_sentence_keeps_its_paragraph() -> None:
    told = first_of(
        "Why is the ledger upright?", "The ledger fell once. So it is upright, because it may not fall again."
    )
    assert told == "The ledger fell once. So it is upright, because it may not fall again."


@pytest.mark.parametrize("best", [0, 2])
def test_an_item_keeps_what_leads_up_to_it_and_the_items_above(best: int) -> None:
    names = ["Ann is responsible for barrels", "Bob is responsible for jars", "Cheryl is responsible for cups"]
    names[best] = "Cheryl's team owns the ledger"
    items = f"- {names[0]}, {'of whom there is much to tell ' * 13}\n- {names[1]}\n- {names[2]}\n"
    page = PAGE.format(answer=f"So each of us has something:\n\n{items}")
    text = answered("Who owns the ledger?", of(page, "Ledgers", "x.md", whole(page)))
    assert "Cheryl's team" in text
    assert not text.split("\n\n")[1].startswith("- Cheryl's team")


def test_steps_are_told_in_their_order() -> None:
    page = "# Move the ledger\n\nClose it:\n\n```\nledgerctl close\n```\n\nThen move the ledger by a size of 3.\n"
    text = answered("How do I move the ledger by one size?", of(page, "Move the ledger", "x.md", whole(page)))
    assert 0 < text.find("Close it") < text.find("a size of 3")


def test_what_stood_above_comes_behind_if_it_says_enough() -> None:
    page = PAGE.format(answer="The ledger is kept in `attic/left`.").replace(
        "many readers", "many keepers in all the town"
    )
    text = answered("Where is the ledger?", of(page, "Ledgers", "x.md", whole(page)))
    assert text.find("attic/left") < text.find("many keepers")
    weak = (
        page.replace("The ledger is a large", "It is a large")
        .replace("The ledger has", "It has")
        .replace("each ledger", "each")
    )
    assert "many keepers" not in answered("Where is the ledger?", of(weak, "Ledgers", "x.md", whole(weak)))
