"""What a question asks for: words as the documents spell them, other forms of them, hints of a kind."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rag.understanding import understand


def test_words_identifiers_and_pairs() -> None:
    asked = understand("How do I rotate the signing keys of aws_kms_key.main?")
    assert list(asked.terms.words) == ["rotate", "signing", "keys", "aws", "kms", "key", "main"]
    assert asked.terms.identifiers == ("aws_kms_key.main", "aws_kms_key")
    assert ("rotate", "signing") in asked.terms.pairs
    assert ("signing", "keys") in asked.terms.pairs


def test_what_stands_in_templates_is_left_out() -> None:
    asked = understand('Pod {{ $labels.namespace }}/{{ $labels.pod }} restarts {{ printf "%.2f" $value }} times')
    assert list(asked.terms.words) == ["pod", "restarts", "times"]
    assert asked.text == "Pod / restarts times"


def test_a_template_alone_is_looked_for_as_it_is() -> None:
    assert understand("{{ $value }}").terms.words == {"value": 1.0}


def test_a_misspelling_counts_less_and_mends_its_pairs() -> None:
    asked = understand("openserch upgrade", spelt=lambda word: {"openserch": "opensearch"}.get(word, word))
    assert asked.terms.words == {"opensearch": 0.6, "upgrade": 1.0}
    assert asked.terms.pairs == (("opensearch", "upgrade"),)


def test_another_form_counts_by_how_common_it_is() -> None:
    def forms(words: Sequence[str]) -> list[tuple[str, str]]:
        assert words == ("simple", "notification", "service", "topics")
        return [("simple notification service", "sns")]

    common = understand(
        "Simple Notification Service topics", rarity=lambda w: 0.1 if w == "sns" else 0.9, other_forms=forms
    )
    rare = understand(
        "Simple Notification Service topics", rarity=lambda w: 0.9 if w == "sns" else 0.1, other_forms=forms
    )
    assert common.terms.words["sns"] == 0.5
    assert rare.terms.words["sns"] == 0.1


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("What instance type does the monitoring node group use?", {"terraform": 1}),
        ("Which version is the aws provider in this terraform module?", {"terraform": 2}),
        ("KubePodCrashLooping fires, what now", {"runbook": 1}),
        ("How do I get access to the wiki?", {}),
        ("why was GitHub down", {"incident": 0, "decision": 0}),
        ("Which alternatives were there to Kafka?", {"incident": 0, "decision": 0}),
        ("root cause of the DNS outage", {"incident": 0}),
    ],
)
def test_hints_of_a_kind(question: str, kinds: dict[str, int]) -> None:
    assert understand(question).kinds == kinds
