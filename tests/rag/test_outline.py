"""Where a quotation stands: its headings as far as they tell it from others, what of a list it is, and where it goes on."""

from __future__ import annotations

import re

import pytest

from rag.answers.extractive.outline import Outline
from rag.answers.extractive.page import whole_of, worded
from rag.answers.extractive.pieces import Listing, Piece, pieces
from tests.rag.test_procedures import document
from tests.rag.test_steps import answered, evidence

SCENARIOS = """# <%= current_page.data.title %>

Two ways.

## Scenario A: the same database

### Step 1

Take a snapshot of the ledger.

### Step 2

The ledger's snapshot identifier must be removed then.

## Scenario B: a new database

### Step 1

Make a ledger.

### Caution

Keep the ledger's snapshot identifier, whatever happens.
"""


def piece(page: str, text: str) -> Piece:
    """The piece that has this text, with where it stands."""
    return next(Outline(document(page)).of(one) for one in pieces(whole_of(document(page))) if text in one.text)


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("## <%= current_page.data.title %>", ""),
        ("### [Restore](https://a.example/b) it", "Restore it"),
        ("## 1. Get `x` of <namespace>", "1. Get `x` of <namespace>"),
        ("<h2 id='a'>Restore</h2>", "Restore"),
        ("## Restore {#restore} ", "Restore"),
        ("## Restore ##", "Restore"),
        ("## {{ title }} of the ledger", "of the ledger"),
    ],
)
def test_a_heading_is_told_in_its_words(heading: str, words: str) -> None:
    assert worded(heading) == words


def test_a_step_alone_says_which_scenario_it_is_of() -> None:
    text = answered("Which snapshot is taken of the ledger?", evidence(SCENARIOS, (7, 9)))
    assert "**X › Scenario A: the same database › Step 1** (wiki/x.md)" in text


def test_pieces_of_two_sections_are_told_apart_from_where_they_differ() -> None:
    text = answered("Is the snapshot identifier of the ledger removed?", evidence(SCENARIOS, (11, 13), (21, 23)))
    assert "**X › Scenario A: the same database › Step 2** (wiki/x.md)" in text
    assert "**X › Scenario B: a new database › Caution** (wiki/x.md)" in text
    assert "<%" not in text


def test_a_heading_that_says_where_a_lone_piece_stands_is_told_alone() -> None:
    text = answered("Is the snapshot identifier of the ledger kept?", evidence(SCENARIOS, (21, 23)))
    assert "**X › Caution** (wiki/x.md)" in text


def test_the_pages_title_is_no_heading_of_its_own() -> None:
    assert piece("# X\n\n## Swap\n\nSwap it.\n", "Swap it.").place.path == ("Swap",)


LISTS = """# Rules

- one
  - one a
  - one b
- two

Then:

1. first

```
ledgerctl go
```

2. second
3. third

1. alone

- none of the others
"""


def test_lists_are_of_one_depth_and_go_on_by_their_numbers() -> None:
    assert piece(LISTS, "one a").place.lists == (Listing((3, 6), 6, False), Listing((4, 5), 5, False))
    assert piece(LISTS, "second").place.lists == (Listing((10, 16, 17), 17, True),)
    assert piece(LISTS, "alone").place.lists == ()
    assert piece(LISTS, "none of the others").place.lists == ()


def test_a_part_of_a_list_says_of_how_many_items_and_where() -> None:
    items = "".join(f"- Of lane {n} nothing is told. {'word ' * 30}\n" for n in range(1, 9))
    page = f"# Lanes\n\n{items}- The harbour lane is closed at night.\n"
    text = answered("Is the harbour lane closed at night?", evidence(page, (1, 11)))
    assert "The harbour lane is closed" in text
    shown = text.count("- ")
    assert f"({shown}/9, L3–11)" in text
    assert shown < 9


def test_steps_that_are_left_out_before_one_are_told() -> None:
    steps = "".join(f"{n}. Paint part {n}. {'word ' * 60}\n" for n in range(1, 7))
    page = f"# Harbour\n\n{steps}7. Lower the gate when the harbour is closed.\n"
    text = answered("When is the gate of the harbour lowered?", evidence(page, (1, 9)))
    assert "Lower the gate" in text
    assert re.search(r"\(steps? [\d,–]*7/7, L3–9\)", text), text


