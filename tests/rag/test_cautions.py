"""What a page warns of around a procedure: what is its own, what stands above it, and nothing of another's."""

from __future__ import annotations

import pytest

from rag.answers.extractive.cautions import Cautions
from tests.rag.test_procedures import document

PAGE = """---
title: Rotate
warning: do not read this
---

# Rotate the ledger

Never rotate it by day.

## What it is

A ledger. Don't call it a book.

## Rules

1. Do not share it.
2. Tell the crew.

## Rotate

Rotate with care.

### 1. Stop

```
ledgerctl stop
```

### 2. Swap

Do not look away. Then:

```
ledgerctl swap
```

#### Later

Avoid a second swap.

### 3. Start

```
ledgerctl start  # never twice
```

## Remove

Never remove the last one.

```
ledgerctl remove
```

## Caution

It hums.
"""


def lines(first: int, last: int, *, own: bool = False, text: str = PAGE) -> list[str]:
    """The first line of each warning for lines first to last of the page."""
    return [piece.text.split("\n")[0] for piece in Cautions(document(text)).of(first, last, own=own)]


def at(line: str, text: str = PAGE) -> int:
    return text.split("\n").index(line) + 1


ABOVE = ["Never rotate it by day.", "A ledger. Don't call it a book.", "1. Do not share it.", "It hums."]


@pytest.mark.parametrize("line", ["ledgerctl stop", "ledgerctl swap", "Avoid a second swap.", "Rotate with care."])
def test_a_step_is_warned_of_by_all_steps_and_what_stands_above(line: str) -> None:
    told = lines(at(line), at(line))
    expected = ["Rotate with care.", "Do not look away. Then:", "Avoid a second swap.", *ABOVE]
    assert sorted(told) == sorted(expected)


def test_the_nearest_warning_comes_first() -> None:
    assert lines(at("ledgerctl swap"), at("ledgerctl swap"))[0] == "Do not look away. Then:"


def test_another_procedure_keeps_its_own_warnings() -> None:
    told = lines(at("ledgerctl remove"), at("ledgerctl remove"))
    assert sorted(told) == sorted(["Never remove the last one.", *ABOVE])
    assert lines(at("ledgerctl remove"), at("ledgerctl remove"), own=True) == ["Never remove the last one."]


def test_a_warning_comes_without_the_command_below_it() -> None:
    (found,) = [p for p in Cautions(document(PAGE)).of(at("ledgerctl stop"), at("ledgerctl stop")) if "look" in p.text]
    assert (found.text, found.start, found.end) == (
        "Do not look away. Then:",
        at("Do not look away. Then:"),
        found.start,
    )


def test_below_a_heading_that_warns_all_is_a_warning_as_far_as_it_is_short() -> None:
    page = "# Ledger\n\n## Swap\n\n```\nledgerctl swap\n```\n\n## Important\n\nIt hums.\n\n" + "A word too many. " * 25
    told = lines(6, 6, text=page)
    assert told[0] == "It hums."
    assert 1 < len(told) < 25
    command = "# Ledger\n\n## Swap\n\n```\nledgerctl swap\n```\n\n## Important\n\n```\nledgerctl hum\n```\n"
    assert lines(6, 6, text=command) == []


def test_two_warnings_of_one_line_are_both_told() -> None:
    page = "Never swap it. " + "It is old. " * 45 + "Never drop it.\n"
    assert lines(1, 1, text=page) == ["Never swap it.", "It is old. Never drop it."]


def test_what_comes_behind_a_procedure_does_not_lead_up_to_it() -> None:
    page = "# Ledger\n\n## Swap\n\n```\nledgerctl swap\n```\n\n## History\n\nNever ask.\n"
    assert lines(6, 6, text=page) == []
    assert lines(11, 11, text=page) == ["Never ask."]


def test_a_page_without_headings_is_one_section() -> None:
    assert lines(1, 1, text="Swap it.\n\nNever twice.\n") == ["Never twice."]


STEPS = """# Ledger

## Look

```
ledgerctl look
```

## Prepare

Do not skip this.

```
ledgerctl prepare
```

## 1. Stop the ledger and wait for all of its readers to go before you do anything else

It hums.

```
ledgerctl stop
```

## 2. Start

Never start it twice.
"""


def test_what_stands_right_before_the_first_step_leads_up_to_all() -> None:
    assert lines(at("ledgerctl stop", STEPS), at("ledgerctl stop", STEPS), text=STEPS) == [
        "Do not skip this.",
        "Never start it twice.",
    ]


def test_what_is_no_step_is_not_warned_of_by_steps_beside_it() -> None:
    assert lines(at("ledgerctl look", STEPS), at("ledgerctl look", STEPS), text=STEPS) == []
