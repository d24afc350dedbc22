"""What kind of thing a question asks for, which texts say one, and other forms of words that no ending tells."""

from __future__ import annotations

import pytest

from rag.answers.judging.sought import Sought, asks_for_fact
from rag.answers.judging.wording import Wording
from rag.indexes.tokens import content_words


@pytest.mark.parametrize(
    ("question", "says", "says_not"),
    [
        ("How long are snapshots kept?", "They stay for 30 days.", "As usual, snapshots are of great worth to us."),
        ("How long are snapshots kept?", "  ttl = 720h", "See RFC 143, which has 20 pages."),
        ("How long are snapshots kept?", 'retention_in_days {\n  default = 400\n}', "A snapshot is taken at 9am."),
        ("How often is staging overwritten?", "It is overwritten every Monday.", "It takes 2 hours to overwrite it."),
        ("How often is staging overwritten?", 'schedule: "0 3 * * 1"', "Staging is overwritten in 3 steps."),
    ],
)  # fmt: skip
def test_a_length_and_a_frequency_are_told_from_other_numbers(question: str, says: str, says_not: str) -> None:
    sought = Sought(question)
    assert sought.is_sure and sought.is_all(says) and not sought.is_all(says_not)
    assert sought.weight(says) > sought.weight(says_not)


@pytest.mark.parametrize(
    ("question", "says", "says_not"),
    [
        ("Who approves it?", "Ask the platform team.", "It is approved in two steps."),
        ("Where is it?", "It is hosted in the eu-west-2 region.", "It is large."),
        ("Why two of them?", "Because one is slow.", "There are two."),
        ("When does it close?", "It closes on Friday.", "It closes."),
        ("How many are there?", "There are 3 of them.", "There are several."),
    ],
)
def test_what_may_be_another_thing_too_counts_for_less(question: str, says: str, says_not: str) -> None:
    sought = Sought(question)
    assert sought.weight(says) > sought.weight(says_not) == 1.0
    assert not sought.is_sure and sought.weight(says) < Sought("How long?").weight("30 days")


@pytest.mark.parametrize(
    ("question", "says", "likely"),
    [
        ("Who owns it?", "It is maintained by those in Corby.", "The user sees it."),
        ("Who do I ask?", "Reach out to the people of the third hall.", "People like it."),
        ("Who do I ask?", "Post it in #third-hall.", "A developer posts it."),
        ("Where is it?", "It is kept in a green box.", "It began in Corby."),
        ("Where is it?", "See `halls/third.yaml`.", "It began in Corby."),
        ("Why two?", "There are two so that one may rest.", "Two are needed."),
    ],
)
def test_who_where_and_why_are_told_surely_by_some_words(question: str, says: str, likely: str) -> None:
    sought = Sought(question)
    assert sought.weight(says) > sought.weight(likely) > 1.0 == sought.weight("It hums.")
    assert not sought.is_sure


def test_behind_a_value_only_things_of_its_kind_are_wanted() -> None:
    assert Sought("Which Kubernetes version do we run?").is_met("Version 1.34 is the last one that ...")
    assert not Sought("Which Kubernetes version do we run?").is_met(
        "A script lists the addons of each Kubernetes version."
    )
    assert Sought("Explain the cluster").is_met("It is large.")


def test_of_a_question_for_more_no_text_is_all() -> None:
    assert not Sought("How long are they kept, and who looks after them?").is_all("30 days")
    assert asks_for_fact("How long are they kept?") and not asks_for_fact("How do I keep them?")


def test_the_long_of_how_long_is_no_word_of_its_own() -> None:
    assert content_words("How long are the long tables kept?") == ["long", "tables", "kept"]
    assert content_words("How often are tables copied?") == ["tables", "copied"]


@pytest.mark.parametrize(
    ("asked", "text", "held"),
    [
        ("paid", "This payment is for being there.", True), ("paid", "It pays well.", True), ("pay", "You are paid.", True),
        ("kept", "We keep them.", True), ("choose", "chosen", True), ("paid", "The page is pale.", False),
        ("retained", "Retention period", True),
    ],
)  # fmt: skip
def test_a_text_holds_a_word_in_a_form_that_no_ending_tells(asked: str, text: str, held: bool) -> None:
    assert Wording(text).holds(asked) is held


def test_who_asks_which_one_should_be_used_wants_what_was_decided() -> None:
    sought = Sought("Which region should I use for a new service?")
    assert sought.weight("New ones should be deployed to `north-2` by default.") > sought.weight(
        "Price differs by region."
    )
    assert sought.weight("We decided to use `north-2`.") > 1
    assert sought.weight("It is `north-2` rather than `south-1`.") > 1
    assert Sought("Which region is it in?").weight("We decided to use `north-2`.") == 1