def test_numbered_headings_are_steps_too() -> None:
    text = answered("Which snapshot is taken of the ledger?", evidence(SCENARIOS, (7, 9)))
    assert "(step 1/2, L7–14)" in text


ITEMS = "".join(f"- Thing number {n} of some weight, which takes a few words more.\n" for n in range(1, 10))


def led(items: str) -> str:
    return f"# Gate\n\nThe gate is opened by these means:\n\n{items}"


def test_what_a_sentence_leads_up_to_comes_with_it() -> None:
    page = led(ITEMS).replace("# Gate", "# Things")  # so that the items say nothing of the question
    text = answered("By which means is the gate opened?", evidence(page, (1, page.count("\n"))))
    assert text.count("Thing number") == 9
    assert "/9, L" not in text


def test_of_a_list_that_is_too_long_the_first_items_come_and_the_rest_is_told() -> None:
    page = led("".join(f"- Thing number {n}. {'word ' * 40}\n" for n in range(1, 10)))
    text = answered("By which means is the gate opened?", evidence(page, (1, page.count("\n"))))
    shown = re.findall(r"Thing number (\d)", text)
    assert shown == [str(n) for n in range(1, len(shown) + 1)]
    assert 1 < len(shown) < 9
    assert f"({len(shown)}/9, L5–13)" in text
    assert len(text.split()) <= 250


def test_a_colon_at_the_end_says_where_it_goes_on() -> None:
    page = led(f"- Thing. {'word ' * 300}\n- Other. {'word ' * 300}\n")
    text = answered("By which means is the gate opened?", evidence(page, (1, page.count("\n"))))
    assert text.endswith("The gate is opened by these means:\n\n(goes on at L5)")


def test_a_sentence_that_leads_up_to_what_is_left_out_is_no_padding() -> None:
    page = "# Gate\n\nThe gate of the harbour opens at dawn.\n\n## Night\n\nThe gate is noted as follows:\n\n"
    page += f"- A {'word ' * 300}\n"
    text = answered("When does the gate of the harbour open at dawn?", evidence(page, (1, page.count("\n"))))
    assert "opens at dawn" in text
    assert "as follows" not in text


def test_a_procedure_is_not_cut_behind_a_colon() -> None:
    steps = "".join(
        f"## {n}. Part {n}\n\nPaint part {n} of the gate. {'word ' * 60}\n\nFor part {n} use:\n\n- this brush, {'word ' * 90}\n\n"
        f"```\npaint {n}\n```\n\n"
        for n in range(1, 9)
    )
    for more in range(0, 90, 15):  # wherever the words end
        page = f"# Gate\n\nBe careful. {'word ' * more}\n\n{steps}"
        text = answered("How do I paint the gate?", evidence(page, (1, page.count("\n"))))
        assert "The steps go on from line" in text
        assert not re.search(r"use:\n\n(?!- )", text), text


def test_a_heading_alone_is_no_sentence() -> None:
    found = evidence("# Gate\n\nThe gate opens.\n\n### Current fix of the gate\n\nNone.\n", (3, 3), (5, 5))
    assert "### Current" not in answered("Which current fix of the gate is there?", found)


def test_a_sentence_that_is_little_but_a_link_is_no_padding() -> None:
    page = "# Gate\n\nThe gate of the harbour opens at dawn.\n\n## Night\n\nThe gate: [harbour gate](gate.md).\n"
    assert "gate.md" not in answered("When does the gate of the harbour open?", evidence(page, (1, 4), (5, 7)))
    assert "gate.md" in answered("When does the gate of the harbour open?", evidence(page, (5, 7)))


def test_links_that_are_written_out_count_among_the_words() -> None:
    lines = "".join(
        f"The gate of the harbour is [part {n}](part-{n}.md), [so it is](it-{n}.md).\n\n" for n in range(60)
    )
    text = answered("What is the gate of the harbour?", evidence(f"# Gate\n\n{lines}", (1, 120)))
    assert 150 < len(text.split()) + text.count("](") <= 250


def test_a_colon_leads_up_to_the_section_behind_it_though_its_heading_is_no_deeper() -> None:
    page = "# Gates\n\n### Use\n\nWe have two classes of gates:\n\n### inner\n\nOne.\n\n### outer\n\nTwo.\n"
    own = document(page)
    piece = next(one for one in pieces(whole_of(own)) if one.text.endswith("gates:"))
    assert Outline(own).of(piece).place.leads == (7, 10)
