"""Follow-ups made to stand alone, and what must stay as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.conversation import standalone
from rag.environments import ALIASES, CANONICAL
from rag.search import MAX_QUERY
from tests.bench.followups import HALVES, is_right, rewritten, rows

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
        ("How do I deploy to integration?", "And in production?", "How do I deploy to production?"),
        ("How often is data copied in integration?", "And in production?", "How often is data copied in production?"),
        ("How do I reset the perf environment?", "and staging?", "How do I reset the staging environment?"),
        ("Where do logs in integration go?", "And in production?", "Where do logs in production go?"),
        ("How do I deploy to production?", "And to integration?", "How do I deploy to integration?"),
        ("How do I deploy to integration?", "And to perf?", "How do I deploy to perf?"),
        ("How do I drain a node?", "And in integration?", "How do I drain a node in integration?"),
        ("Who owns the Slack integration?", "and in production?", "Who owns the Slack integration in production?"),
        ("Who reviews the design?", "And performance?", "And performance (reviews the design)?"),
        ("How do I restart the Bristol gateway?", "what about Leyland?", "How do I restart the Leyland gateway?"),
        ("how do I restart the leyland gateway?", "and bristol?", "how do I restart the bristol gateway?"),
        ("how do I restart the leyland gateway?", "bristol?", "how do I restart the bristol gateway?"),
        ("how do I rotate the gitaly token?", "and the praefect one?", "how do I rotate the praefect token?"),
        ("how do i fail over patroni?", "and pgbouncer?", "how do i fail over pgbouncer?"),
        ("Who is on call for payments this week?", "and for tracking?", "Who is on call for tracking this week?"),
        ("How do I replace a Kafka broker?", "and a zookeeper node?", "How do I replace a zookeeper node?"),
        ("How many shards has an index?", "and replicas?", "How many replicas has an index?"),
        ("What is the quota of the clicks topic?", "and orders?", "What is the quota of the orders topic?"),
        ("Which nodes has live?", "and live-2?", "Which nodes has live-2?"),
        ("Which nodes has live-1?", "and live-2?", "Which nodes has live-2?"),
        ("how do I drain the default node group?", "and monitoring?", "how do I drain the monitoring node group?"),
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
        "is there a runbook?",
        "will there be downtime?",
        "would there be data loss?",
        "any downtime?",
        "any alerts to silence?",
        "do any alerts fire?",
        "any idea who owns it?",
        "which pipelines do I pause first?",
        "which pods break?",
        "which BGP sessions drop?",
        "do I have to stop writers before?",
        "how do I mitigate?",
        "and the firmware?",  # a thing, and no name of one
        "fatal: could not read Password",
        "and the other one?",
        "and safely?",
        "and authentication?",
        "and printers?",  # no name: the lock is no printer's
    ],
)
def test_a_question_that_presupposes_its_subject_is_given_it_and_nothing_is_replaced(question: str) -> None:
    assert standalone(question, [LOCK]) == f"{question.rstrip('?')} (clear a stuck state lock)?"


def test_what_is_no_name_is_not_replaced() -> None:
    drain = "how do I drain the first node group?"
    assert standalone("and monitoring?", [drain]) == "and monitoring (drain the first node group)?"
    kept = "what is the retention of the label archive?"
    assert standalone("and backups?", [kept]) == "and backups (the retention of the label archive)?"


def test_two_things_that_could_be_meant_are_both_kept() -> None:
    earlier = "Does the leyland gateway reach the corby printer?"
    assert standalone("and bristol?", [earlier]) == "and bristol (the leyland gateway reach the corby printer)?"


def test_the_pages_tell_whether_a_word_is_a_name_of_such_a_thing() -> None:
    spoken = {("leyland", "gateway"), ("bristol", "gateway")}
    asked: list[tuple[str, str]] = []

    def together(first: str, second: str) -> bool:
        asked.append((first, second))
        return (first, second) in spoken

    earlier = "how do I restart the leyland gateway?"
    assert standalone("and bristol?", [earlier], together) == "how do I restart the bristol gateway?"
    assert (
        standalone("and Firmware?", [earlier], together) == "and Firmware (restart the gateway)?"
    )  # and no other's name
    assert {second for _, second in asked} == {"gateway"}
    spoken.clear()  # pages that never put it so can't tell
    assert standalone("and york?", [earlier], together) == "how do I restart the york gateway?"


def test_what_was_put_in_a_place_last_is_what_the_next_one_replaces() -> None:
    first = "Does the Leyland gateway reach the hub in Corby?"
    second = "Does the Bristol gateway reach the hub in Corby?"
    assert standalone("and york?", [second]) == "and york (the Bristol gateway reach the hub in Corby)?"
    assert standalone("and york?", [first, second]) == "Does the york gateway reach the hub in Corby?"
    staged = [
        "How many partitions has the orders topic in production?",
        "How many partitions has the orders topic in staging?",
    ]
    assert standalone("and payments?", staged) == "How many partitions has the payments topic in staging?"


def test_that_log_is_the_log_that_was_spoken_of() -> None:
    earlier = ["Where do the audit logs go?", "How do I unlock a repository with git-crypt?"]
    assert "audit logs" in standalone("how long is that log kept?", earlier)
    assert "git-crypt" in standalone("how long is that key kept?", earlier)
    slow = ["How long does the audit export take?", LOCK]
    assert "stuck" in standalone("how long does that take?", slow)


@pytest.mark.parametrize("half", HALVES)
def test_threads_of_many_infrastructures_say_what_a_colleague_would_understand(half: str) -> None:
    wrong = [row["id"] for row in rows(half) if not is_right(row, rewritten(row))]
    assert len(rows(half)) == (10 if half.startswith("trial") else 32)
    assert len(wrong) <= (3 if half.startswith("trial") else 2), wrong


def test_questions_of_a_set_asked_one_behind_the_other_stay() -> None:
    questions = [json.loads(line)["question"] for line in Path("data/sample/questions.jsonl").read_text().splitlines()]
    altered = [one for before, one in zip(questions, questions[1:], strict=False) if standalone(one, [before]) != one]
    assert len(questions) >= 60
    assert len(altered) <= 1, altered


def test_an_environment_has_one_name_of_ours() -> None:
    assert len(CANONICAL) == sum(map(len, ALIASES.values()))
    assert all(CANONICAL[name] == name for name in ALIASES if name in CANONICAL)


@pytest.mark.parametrize(
    "question",
    [
        "dev cluster destroy dies with PreconditionFailed on PutObject",
        "Error: creating RDS cluster group: InvalidParameterValue family aurora-postgresql15 is not valid for engine neptune",
        "Is Grafana restarted first?",
        "How do I get a namespace?",
        "kubectl debug denied in our namespace since the upgrade",
        "How do I rotate the signing keys of the ingress?",
        "What is the retention of the label archive?",
        "Where is Grafana?",
        "any runbook for kafka?",
        "will there be maintenance of the ledger cluster on Friday?",
        "any backups of ledger?",
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


@pytest.mark.parametrize(
    ("before", "question", "alone"),
    [
        ("how do I restore the ledger database?", "and tracking db", "how do I restore the tracking database?"),
        ("how do I restore the ledger db?", "and the tracking database?", "how do I restore the tracking db?"),
        ("how long are the logs of payments kept?", "and hubs", "how long are the logs of hubs kept?"),
    ],
)
def test_a_short_form_and_a_plural_take_a_place(before: str, question: str, alone: str) -> None:
    assert standalone(question, [before]) == alone


@pytest.mark.parametrize(
    ("report", "before", "topic"),
    [
        ("both are down, 25 mins", "vpn tunnel to corby is down, what do I do?", "vpn tunnel to corby is down"),
        ("all three are stuck", "how do I drain a node?", "drain a node"),
        ("cant find the entry in the console", "record can't be changed, what now?", "record can't be changed"),
        ("done, 90 secs waited, nothing", "how do I drain a node?", "drain a node"),
        ("cordoned, still running", "how do I drain a node?", "drain a node"),
    ],
)
def test_what_came_of_it_leans_on_what_it_came_of(report: str, before: str, topic: str) -> None:
    assert standalone(report, [before]) == f"{report} ({topic})?"


@pytest.mark.parametrize(
    "question",
    [
        "nothing landing in modsec opensearch for an hour", "Handhelds were all on GWY-03 and gwctl isn't serving, what now?",
        "payments namespace quota was raised at noon, still pods pending", "are the tunnels to corby, still flapping, a bug?",
        "can't log in to Grafana, any ideas", "How do we rotate the API key that Datadog uses?",
        "no pods of the payments namespace start on the new worker nodes yet",
    ],
)  # fmt: skip
def test_a_new_trouble_is_no_report(question: str) -> None:
    assert standalone(question, ["How do I request a namespace?"]) == question


def test_a_place_that_is_asked_for_alone_is_that_of_what_was_spoken_of() -> None:
    earlier = ["How do I restart an application on ECS?"]
    assert "ECS" in standalone("in which AWS region?", earlier)
    alone = "In which AWS region is the ledger?"
    assert standalone(alone, earlier) == alone
