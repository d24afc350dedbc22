"""Pages that state different values of one thing, pages that only seem to, and which of two to prefer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ingest.parsers import parse
from rag.answers.caveats.conflicts import Conflict, conflicts, preferred_first
from rag.records import AccessRule, Document, Passage, ScoredPassage


def page(path: str, text: str, **more: str) -> ScoredPassage:
    """A page of one passage, as evidence."""
    heading = re.search(r"^# (.*)$", text, re.M)
    document = Document(
        id=path, source="wiki", path=path, title=heading[1] if heading else path, kind=more.pop("kind", "page"), text=text,
        version="v", url=f"https://wiki/{path}", line_anchor="#L{start}", updated_at=more.pop("updated_at", ""), owner="",
        access=AccessRule(), content_hash="", **more,  # type: ignore[arg-type]
    )  # fmt: skip
    lines = text.count("\n") + 1
    return ScoredPassage(Passage(path, path, 0, (document.title,), text, 1, lines, "section"), document, 1.0)


def between(one: str, two: str) -> list[Conflict]:
    return conflicts([page("a.md", one), page("b.md", two)])


@pytest.mark.parametrize(
    ("one", "two", "shown"),
    [
        (
            "# Restore\nPoint-in-time recovery reaches back 21 days for `orders`, 35 for `ledger`.",
            "# Dispatch\nPoint-in-time recovery of `orders` reaches back 14 days.",
            {"21 days", "14 days"},
        ),
        (
            "# VPN\nKeys of the VPN expire after 90 days, one device each.",
            "# Staff VPN\nEnrolment is by SSO. Keys expire after 30 days.",
            {"90 days", "30 days"},
        ),
        (
            "# Queues\n| Queue | Visibility |\n|---|---|\n| `print.fifo` | 45 s |\n| `parcels` | 60 s |",
            "# Printing\n| Queue | Visibility |\n|---|---|\n| `print.fifo` | 60 s |",
            {"45 s", "60 s"},
        ),
        (
            "# Break-glass\nOnly SRE assumes `break-glass`, a session ends after one hour, and every use pages somebody.",
            "# Break-glass in SRE\nA session ends after 4 hours.",
            {"one hour", "4 hours"},
        ),
        (
            "# Archive\nThe bucket `label-archive` keeps labels for 365 days.",
            "# Retention\n| Bucket | Kept |\n|---|---|\n| `label-archive` | 400 days |",
            {"365 days", "400 days"},
        ),
        (
            "# Metrics\nPrometheus keeps 15 days, Thanos 13 months.",
            "# Prometheus\nPrometheus keeps 30 days of metrics.",
            {"15 days", "30 days"},
        ),
        (
            "# Networks\nThe VPC of `parcel-prod` uses the range 10.40.0.0/16.",
            "# Ranges\nThe VPC `parcel-prod` has the range 10.44.0.0/16.",
            {"10.40.0.0/16", "10.44.0.0/16"},
        ),
        (
            "# Databases\nThe instance class of `orders` is db.r7g.2xlarge.",
            "# Orders\n`orders` runs on the instance class db.r6g.xlarge.",
            {"db.r7g.2xlarge", "db.r6g.xlarge"},
        ),
        (
            "# On-call\nHandover of the rota is on Wednesday at 10:00, in person.",
            "# Rota\nThe handover is on Wednesday at 09:00.",
            {"10:00", "09:00"},
        ),
        (
            "# Silences\nSilence alerts only with an end and a ticket number, eight hours at most.",
            "# Silencing\nA silence of an alert needs an end and a ticket number, 24 hours at most.",
            {"eight hours", "24 hours"},
        ),
        (
            "# Alerts\nAlerts of `severity: ticket` go to the channel #sre-tickets.",
            "# Tickets\nThe channel of `severity: ticket` is #ops-tickets.",
            {"#sre-tickets", "#ops-tickets"},
        ),
    ],
)
def test_pages_that_disagree(one: str, two: str, shown: set[str]) -> None:
    (found,) = between(one, two)
    assert {found.preferred.shown, found.other.shown} == shown
    for spot in found.spots:
        assert spot.quote in (one + two)
        assert spot.url.startswith("https://wiki/")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (
            "# Dead letters\nA message in the dead-letter queue stays for five minutes.",
            "# Queues\nA message in the dead-letter queue stays for 14 days.",
        ),
        (
            "# Backups\nIn production backups of `orders` are kept 21 days.",
            "# Staging\nIn staging backups of `orders` are kept 3 days.",
        ),
        ("# Backups\nBackups of `orders` are kept 21 days.", "# Backups\nBackups of `ledger` are kept 35 days."),
        (
            "# Backups\nBackups of `orders` are kept 21 days.",
            "# Backups\nBackups of `orders` were kept 14 days until March.",
        ),
        ("# Backups\nBackups of `orders` are kept 21 days.", "# Backups\nBackups of `orders` are kept three weeks."),
        (
            "# Backups\nBackups of `orders` are kept 21 days.",
            "# Backups\nAt the most backups of `orders` are kept 35 days at maximum.",
        ),
        (
            "# Backups\nBackups of `orders` are kept 21 days.",
            "# Backups\nBackups of `orders` should be kept 35 days, for example.",
        ),
        (
            "# Nodes\nThe pool `general` has a minimum of 4 nodes.",
            "# Nodes\nThe pool `general` has a maximum of 16 nodes.",
        ),
        ("# Limits\nThe worker's CPU limit is at 500 units.", "# Limits\nThe worker's memory limit is at 700 units."),
        (
            "# Alerts\nThe alert fires after 5 minutes of queued messages.",
            "# Queue\nMessages in the queue are deleted after 14 days.",
        ),
        ("# Pods\nA pod is ready after 30 seconds.", "# DNS\nThe record has a TTL of 60 seconds."),
        ("# Upgrade\nUpgrade the cluster from 1.28 to 1.29.", "# Upgrade\nUpgrade the cluster from 1.29 to 1.30."),
        ("---\nreview_in: 6 months\n---\n# Page one\nText.", "---\nreview_in: 3 months\n---\n# Page one\nText."),
        (
            "# Restart the Bristol gateway\nWait 240 seconds before you do anything else.",
            "# Restart the Leyland gateway\nWait 90 seconds before you do anything else.",
        ),
        (
            "# Nodes\nMessages come back after the visibility timeout (120 seconds for `tb-prod-parcels`).",
            "# Tracking\nGateways send to `tb-prod-tracking-events` (a queue, visibility timeout 30 seconds).",
        ),
        (
            "# Keys\nKeys expire after 90 days; staging keys after 30 days.",
            "# Keys\nKeys of staging expire after 30 days.",
        ),
    ],
)
def test_pages_that_only_seem_to(one: str, two: str) -> None:
    assert between(one, two) == []


OLD = "# Keys\nKeys of the VPN expire after 90 days."
NEW = "# Keys\nKeys of the VPN expire after 30 days."


@pytest.mark.parametrize(
    ("one", "two", "preferred", "why"),
    [
        (
            page("a.md", OLD, updated_at="2024-01-01T00:00:00Z"),
            page("b.md", NEW, updated_at="2026-01-01T00:00:00Z"),
            "b.md",
            "it is newer",
        ),
        (
            page("a.md", OLD, reviewed_at="2026-05-01"),
            page("b.md", NEW, reviewed_at="2024-01-01"),
            "a.md",
            "it was reviewed later",
        ),
        (
            page("a.md", OLD),
            page("~ada/b.md", NEW, updated_at="2026-01-01T00:00:00Z"),
            "a.md",
            "the other is a personal page",
        ),
        (page("drafts/a.md", OLD), page("b.md", NEW), "b.md", "the other is a personal page"),
        (page("a.md", OLD), page("b.md", NEW), "a.md", ""),
    ],
)
def test_which_one_to_prefer(one: ScoredPassage, two: ScoredPassage, preferred: str, why: str) -> None:
    (found,) = conflicts([one, two])
    assert found.preferred.document.path == preferred
    assert found.why.startswith(why)
    assert ("prefer the first: " in found.reason) == bool(why)
    assert found.reason.count("wiki/") == 2
    ordered = preferred_first([one, page("c.md", "# C\nText."), two], [found])
    paths = [one.document.path for one in ordered]
    first, second = paths.index(preferred), paths.index(found.other.document.path)
    assert first < second


@pytest.mark.parametrize("more", [{"kind": "incident"}, {"kind": "decision"}, {"outdated": "superseded"}])
def test_what_does_not_speak_of_now_contradicts_nothing(more: dict[str, str]) -> None:
    assert conflicts([page("a.md", OLD), page("b.md", NEW, **more)]) == []


def test_the_samples_pages_disagree_where_one_of_them_is_known_to_be_wrong() -> None:
    """Every page of the sample as evidence at once: all that is told stands in the pages that were left to grow old."""
    evidence = []
    for file in sorted(Path("data/sample").rglob("*.md")):
        text = file.read_text()
        for number, draft in enumerate(parse(file.name, text).drafts):
            document = page(str(file), text).document
            passage = Passage(
                f"{file}{number}",
                str(file),
                number,
                draft.heading_path,
                draft.text,
                draft.start_line,
                draft.end_line,
                "section",
            )
            evidence.append(ScoredPassage(passage, document, 1.0))
    told = {frozenset((c.preferred.shown, c.other.shown)) for c in conflicts(evidence)}
    assert told == {
        frozenset(("db.r7g.2xlarge", "db.r6g.xlarge")),
        frozenset(("db.r7g.xlarge", "db.r6g.large")),
        frozenset(("db.m7g.xlarge", "db.m6g.large")),
        frozenset(("400 days", "180 days")),
    }


def test_a_value_within_a_range_is_no_conflict() -> None:
    assert not between("# Restart\nWait 2 to 5 minutes for the gateway.", "# Restart\nWait 3 minutes for the gateway.")


@pytest.mark.parametrize(
    ("line", "preferred"),
    [
        ("  backup_retention_days = 90", "a.md"),
        ("  backup_retention_days = 30", "b.md"),
        ("  backup_retention_days = 7", "b.md"),
        ("  max_connections = 90", "b.md"),
    ],
)
def test_code_among_the_evidence_settles_which_page_to_prefer(line: str, preferred: str) -> None:
    code = f'resource "aws_db_instance" "ledger" {{\n{line}\n}}'
    evidence = [
        page("a.md", "# Ledger\nBackups of the ledger are kept for 90 days.", updated_at="2024-01-01T00:00:00Z"),
        page("b.md", "# Ledger\nBackups of the ledger are kept for 30 days.", updated_at="2026-01-01T00:00:00Z"),
        page("main.tf", code, kind="terraform"),
    ]
    (found,) = conflicts(evidence)
    assert found.preferred.document.path == preferred
    assert ("code says the same (wiki/main.tf:2)" in found.reason) == (
        line.endswith((" 90", " 30")) and "backup" in line
    )


def test_code_of_another_thing_settles_nothing() -> None:
    code = 'resource "aws_db_instance" "labels" {\n  backup_retention_days = 90\n}'
    one, two = (
        page("a.md", "# Ledger\nBackups of the ledger are kept for 90 days."),
        page("b.md", "# Ledger\nBackups of the ledger are kept for 30 days."),
    )
    (found,) = conflicts([one, two, page("main.tf", code, kind="terraform")])
    assert found.why == ""
