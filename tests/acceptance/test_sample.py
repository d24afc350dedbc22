"""The sample organisation, synced whole with the packaged embedder: what `make demo` and `make eval` show must hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.owner import Owner, open_owner
from api.settings import Settings
from rag.doctor import examine
from rag.evaluation.figures import evaluate
from rag.evaluation.questions import load_questions
from rag.records import Viewer
from tests.bench.asked_values import QUESTIONS, faults

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
PLANTED = (
    "Mq7vRz4LpX9tBw2sKe8h",
    "AKIAQ3TZ7MKWL5VN2RBX",
    "hV8rTq2+NwZ5yLkP0sXcJd7Fb/uGmA3oEi9QxKtW",
    "vQ7-Lumber-92xKoTr",
)
RESTRICTED = "how-to/reconcile-the-ledger.md"

pytestmark = [pytest.mark.embedder, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[tuple[Owner, Any]]:
    settings = Settings(home=tmp_path_factory.mktemp("home"), config=SAMPLE / "waypost.yaml", models=models)
    with open_owner(settings, "sync") as owner:
        yield owner, owner.sync([], lambda step: None, lambda: False)


def test_every_file_is_indexed_and_the_indexes_agree(synced: tuple[Owner, Any]) -> None:
    owner, report = synced
    assert [source.outcome for source in report.sources] == ["done"] * 4
    for source in report.sources:
        assert source.counts["indexed"] == source.counts["listed"] > 0
    diagnosis = examine(owner.catalog, owner.projections)
    assert diagnosis.sound, diagnosis
    assert diagnosis.waiting == 0


def test_the_golden_questions_are_answered(synced: tuple[Owner, Any]) -> None:
    owner, _ = synced
    reader = owner.reader()
    questions = load_questions(SAMPLE / "questions.jsonl")
    assert len(questions) >= 60
    figures = evaluate(questions, reader.retriever, Viewer(), reader.asker(), owner.catalog)
    assert figures["citation_validity"] == 1.0
    assert figures["hit@4000tok"] >= 0.93
    assert figures["hit@5"] >= 0.8
    assert figures["refused_unanswerable"] >= 0.8
    assert figures["refused_answerable"] <= 0.15


def test_planted_credentials_are_nowhere_on_disk(synced: tuple[Owner, Any]) -> None:
    owner, _ = synced
    sources = b"".join(file.read_bytes() for file in SAMPLE.rglob("*") if file.is_file())
    kept = b"".join(file.read_bytes() for file in owner.settings.home.rglob("*") if file.is_file()).lower()
    assert b"connect-to-a-cluster" in kept  # the scan sees what was stored
    for secret in PLANTED:
        assert secret.encode() in sources
        assert secret.lower().encode() not in kept


@pytest.mark.parametrize(("groups", "seen"), [((), False), (("platform",), False), (("payments",), True)])
def test_a_page_for_one_team_is_for_that_team(synced: tuple[Owner, Any], groups: tuple[str, ...], seen: bool) -> None:
    owner, _ = synced
    found = owner.reader().retriever.search("pelican suspense account of the ledger", Viewer.of(groups), 100)
    assert (RESTRICTED in [passage.document.path for passage in found.passages]) is seen


def test_values_are_told_with_their_environment_and_lines(synced: tuple[Owner, Any]) -> None:
    asker = synced[0].reader().asker()
    asked = [json.loads(line) for line in QUESTIONS.read_text().splitlines()]
    questions = [one for one in asked if one["home"] == "sample"]
    assert len(questions) == 11
    wrong = {one["question"]: faults(one, asker.answer(one["question"], Viewer())) for one in questions}
    assert not {question: found for question, found in wrong.items() if found}
