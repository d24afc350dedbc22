"""Alerts that were asked about: their runbooks are told whole, commands or none, or what is left out of them is named."""

from __future__ import annotations

import pytest

from rag.answers.extractive.alarms import asks_of_alert, is_runbook, without_talk
from rag.answers.extractive.task import is_about
from rag.indexes.tokens import content_words
from tests.rag.test_steps import answered
from tests.rag.test_task import of, titled, whole, with_rest

RUNBOOK = """# Broker queue too long

## Meaning

More letters wait in the queue than a broker can hand on.

## Impact

Letters arrive late, and the oldest are thrown away.

## Diagnosis

- Look at the hum of the broker.
- Ask the postmaster whether a feed was paused.

## Mitigation

Open the second hatch. Draining it may bring downtime to the feeds.
"""


@pytest.mark.parametrize(
    "question",
    [
        "What do I do when the BrokerQueueTooLong alert fires?",
        "BrokerQueueTooLong",
        "broker queue too long alert",
        "the broker queue is too long",
    ],
)
def test_the_runbook_of_an_alert_is_told_whole_and_in_order(question: str) -> None:
    text = answered(question, with_rest(question, of(RUNBOOK, "Broker queue too long", "x.md", (3, 8))))
    places = [
        text.find(said) for said in ("wait in the queue", "arrive late", "the hum", "the postmaster", "bring downtime")
    ]
    assert -1 not in places, text
    assert places == sorted(places)


def test_of_a_runbook_too_long_for_an_answer_the_rest_is_named() -> None:
    long = RUNBOOK.replace(
        "the hum of the broker.", "\n".join(f"hum {n}. {'word ' * 60}\n- Look at" for n in range(12))
    )
    question = "BrokerQueueTooLong is firing"
    text = answered(question, with_rest(question, of(long, "Broker queue too long", "x.md", whole(long))))
    assert "wait in the queue" in text
    assert "bring downtime" not in text
    assert "(Mitigation) of wiki/x.md: read them there." in text


def test_where_it_was_asked_what_a_runbook_means_the_rest_is_named() -> None:
    text = answered("What does broker queue meaning say?", of(RUNBOOK, "Broker queue too long", "x.md", (1, 6)))
    assert "wait in the queue" in text
    assert "(Mitigation) of wiki/x.md: see which of it belongs to this." in text


def test_other_pages_do_not_go_on() -> None:
    page = RUNBOOK.replace("Meaning", "Colours").replace("Diagnosis", "Shapes").replace("Mitigation", "Sizes")
    text = answered("What does broker queue impact say?", of(page, "Broker queue too long", "x.md", (1, 10)))
    assert "arrive late" in text
    assert "goes on" not in text


def test_of_what_explains_a_thing_the_commands_behind_are_not_named() -> None:
    page = "# Broker queue\n\nThe queue holds letters.\n\n## Paint it\n\n```\nbrokerctl paint\n```\n"
    text = answered("Explain which letters the broker queue holds", of(page, "Broker queue", "x.md", (1, 3)))
    assert "holds letters" in text
    assert "goes on" not in text


@pytest.mark.parametrize(
    ("headings", "runbook"),
    [
        (("Meaning", "Impact", "Diagnosis", "Mitigation"), True),
        (("Description", "Potential resolution steps"), True),
        (("Understanding the alert", "Impact", "How to investigate"), True),
        (("Symptoms", "Fix"), True),
        (("Meaning", "Impact"), False),
        (("Fix", "Recovery"), False),
        (("Impact", "Timeline", "Root cause", "Resolution"), False),
        (("Description", "How we fixed the gate that the whole town had waited for"), False),
    ],
)
def test_a_runbook_is_told_by_its_headings(headings: tuple[str, ...], runbook: bool) -> None:
    assert is_runbook(headings) is runbook


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("The seal alert fired", ["seal"]),
        ("How do I trigger a page?", ["trigger", "page"]),
        ("alerts", ["alerts"]),
    ],
)
def test_words_that_say_that_an_alert_fired_are_none_of_its_own(question: str, words: list[str]) -> None:
    assert without_talk(question, content_words(question)) == words


@pytest.mark.parametrize(
    ("question", "asks"), [("KubeNodeDown", True), ("Seal alarm", True), ("GitHub", False), ("How do I see it?", False)]
)
def test_a_name_alone_asks_of_an_alert(question: str, asks: bool) -> None:
    assert asks_of_alert(question) is asks


def test_a_page_is_about_an_alert_whose_words_its_title_has() -> None:
    assert is_about("the seal alert fired and paged", titled(RUNBOOK, "Seal"))
    assert not is_about("the seal of barrels sprang open", titled(RUNBOOK, "Seal"))
