"""Short forms of the field: what stands for what, in a question and in a text."""

from __future__ import annotations

import pytest

from rag.answers.judging.wording import Wording
from rag.indexes.tokens import tokenise
from rag.shorthand import STANDARD, alike, other_forms


def test_a_question_is_written_out_and_shortened() -> None:
    assert other_forms(["ttl", "of", "the", "db", "records"]) == [("ttl", "time to live"), ("db", "database")]
    assert other_forms(["time", "to", "live", "of", "records"]) == [("time to live", "ttl")]
    assert other_forms(["live", "time"]) == []


@pytest.mark.parametrize(
    ("question", "text", "held"),
    [
        ("ttl", "The time to live is 30 seconds.", True), ("ttl", "Live traffic takes its time.", False),
        ("time to live", "A TTL of 30 seconds.", True), ("live", "A TTL of 30 seconds.", False),
        ("SG", "its security groups", True), ("SG", "the group for security", False),
        ("perms", "Which permissions it needs", True), ("k8s", "Kubernetes 1.30", True), ("db", "the databases", True),
        ("db", "the datastore", False),
    ],
)  # fmt: skip
def test_a_text_holds_a_word_in_its_other_form(question: str, text: str, held: bool) -> None:
    words = tokenise(question).words
    assert Wording(text, other_forms(words)).holds(words[-1]) is held


def test_heads_of_phrases_may_be_short() -> None:
    assert alike("db", "Database") and alike("database", "db") and alike("queue", "Queue")
    assert not alike("db", "queue")


def test_no_short_form_is_a_word_of_ours_for_something_else() -> None:
    assert all(short == short.lower() and short not in forms for short, forms in STANDARD.items())
