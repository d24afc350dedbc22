"""Pieces wanted letter by letter: which they are, and who holds the very thing and not its like."""

from __future__ import annotations

import pytest

from rag.literals import defining_headings, exactness, literals


@pytest.mark.parametrize(
    ("question", "pieces"),
    [
        ("which engine version is v1.9 on?", {"v1.9"}),
        ("what does --force-unlock do", {"--force-unlock"}),
        ("why is (aws_db_instance.main) slow?", {"aws_db_instance.main"}),
        ("KubePodCrashLooping in team-a", {"kubepodcrashlooping"}),
        ("error `context deadline exceeded`, what now", {"context deadline exceeded"}),
        ('the words "no more than 12 characters" in which page', {"no more than 12 characters"}),
        ("arn:aws:iam::111122223333:role/break-glass.", {"arn:aws:iam::111122223333:role/break-glass"}),
        ("PPR-9087 post-mortem", {"ppr-9087"}),
        ("is 10.195.0.0/16 in use", {"10.195.0.0/16"}),
        ("look into /etc/hosts and ~/.aws/config", {"/etc/hosts", "~/.aws/config"}),
        ("does it re-run and/or retry", set()),
    ],
)
def test_what_is_wanted_letter_by_letter(question: str, pieces: set[str]) -> None:
    assert {
        piece for piece in literals(question) if not question.lower().startswith(piece) or piece in pieces
    } == pieces


def test_the_whole_of_a_short_question_and_not_of_a_long_one() -> None:
    assert "message_retention_seconds = 86400" in literals("message_retention_seconds =  86400")
    assert not literals(" ".join(["word"] * 30))


def test_a_bare_identifier_counts_more_than_one_in_a_sentence() -> None:
    bare = literals("v1.9")["v1.9"]
    assert bare > 2 * literals("on which of our many clusters do we still run v1.9 today?")["v1.9"]


TEXTS = {
    "exact": "upgrade to v1.9 today", "near": "upgrade to v1.7 today", "longer": "v1.9.3 is out", "inside": "rev1.9",
    "other": "lunch",
}  # fmt: skip


def test_only_the_very_thing_counts() -> None:
    assert set(exactness({"v1.9": 1.0}, TEXTS)) == {"exact"}


@pytest.mark.parametrize(
    ("piece", "text", "holds"),
    [
        ("cor-01", "fw-cor-01", False),
        ("fw-cor-01", "see fw-cor-01.", True),
        ("fw-cor-01", "fw-cor-012", False),
        ("apps.live-1.example.org", "*.apps.live-1.example.org needs", True),
        ("live-1.example.org", "apps.live-1.example.org", False),
        ("--force", "--force-unlock", False),
        ("--force", "run with --force, then", True),
        ("a = 1", "a   =  1", True),
        ("a = 1", "a = 12", False),
    ],
)
def test_borders(piece: str, text: str, holds: bool) -> None:
    assert bool(exactness({piece: 1.0}, {"text": text, "nothing": ""})) is holds


def test_what_few_hold_counts_more() -> None:
    texts = {str(n): "v1.9 here" if n else "v1.9 and only here" for n in range(10)}
    found = exactness({"v1.9": 1.0, "only here": 1.0}, texts)
    assert found["0"] == pytest.approx(0.9)
    assert found["1"] == 0.0


def test_plain_words_said_in_passing_count_once() -> None:
    assert literals("how to recycle node") == {"how to recycle node": 1.0}
    assert literals("message_retention_seconds = 86400")["message_retention_seconds = 86400"] > 4


def test_a_quoted_blank_is_nothing() -> None:
    assert "" not in literals('{{ "  " }}')
    assert exactness(literals("' ' \"  \" ` `"), TEXTS) == {}


@pytest.mark.parametrize(
    ("question", "headings"),
    [
        ("aws_vpc.main", {"resource aws_vpc.main"}),
        ("what is data.aws_ami.base for?", {"data aws_ami.base"}),
        ("module.eks.cluster_name and var.region", {"module eks", "variable region"}),
        ("module.vpc[0].aws_subnet.private", {"module vpc"}),
        ("see main.tf at example.org, e.g. v1.2", set()),
    ],
)
def test_headings_of_the_blocks_that_define_an_address(question: str, headings: set[str]) -> None:
    assert defining_headings(question) == headings
