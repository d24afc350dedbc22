"""Whether evidence speaks of a question: the verdict, how sure it is, and what is missing."""

from __future__ import annotations

import pytest

from rag.answers.judging.judgement import NOT_FOUND, PARTIAL, Judgement, judge
from rag.answers.judging.wording import Wording, parts_alone, worth
from rag.records import AccessRule, Document, Passage, ScoredPassage

TEXT = "The ledger's database is restored from last night's snapshot by the payments team."


def evidence(*texts: str) -> tuple[ScoredPassage, ...]:
    found = []
    for number, text in enumerate(texts):
        document = Document(
            f"d{number}", "wiki", f"{number}.md", "Ledger", "page", text, "v", "", "", "", "", AccessRule(), "h"
        )
        found.append(ScoredPassage(Passage(f"p{number}", document.id, 0, (), text, 1, 1, "section"), document, 1.0))
    return tuple(found)


def rarity(word: str) -> float:
    return 0.99


@pytest.mark.parametrize(
    ("question", "nearness", "verdict"),
    [
        ("How is the ledger database restored from a snapshot?", 0.7, "answered"),
        ("How is the ledger database restored from a snapshot?", None, "answered"),
        ("How is the Kafka broker's ZooKeeper quorum rebalanced?", 0.3, "not_found"),
        ("How is the Kafka broker's ZooKeeper quorum rebalanced?", None, "not_found"),
        ("Is the ledger restored by Kafka?", 0.38, "partial"),
    ],
)
def test_verdicts(question: str, nearness: float | None, verdict: str) -> None:
    judged = judge(question, evidence(TEXT), rarity, nearness)
    assert judged.verdict == verdict
    assert (judged.score < NOT_FOUND, judged.score < PARTIAL) == (verdict == "not_found", verdict != "answered")


def test_nearness_and_words_both_count() -> None:
    question = "Is the ledger restored by Kafka or ZooKeeper?"
    scores = [judge(question, evidence(TEXT), rarity, near).score for near in (0.2, 0.5, 0.8)]
    assert scores == sorted(set(scores))
    assert judge("Is the ledger restored?", evidence(TEXT), rarity, 0.5).score > scores[1]


def test_words_scattered_over_passages_are_no_answer() -> None:
    question = "Who rotates the certificates of the courier gateway?"
    scattered = evidence("Certificates are paper.", "The courier is late.", "A gateway is open.", "Wheels rotate.")
    together = evidence("The courier gateway's certificates are rotated by the edge team.")
    assert judge(question, scattered, rarity, None).verdict == "not_found"
    assert judge(question, together, rarity, None).verdict == "answered"


def test_what_is_missing_are_telling_words_that_nothing_holds() -> None:
    question = "Could somebody tell me which Kafka topics the ledger and the courier use?"
    judged = judge(question, evidence(TEXT, "The courier is late."), rarity, 0.5)
    assert judged.missing == ("kafka", "topics")  # not "somebody", "ledger" or "courier"
    assert judge("Is ZooKeeper's ledger old?", evidence(TEXT), rarity, 0.5).missing == ("zookeeper",)  # not "zoo"


def test_only_a_partial_answer_says_what_is_missing() -> None:
    partial = judge("Is the ledger restored by Kafka?", evidence(TEXT), rarity, 0.38)
    assert partial.note == "Nothing of what was found speaks of: kafka."
    assert judge("Is the ledger restored by carriages?", evidence(TEXT), rarity, 0.9).note == ""


def test_a_name_that_nothing_speaks_of_has_no_whole_answer() -> None:
    judged = judge("Is the ledger restored by Kafka?", evidence(TEXT), rarity, 0.9)
    assert (judged.verdict, judged.passing) == ("partial", ("Kafka",))
    assert judged.note == "Nothing of what was found speaks of: kafka."  # and says it once
    assert judged.score > PARTIAL


def test_no_evidence_is_no_answer() -> None:
    assert judge("Anything?", (), rarity, 0.9).verdict == "not_found"
    assert judge("???", evidence(TEXT), rarity, 0.9).verdict == "not_found"


@pytest.mark.parametrize(
    ("asked", "said", "held"),
    [
        ("instnace", "instance", True), ("clustr", "cluster", True), ("dashbord", "dashboard", True),
        ("allowlist", "allowlisted", True), ("encryption", "encrypted", False), ("replicas", "replica", True),
        ("kafka", "kapok", False), ("port", "post", False), ("argo", "cargo", False), ("v1", "v2", False),
    ],
)  # fmt: skip
def test_words_are_known_by_their_endings_and_in_spite_of_a_slip(asked: str, said: str, held: bool) -> None:
    assert Wording(said).holds(asked) is held


def test_plain_talk_counts_for_less() -> None:
    assert worth("somebody", 0.999) < worth("kafka", 0.999)
    assert worth("kafka", 1.0) == 6.0
    assert worth("kafka", 0.0) == 0.1


def test_a_name_that_no_document_has_is_not_found_and_one_elsewhere_is_partial() -> None:
    def judged(*texts: str) -> Judgement:
        return judge("restore the database with kafka", evidence(TEXT), rarity, 0.9, (), lambda _: texts)

    assert (judged().verdict, judged().unknown) == ("not_found", ("kafka",))
    assert judged().note == "Nothing in them speaks of kafka."
    assert (judged("Kafka is nice.").verdict, judged("Kafka is nice.").unknown) == ("partial", ())


def test_what_stands_in_what_was_found_is_never_said_to_be_missing() -> None:
    judged = judge(
        "Which Jenkins job restores the database?", evidence("Ask Ann of Jenkins. The database restores."), rarity, 0.9
    )
    assert judged.passing == ("Jenkins",)
    assert "Nothing" not in judged.note
    assert "mentions Jenkins" in judged.note


def test_the_parts_of_a_compound_are_asked_for_once() -> None:
    assert parts_alone("Who has a KeyFob?") == {"key", "fob"}
    assert parts_alone("Which key has a KeyFob?") == {"fob"}
