"""What was asked and not answered: kept, bounded, and shown to those alone who may see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag import gaps as file_of_gaps
from rag.errors import NotFoundError
from rag.gaps import Gap, Gaps, cleaned, merged, parsed, text_of
from rag.records import Answer, Coverage, Flag, Viewer
from rag.search import Filters
from tests.conftest import configure, write

PAGES = {
    "dns.md": "# DNS\n\nZones live in Route 53.\n",
    "pay.md": "---\naudience: [payments]\n---\n# Ledger\n\nThe ledger's zone is private.\n",
}
PAYMENTS = Viewer.of(["payments"])
GAP = Gap(
    "What is zoning?", "not_found", 1, "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00", groups=("everyone",)
)


@pytest.fixture
def gaps(owner: Owner, sync: Callable[..., SyncReport], tmp_path: Path, settings: Settings) -> Gaps:
    configure(settings, {"name": "wiki", "type": "folder", "path": str(write(tmp_path / "wiki", PAGES))})
    sync()
    return Gaps(settings.home, owner.catalog, lambda text: text.replace("hunter2", "[REDACTED]"))


@pytest.fixture
def not_found(owner: Owner, gaps: Gaps) -> Answer:
    """An answer to somebody who may see both pages."""
    found = owner.reader().retriever.search("zone", PAYMENTS, 5)
    assert len({one.document.path for one in found.passages}) == 2
    return Answer("", "not_found", nearest=found.passages, coverage=found.coverage, missing=("cassandra", "hunter2"))


def test_a_question_is_kept_once_and_counted(gaps: Gaps, not_found: Answer) -> None:
    for question in ("Where is Cassandra, hunter2?", "where is cassandra hunter2", "Where's Kafka?"):
        gaps.note(question, not_found, Viewer())
    first, second = gaps.listed(Viewer())
    assert (first.gap.count, first.gap.question) == (2, "Where is Cassandra, [REDACTED]?")
    assert first.gap.missing == ("cassandra", "[REDACTED]")
    assert second.gap.count == 1


def test_nothing_is_left_of_a_credential_where_a_question_is_cut(gaps: Gaps, not_found: Answer) -> None:
    gaps.note("x" * 495 + " hunter2", not_found, Viewer())
    assert "hunt" not in gaps.listed(Viewer())[0].gap.question


def test_what_is_answered_or_asked_of_a_part_is_no_gap(gaps: Gaps, not_found: Answer) -> None:
    gaps.note("a?", replace(not_found, verdict="answered"), Viewer())
    gaps.note("b?", not_found, Viewer(), Filters(kinds=("runbook",)))
    gaps.note("c?", replace(not_found, coverage=Coverage(0, 0, 0)), Viewer())
    gaps.note("d?", replace(not_found, verdict="partial"), Viewer(), Filters())
    invented = replace(not_found, flags=(Flag("uncited", "It is so.", "no citation"),))
    gaps.note("e?", replace(invented, score=0.9), Viewer())
    gaps.note("f?", replace(invented, score=0.3), Viewer())
    assert {one.gap.question for one in gaps.listed(Viewer())} == {"d?", "f?"}


def test_a_list_may_be_short(gaps: Gaps, not_found: Answer) -> None:
    for question in ("a?", "b?", "c?", "b?"):
        gaps.note(question, not_found, Viewer())
    assert [one.gap.question for one in gaps.listed(Viewer(), limit=1)] == ["b?"]


def test_rights_hold_for_pages_and_for_what_others_asked(gaps: Gaps, not_found: Answer) -> None:
    gaps.note("For all", not_found, Viewer())
    gaps.note("For payments", not_found, PAYMENTS)
    (seen,) = gaps.listed(Viewer())
    assert (seen.gap.question, [d.path for d in seen.nearest]) == ("For all", ["dns.md"])
    everything = {one.gap.question: {d.path for d in one.nearest} for one in gaps.listed(PAYMENTS)}
    assert everything == {"For all": {"dns.md", "pay.md"}, "For payments": {"dns.md", "pay.md"}}
    (theirs,) = (one.gap.id for one in gaps.listed(PAYMENTS) if one.gap.question == "For payments")
    with pytest.raises(NotFoundError):
        gaps.finish(theirs, Viewer())


def test_one_that_is_done_comes_back_when_it_is_asked_again(gaps: Gaps, not_found: Answer) -> None:
    gaps.note("Where?", not_found, Viewer())
    gaps.finish(gaps.listed(Viewer())[0].gap.id, Viewer())
    assert gaps.listed(Viewer()) == []
    assert gaps.listed(Viewer(), done=True)[0].gap.done_at
    gaps.note("where", not_found, Viewer())
    assert gaps.listed(Viewer())[0].gap.count == 2


def test_a_folder_that_cannot_be_written_fails_nothing(gaps: Gaps, not_found: Answer, owner: Owner) -> None:
    lost = Gaps(owner.settings.home / "nowhere", owner.catalog, str)
    lost.note("Where?", not_found, Viewer())
    assert lost.listed(Viewer()) == []
    (owner.settings.home / "gaps.jsonl").mkdir()
    gaps.note("Where?", not_found, Viewer())


def test_the_file_is_bounded_and_outlives_a_broken_line() -> None:
    several = [replace(GAP, question=f"question {n}", last_asked=f"2026-01-01T00:00:{n:05}") for n in range(1100)]
    kept = parsed(text_of(several))
    assert len(kept) == 1000
    assert kept == several[100:]
    assert parsed('{"half\n[]\n{"question": 1}\n' + text_of([GAP])) == [GAP]
    newest_done = replace(several[-1], done_at="2026-02-01")
    assert newest_done not in parsed(text_of([*several[:-1], newest_done]))


def test_purging_and_merging() -> None:
    named = replace(GAP, question="Where is xk7Q?", nearest=(("wiki", "a.md"),))
    (left,) = cleaned([GAP, named], str, lambda source, path: path == "a.md")
    assert left == GAP
    assert cleaned([named], lambda text: text.replace("xk7Q", "#"), lambda *_: False)[0].question == "Where is #?"
    later = replace(GAP, count=5, first_asked="2025", last_asked="2027", verdict="partial")
    assert merged([GAP], [later, named]) == [later, named]
    assert file_of_gaps.stored(Path("/nowhere")) == ""
