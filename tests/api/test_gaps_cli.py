"""`waypost gaps`: from a question without an answer to a list, a purge and a backup."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.api.conftest import Run, loaded

QUESTION = "How is the Cassandra ring rebalanced with password=hunter2secretvalue99?"


def test_asking_in_vain_leaves_a_gap(synced: Run) -> None:
    assert loaded(synced("ask", QUESTION, "--json"))["verdict"] == "not_found"
    (gap,) = loaded(synced("gaps", "--json"))["gaps"]
    assert (gap["count"], gap["verdict"]) == (1, "not_found")
    assert "Cassandra" in gap["question"]
    assert "hunter2secretvalue99" not in gap["question"]
    assert "cassandra" in synced("gaps")[1].lower()
    assert loaded(synced("gaps", "--done", gap["id"], "--json"))["gaps"] == []
    assert loaded(synced("gaps", "--all", "--json"))["gaps"][0]["done_at"]
    code, told, _ = synced("gaps", "--done", gap["id"])
    assert (code, "Cassandra" in told, "0 gaps are left" in told) == (0, True, True)
    assert synced("gaps", "--done", "none")[0] == 2


def test_an_evaluation_leaves_none(synced: Run, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text(
        '{"id": "1", "kind": "x", "question": "How is the Cassandra ring?", "gold": []}\n'
    )
    figures = loaded(synced("eval", "questions", "q.jsonl", "--answers", "--json"))
    assert figures["rows"][0]["verdict"] == "not_found"
    assert figures["refusal_curve"][-1] == {"threshold": 0.95, "refused_unanswerable": 1.0, "refused_answerable": 0.0}
    assert loaded(synced("gaps", "--json"))["gaps"] == []


def test_a_purged_document_takes_the_gaps_that_name_it_along(synced: Run, tmp_path: Path) -> None:
    synced("ask", QUESTION)
    (gap,) = loaded(synced("gaps", "--json"))["gaps"]
    page = gap["nearest"][0]
    assert synced("backup", "b.waypost")[0] == 0
    command = ("purge", f"{page['source']}/{page['path']}", "--backup", "b.waypost", "--json")
    assert loaded(synced(*command))["erased"]["gaps"] == 1
    with zipfile.ZipFile(tmp_path / "b.waypost") as packed:
        kept = packed.read("gaps.jsonl").decode()
    assert page["path"] not in kept + (tmp_path / "home" / "gaps.jsonl").read_text()
    assert synced("restore", "b.waypost", "--force")[0] == 0
    assert loaded(synced("gaps", "--json"))["gaps"] == []


def test_a_restored_backup_brings_its_gaps(synced: Run, tmp_path: Path) -> None:
    synced("ask", QUESTION)
    assert synced("backup", "b.waypost")[0] == 0
    (tmp_path / "home" / "gaps.jsonl").unlink()
    assert synced("restore", "b.waypost", "--force")[0] == 0
    assert len(loaded(synced("gaps", "--json"))["gaps"]) == 1
