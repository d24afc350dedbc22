"""Abbreviations as documents define them, and pages that say of themselves that they are outdated."""

from __future__ import annotations

import time

import pytest

from ingest.abbreviations import abbreviations
from ingest.parsers import parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We use Simple Notification Service (SNS) here.", {"sns": "simple notification service"}),
        ("RDS (Relational Database Service) instances", {"rds": "relational database service"}),
        ("The Identity and Access Management (IAM) roles", {"iam": "identity and access management"}),
        ("of the network access control list (NACL)", {"nacl": "network access control list"}),
        ("Horizontal Pod Autoscaler (HPA) and pod (see below)", {"hpa": "horizontal pod autoscaler"}),
        ("restart it (FAQ) and the VPC (for the third time)", {}),
        ("a word (WORD) and Kubernetes (AWS)", {}),
        ("", {}),
    ],
)
def test_abbreviations(text: str, expected: dict[str, str]) -> None:
    assert abbreviations(text) == expected


def test_a_text_made_to_be_slow_is_read_at_once() -> None:
    assert abbreviations("a " * 200_000 + "(" * 1000) == {}


OUTDATED = [
    "---\ndeprecated: true\n---\n# Page\n\ntext\n",
    "---\nstatus: superseded\n---\n# Page\n",
    "---\nmoved_to: other.md\n---\n# Page\n",
    "# [DEPRECATED] Old cluster\n\ntext\n",
    "# Deprecated: old cluster\n",
    "# Page\n\n> **Deprecated**\n\ntext\n",
    "# Page\n\nThis page has now moved to [Other](other.md).\n",
    "# Page\n\nThis runbook is no longer maintained.\n",
    "# 12. Use Kops\n\n## Status\n\nSuperseded by [36](36.md)\n",
]
CURRENT = [
    "# Deprecated TLS versions\n\nWe refuse them.\n",
    "# Page\n\nThis page is not deprecated.\n",
    "# Page\n\nDeprecated APIs are removed in 1.25; this page lists them.\n",
    "# 12. Use EKS\n\n## Status\n\nAccepted\n\n## Context\n\nKops is deprecated.\n",
    "# Page\n\nThe module `x` was archived last year.\n",
]


@pytest.mark.parametrize("text", OUTDATED)
def test_a_page_that_says_it_is_outdated(text: str) -> None:
    assert parse("page.md", text).outdated


@pytest.mark.parametrize("text", CURRENT)
def test_a_page_that_speaks_of_outdated_things(text: str) -> None:
    assert parse("page.md", text).outdated == ""


@pytest.mark.parametrize(
    "text", ["a" * 40_000, "A-" * 20_000, "(A" * 20_000, "Ab " * 20_000 + "(AB", "A (" + "b " * 20_000], ids=range(5)
)
def test_hostile_text_is_read_in_a_moment(text: str) -> None:
    began = time.process_time()
    abbreviations(text)
    assert time.process_time() - began < 2


def test_hostile_front_matter_is_not_expanded() -> None:
    bomb = "---\na: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
    bomb += "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nstatus: [*c, *c, *c, *c]\nmoved_to: [*c, *c]\n---\n# Page\n"
    assert parse("page.md", bomb).outdated == ""


def test_a_heading_of_open_templates_is_read_in_a_moment() -> None:
    began = time.process_time()
    parse("page.md", "# " + "{{" * 20_000 + "\n")
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "line",
    [
        "**Do not use this runbook.** It has been replaced by [reset-2fa](reset-2fa.md).",
        "> *This page has moved to the wiki.*",
    ],
)
def test_an_outdated_page_says_so_without_its_marks(line: str) -> None:
    said = parse("page.md", f"# Page\n\n{line}\n").outdated
    assert said
    assert "*" not in said
