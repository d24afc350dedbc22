"""Names that a question is about: whether anything found is about them, or names them in passing alone."""

from __future__ import annotations

import pytest

from rag.answers.passing import in_passing
from rag.records import AccessRule, Document, Passage, ScoredPassage
from rag.shorthand import Forms

RESTORE = ("Restore a database", "The production database is restored from a snapshot by the restore job.")
LIST = ("Incidents", "Tell us at once when nobody can log in, for example when there is a problem with Jenkins.")
JOB = "Which Jenkins job restores the production database?"


def found(*pages: tuple[str, str]) -> tuple[ScoredPassage, ...]:
    evidence = []
    for number, (title, text) in enumerate(pages):
        document = Document(
            f"d{number}", "wiki", f"{number}.md", title, "page", text, "v", "", "", "", "", AccessRule(), "h"
        )
        passage = Passage(f"p{number}", document.id, 0, (title,), text, 1, 1 + text.count("\n"), "section")
        evidence.append(ScoredPassage(passage, document, 1.0))
    return tuple(evidence)


def passing(question: str, *pages: tuple[str, str], rarity: float = 0.999, forms: Forms = ()) -> tuple[str, ...]:
    return in_passing(question, found(*pages), lambda _: rarity, forms)


def test_what_a_list_names_is_not_what_was_found() -> None:
    assert passing(JOB, RESTORE, LIST) == ("Jenkins",)
    assert passing("which jenkins job restores the production database", RESTORE, LIST) == ("jenkins",)
    assert passing(JOB, RESTORE) == ("Jenkins",)  # nothing speaks of it at all
    assert passing(JOB) == ()


def test_one_sentence_that_says_it_is_enough() -> None:
    assert passing(JOB, RESTORE, ("Jobs", "The Jenkins job `restore-db` restores the production database.")) == ()
    volume = ("KubePersistentVolumeFillingUp", "Prometheus and Loki stop ingesting when the volume is full.")
    assert passing("What happens to Loki when its volume is full?", volume) == ()
    assert passing("How do I restart the Loki ingesters?", RESTORE, volume) == ("Loki",)


def test_a_page_about_it_is_about_it() -> None:
    page = ("Jenkins", "Jobs are listed here. A database is restored by the one called restore, in production too.")
    assert passing(JOB, RESTORE, page) == ()
    assert passing(JOB, *[RESTORE] * 5, page) == ()
    often = [(f"Page {number}", "Jenkins restores the production database. The job is nightly.") for number in range(4)]
    scattered = ("Page", "A job runs. Production is large. The database is small. Jenkins restores.")
    assert passing("Which Jenkins job restores the production replicas?", scattered, *often[:3]) == ()


def test_the_page_of_another_place_is_about_another_place() -> None:
    leyland = ("Restart the Leyland gateway", "Restart the gateway with systemctl, and wait 90 seconds.")
    corby = ("Hubs", "Leyland and Corby have a name server. Ask Corby first.")
    assert passing("How do I restart the Corby gateway?", leyland, corby, rarity=0.95) == ("Corby",)
    assert passing("and corby (restart the gateway)?", leyland, corby, rarity=0.95) == ("corby",)
    assert passing("How do I restart the Leyland gateway?", leyland, corby, rarity=0.95) == ()
    general = ("Restart a gateway", "Restart the gateway with systemctl, and wait 90 seconds.")
    assert passing("How do I restart the Corby gateway?", general, corby, rarity=0.95) == ()  # one of ours, and for all
    edge = ("Restart the edge gateway", general[1])
    assert passing("How do I restart the Corby gateway?", edge, corby, rarity=0.95) == ()


def test_where_something_is_about_one_name_another_may_be_mentioned() -> None:
    sso = ("Grafana", "Grafana sends its alerts to Slack. Sentry is not ours.")
    assert passing("How does Grafana send alerts to Sentry?", sso) == ()
    assert passing("How does Grafana send alerts to Opsgenie?", sso) == ("Opsgenie",)


@pytest.mark.parametrize(
    "question",
    [
        "Which API restores the production database?", "Which SG has the production database?",
        "Was the production database restored in July?", "How do I restore the Staging database?",
        "DatabaseRestoreFailing for the production database", "production database says 'You are Unauthorized'",
        "Restores of the production database?",
        "Yesterday after the second release of the billing service somebody in Leeds dropped a Jenkins table of the "
        "production database",
    ],
)  # fmt: skip
def test_what_is_no_name_or_a_circumstance(question: str) -> None:
    assert passing(question, RESTORE, LIST) == ()


def test_a_name_may_be_written_in_full() -> None:
    queue = ("Queues", "The parcel dispatch queue holds a message for four days.")
    assert passing("Does the PDQ hold a message for days?", RESTORE, queue) == ("PDQ",)
    forms = [("pdq", "parcel dispatch queue")]
    assert passing("Does the PDQ hold a message for days?", RESTORE, queue, forms=forms) == ()
