"""Names that a question is about: whether anything found is about them, or names them in passing alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.answers.judging.passing import in_passing
from rag.records import AccessRule, Document, Passage, ScoredPassage, Viewer
from rag.shorthand import Forms
from tests.conftest import configure, write

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


def test_a_product_in_lower_case_is_a_name_too() -> None:
    restart = ("Restart", "Restart the controller with systemctl, and wait until it is ready.")
    assert passing("how do i restart jenkins", restart) == ("jenkins",)
    assert passing("upgrade our oracle database", ("Upgrades", "Upgrade the database in two steps.")) == ("oracle",)
    assert passing("how do i restart jenkins", ("Jenkins", "Restart it with systemctl.")) == ()


def test_a_product_that_is_a_plain_word_too_is_a_name_where_nothing_found_has_the_word() -> None:
    rotate = ("Tokens", "Rotate the token of the registry every month.")
    assert passing("rotate the vault token", rotate) == ("vault",)
    assert passing("rotate the vault token", ("Tokens", "Put the token into the backup vault.")) == ()


def test_what_documents_write_as_a_name_elsewhere_is_one() -> None:
    restart = found(("Restart", "Restart the controller with systemctl, and wait until it is ready."))

    def named(*texts: str) -> tuple[str, ...]:
        return in_passing("how do i restart quillbert", restart, lambda _: 0.999, (), lambda _: texts)

    assert named("We asked Quillbert Ltd. once, and Quillbert had no answer.", "It is at quillbert.example.") == (
        "quillbert",
    )
    assert named("It is at https://quillbert.example.") == ()
    assert named("Each quillbert is restarted, says Quillbert.") == ()
    assert named() == ()


def test_one_sentence_that_says_it_is_enough() -> None:
    assert passing(JOB, RESTORE, ("Jobs", "The Jenkins job `restore-db` restores the production database.")) == ()
    volume = ("KubePersistentVolumeFillingUp", "Prometheus and Loki stop ingesting when the volume is full.")
    assert passing("What happens to Loki when its volume is full?", volume) == ()
    assert passing("How do I restart the Loki ingesters?", RESTORE, volume) == ("Loki",)


def test_capitals_of_a_whole_title_name_nobody() -> None:
    own = ("Credentials rotation for auth0 apps", "Rotate them in the auth0 console, then tell everybody.")
    users = ("Rotate User Credentials", "Rotate the exposed credentials of a user at once.")
    assert passing("How do I rotate the auth0 credentials?", own, users) == ()
    assert passing("How do I rotate the auth0 credentials?", own, ("Rotate the Bristol credentials", users[1])) == (
        "auth0",
    )


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


def test_documents_that_a_viewer_may_not_see_change_nothing_for_them(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> None:
    """What a name is, and what a word is worth, goes by what the viewer may read."""
    question = "how do i restart the quillbert controller"
    pages = {
        "restart.md": "# Restart the controller\n\nRestart the controller with systemctl, and wait for it.\n",
        "list.md": "# People\n\nAsk Ann, or whoever sits beside quillbert.\n",
        **{f"{number}.md": f"# Page {number}\n\nThe gateway listens, and its clients wait.\n" for number in range(6)},
    }
    hidden = {
        f"{number}.md": f"# Note {number}\n\nWe met Quillbert, and asked Quillbert to restart.\n"
        for number in range(30)
    }
    write(tmp_path / "wiki", pages)
    write(tmp_path / "hidden", {"empty.md": "# Empty\n\nNothing.\n"})
    configure(
        settings,
        {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")},
        {"name": "hidden", "type": "folder", "path": str(tmp_path / "hidden"), "audience": ["ops"]},
    )
    told = []
    for more in ({}, hidden):
        write(tmp_path / "hidden", more)
        sync()
        reader = owner.reader()
        answer = reader.asker().answer(question, Viewer())
        rarity = reader.retriever.rarity(Viewer())
        mentions = reader.retriever.mentions(Viewer())("quillbert")
        told.append((rarity("quillbert"), rarity("restart"), mentions, answer.verdict, answer.score, answer.missing))
    assert told[0] == told[1]
    assert reader.retriever.rarity(Viewer.of(["ops"]))("quillbert") < 0.5 < told[0][0]
    assert len(reader.retriever.mentions(Viewer.of(["ops"]))("quillbert")) > 1


def test_an_alert_whose_rule_was_found_is_no_passing_mention() -> None:
    rule = ("monitoring.yml", "- alert: DiskFull\n  expr: free < 0.1\n  for: 1m\n")
    assert passing("When does the DiskFull alert fire, and is crater excluded?", rule) == ()
    other = ("monitoring.yml", "- alert: NodeDown\n  expr: up == 0\n  description: not as DiskFull\n")
    assert passing("When does the DiskFull alert fire, and is crater excluded?", other) == ("DiskFull",)


def test_a_question_of_what_may_be_done_is_about_what_it_names() -> None:
    told = ("Access", 'Do not choose "U2F security key": the AWS API would prevent you from using the CLI.')
    rare = {"key": 0.777, "aws": 0.716, "may": 0.953}
    assert in_passing("Why may I not use a U2F key for AWS?", found(told), lambda word: rare.get(word, 0.9999)) == ()
