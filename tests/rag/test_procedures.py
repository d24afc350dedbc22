"""Procedures made whole: a passage that holds a part of the steps is led on to all of them, and to nothing else."""

from __future__ import annotations

import pytest

from rag.answers.extractive.procedures import LONGEST, joined, whole
from rag.records import AccessRule, Document, Passage

STEPS = """# Restore

Rehearsed.

1. Stop the writers.
2. Restore:

   ```bash
   aws rds restore
   2. this is output
   ```

   70 minutes.
3. Check
   the parcels.

4. Rename.

Keep the old one.

## Later

1. Something else.
"""
BY_HEADING = (
    "# Upgrade\n\n## 1. Cordon\n\nDo it.\n\n## 2. Drain\n\nAnd this.\n\n## 3. Uncordon\n\nLast.\n\n## Notes\n\nNone.\n"
)
ONES = "Do:\n\n1. First\n1. Second\n1. Third\n\nDone.\n"
NESTED = "1. One\n   1. a\n   2. b\n2. Two\n   - x\n3. Three\n"
APART = "1. One\n2. Two\n\n## Other\n\n3. Not of it\n4. Nor this\n"


def document(text: str) -> Document:
    return Document("d", "wiki", "x.md", "X", "page", text, "v", "u", "", "", "", AccessRule(), "")


def passage(text: str, start: int, end: int, kind: str = "section") -> Passage:
    return Passage("p", "d", 0, ("X",), document(text).lines(start, end), start, end, kind)


@pytest.mark.parametrize(
    ("text", "start", "end", "expected"),
    [
        (STEPS, 5, 6, (5, 17)),
        (STEPS, 14, 15, (5, 17)),
        (STEPS, 1, 7, (1, 17)),
        (STEPS, 1, 3, (1, 3)),
        (STEPS, 21, 23, (21, 23)),
        (BY_HEADING, 7, 9, (3, 13)),
        (ONES, 4, 4, (3, 5)),
        (NESTED, 2, 3, (1, 6)),
        (APART, 1, 1, (1, 2)),
        (APART, 6, 6, (6, 7)),
    ],
)
def test_all_its_steps_and_nothing_else(text: str, start: int, end: int, expected: tuple[int, int]) -> None:
    found = whole(passage(text, start, end), document(text))
    assert (found.start_line, found.end_line) == expected
    assert found.text == document(text).lines(*expected)


def test_code_and_what_would_be_too_long_stay_as_they_are() -> None:
    code = passage(STEPS, 5, 6, "block")
    assert whole(code, document(STEPS)) is code
    long = "\n".join(f"{n}. {'word ' * 60}" for n in range(1, 90))
    part = passage(long, 1, 3)
    assert whole(part, document(long)) is part
    assert joined(part, passage(long, 40, 60), document(long)) is None
    assert len(long) > LONGEST


def test_two_that_overlap_are_one() -> None:
    both = joined(passage(STEPS, 1, 7), passage(STEPS, 5, 17), document(STEPS))
    assert both is not None
    assert (both.start_line, both.end_line, both.text) == (1, 17, document(STEPS).lines(1, 17))
