"""Where the marks of an answer stand, and what only looks like one."""

from __future__ import annotations

import pytest

from rag.answers.replies.marks import marks
from rag.records import Citation


def citation(number: int, quote: str = "a quote") -> Citation:
    return Citation(number, "d", "p", "wiki", "a.md", "A", 1, 2, quote, "https://x/a", "v", "", "")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Do this [1].", ["[1]"]),
        ("Do this [1] [2].", ["[1]", "[2]"]),
        ("No such mark [9].", []),
        ("In code `web[1]` and `[1]`, and here [2].", ["[2]"]),
        ("```\n[1]\n```\nbehind [1]", ["[1]"]),
        ("~~~sh\n[1]\n```\n[2]\n~~~\n[2]", ["[2]"]),
        ("```\nnever closed [1]", []),
        ("A link [1](https://x), one by name [A][2], and a note\n[1]: x", []),
        ("**A** (wiki/a.md) [2]\n\nsee step [1] of the list", ["[2]"]),
    ],
)
def test_marks(text: str, found: list[str]) -> None:
    citations = (citation(1), citation(2, "see step [1] of the list"))
    places = list(marks(text, citations))
    assert [text[start:end] for _, start, end in places] == found
    assert [f"[{one.number}]" for one, _, _ in places] == found
