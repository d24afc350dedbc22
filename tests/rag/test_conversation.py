"""Follow-ups made to stand alone, and what must stay as it is."""

from __future__ import annotations

import pytest

from rag.conversation import standalone
from rag.search import MAX_QUERY

LOCK = "How do I clear a stuck state lock?"


@pytest.mark.parametrize(
    ("earlier", "question", "alone"),
    [
        (LOCK, "why?", "why (clear a stuck state lock)?"),
        (LOCK, "How do I undo it?", "How do I undo it (clear a stuck state lock)?"),
        (LOCK, "ok thanks. and who owns that?", "ok thanks. and who owns that (clear a stuck state lock)?"),
        (LOCK, "and in staging?", "How do I clear a stuck state lock in staging?"),
        ("Which nodes run in production?", "and in staging?", "Which nodes run in staging?"),
        ("Which nodes run in production?", "what about dev", "Which nodes run in dev?"),
        ("How do I restart the Bristol gateway?", "what about Leyland?", "How do I restart the Leyland gateway?"),
        ("Who owns label-render?", "and tracking-ingest?", "Who owns tracking-ingest?"),
        ("What size is the tracking database?", "and the ledger database?", "What size is the ledger database?"),
        (
            "What does KubePodCrashLooping mean?",
            "where is that alert defined?",
            "where is that alert defined (KubePodCrashLooping)?",
        ),
        (
            "When does settlement-nightly run?",
            "For how long at most?",
            "For how long at most (settlement-nightly run)?",
        ),
    ],
)
def test_a_follow_up_is_given_what_it_leans_on(earlier: str, question: str, alone: str) -> None:
    assert standalone(question, [earlier]) == alone


@pytest.mark.parametrize(
    "question",
    [
        "How do I rotate the signing keys of the ingress?",
        "What is the retention of the label archive?",
        "Where is Grafana?",
        "How do I request a namespace?",
        "After bumping cluster_version in cluster.tf, can I just run terraform apply?",
        "The disk behind a statefulset is nearly full. How do I make it bigger?",
        "What is the job that runs nightly called in payments?",
        "is it possible to read old metrics in Thanos",
        "settlement-nightly fell over, can I kick it off again?",
        "???",
        "",
    ],
)
def test_a_question_that_says_what_it_is_about_stays(question: str) -> None:
    assert standalone(question, [LOCK]) == question
    assert standalone("why?", []) == "why?"


def test_the_topic_lasts_over_several_turns_and_ends_with_a_new_one() -> None:
    first = "How long are backups of the ledger database kept in production?"
    second = standalone("and in staging?", [first])
    third = standalone("why is that?", [first, second])
    assert "ledger" in third
    assert "staging" in third
    new = standalone("How do I request a namespace?", [first, second, third])
    assert "ledger" not in standalone("how long does that take?", [first, second, third, new])


def test_what_is_rewritten_is_bounded() -> None:
    assert len(standalone("why?", ["How do I " + "restart the gateway " * 150])) < 320
    long = "and " + "x y " * 998 + "it?"
    assert len(standalone(long, [LOCK])) <= MAX_QUERY
