"""Drafting questions: four kinds of pairs that people made for other purposes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.question_drafts import Draft, drafts
from ingest.sync import SyncReport
from rag.evaluation.questions import load_questions
from rag.records import Viewer
from tests.conftest import commit, configure

PAGES = {
    "index.md": "# Home\n\nSee [rotating the signing keys](keys/rotate.md), [here](keys/rotate.md), "
    "[restore from a snapshot](/restore.html#from-a-snapshot) and [the missing manual](gone.md).\n",
    "keys/rotate.md": "# Rotate keys\n\n## Overview\n\nwhy\n\n## Revoke leaked signing keys\n\nfirst\n\nsecond\n",
    "restore.md": "# Restore\n\n## Overview\n\nwhat\n\n## From a snapshot\n\nsteps\n\n## After the restore\n\ncheck\n",
    "runbooks/QueueStuck.md": "# QueueStuck\n\nRestart the worker.\n",
    "rules.yaml": "groups:\n- name: q\n  rules:\n  - alert: QueueStuck\n    annotations:\n"
    "      summary: Queue {{ $labels.queue }} of the mail service has not moved\n"
    "      runbook_url: https://example.org/runbooks/queuestuck.html\n  - alert: NoRunbook\n  - record: x\n",
    "broken.yaml": "alert: [\n",
}


@pytest.fixture
def drafted(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> Callable[..., dict[str, list[Draft]]]:
    repository = tmp_path / "repo"
    commit(repository, PAGES, "Add all the pages of the handbook")
    commit(
        repository,
        {"restore.md": PAGES["restore.md"] + "\nmore\n"},
        "Describe what to check after restoring database snapshots (#12)",
    )
    commit(repository, {"restore.md": PAGES["restore.md"]}, "Bump the restore page once more, please")
    configure(settings, {"name": "docs", "type": "git", "path": str(repository)})
    sync()

    def run(limit: int = 40) -> dict[str, list[Draft]]:
        from api.compose import commit_subjects

        documents = owner.catalog.documents_for(Viewer())
        passages = {document.id: owner.reader().passages_of(document.id) for document in documents}
        kinds: dict[str, list[Draft]] = {}
        for draft in drafts(documents, passages, commit_subjects(settings, owner.catalog, 100), limit):
            kinds.setdefault(draft["kind"], []).append(draft)
        return kinds

    return run


def places(found: list[Draft]) -> dict[str, tuple[str, int, int]]:
    return {d["question"]: tuple(d["gold"][0][key] for key in ("path", "start_line", "end_line")) for d in found}


def test_headings_that_stand_once(drafted: Callable[..., dict[str, list[Draft]]]) -> None:
    assert places(drafted()["heading"]) == {"Revoke leaked signing keys": ("keys/rotate.md", 7, 11)}


def test_links_lead_to_pages_and_their_sections(drafted: Callable[..., dict[str, list[Draft]]]) -> None:
    found = drafted()["link"]
    assert places(found) == {
        "rotating the signing keys": ("keys/rotate.md", 1, 12),
        "restore from a snapshot": ("restore.md", 7, 10),
    }
    assert found[0]["leave_out"] == [{"repo": "docs", "path": "index.md"}]


def test_alerts_lead_to_their_runbooks(drafted: Callable[..., dict[str, list[Draft]]]) -> None:
    assert places(drafted()["alert"]) == {"Queue of the mail service has not moved": ("runbooks/QueueStuck.md", 1, 4)}


def test_commits_of_one_file_that_is_still_there(drafted: Callable[..., dict[str, list[Draft]]]) -> None:
    (found,) = drafted()["commit"]
    assert found["question"] == "Describe what to check after restoring database snapshots"
    assert found["gold"][0]["path"] == "restore.md"


def test_the_same_are_drafted_again_and_the_limit_holds(drafted: Callable[..., dict[str, list[Draft]]]) -> None:
    assert drafted() == drafted()
    assert {kind: len(found) for kind, found in drafted(1).items()} == {
        "heading": 1,
        "link": 1,
        "alert": 1,
        "commit": 1,
    }


def test_the_command_writes_a_set_that_can_be_measured(
    owner: Owner, drafted: Callable[..., dict[str, list[Draft]]], tmp_path: Path
) -> None:
    from ingest.question_drafts import as_lines

    file = tmp_path / "drafts.jsonl"
    file.write_text(as_lines([draft for found in drafted().values() for draft in found]))
    link = next(question for question in load_questions(file) if question.text == "rotating the signing keys")
    found = owner.reader().retriever.search(link.text, Viewer()).passages
    assert "index.md" in {row.document.path for row in found}
    assert "index.md" not in {row.document.path for row in link.counted(found)}
    assert link.hit(link.counted(found)[:2])


def test_nothing_makes_no_question() -> None:
    assert drafts([], {}, [], 10) == []


def test_a_credential_in_a_commits_subject_is_redacted(
    drafted: Callable[..., dict[str, list[Draft]]], owner: Owner
) -> None:
    drafted()
    documents = owner.catalog.documents_for(Viewer())
    key = "AKIA" + "Q3TZ7MKWL5VN2RBX"
    subject = f"Rotate leaked access key {key} of billing exports"
    (draft,) = [d for d in drafts(documents, {}, [("docs", subject, ["restore.md"])], 5) if d["kind"] == "commit"]
    assert "Rotate leaked access key" in draft["question"]
    assert key not in draft["question"]
