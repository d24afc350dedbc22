"""`waypost generations`, `eval generate` and a reranker, as a person at the terminal meets them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.api.conftest import Run, loaded
from tests.conftest import write


def test_generations_are_listed_and_gone_back_to(
    synced: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert [g["state"] for g in loaded(synced("generations", "--json"))["generations"]] == ["serving"]
    monkeypatch.setenv("WAYPOST_EMBEDDER", "hashing-64")
    code, text, _ = synced("sync")
    assert code == 0
    assert "`waypost generations use 1` goes back" in text.replace("\n", " ")
    assert "generation 2 serving: hashing-64" in synced("status")[1]
    assert loaded(synced("generations", "use", "1", "--json"))["serving"]["number"] == 1
    assert "held by" in synced("sync")[1]
    code, _, error = synced("generations", "use", "7")
    assert (code, "there are: 1, 2" in error) == (2, True)
    assert synced("doctor")[0] == 0


def test_generations_before_anything_was_synced(run: Run) -> None:
    for arguments in (("generations",), ("generations", "use", "1")):
        code, _, error = run(*arguments)
        assert (code, "waypost sync" in error) == (2, True)


def test_questions_are_drafted_and_measured(synced: Run, tmp_path: Path) -> None:
    write(tmp_path / "wiki", {"lock.md": "# Locks\n\n## Release a stale state lock\n\nRun the command.\n"})
    assert synced("sync")[0] == 0
    assert loaded(synced("eval", "generate", "drafts.jsonl", "--json"))["by_kind"] == {"heading": 1}
    (line,) = (tmp_path / "drafts.jsonl").read_text().splitlines()
    assert json.loads(line)["question"] == "Release a stale state lock"
    assert loaded(synced("eval", "questions", "drafts.jsonl", "--json"))["hit@1"] == 1.0
    code, _, error = synced("eval", "generate", "drafts.jsonl")
    assert (code, "is there already" in error) == (2, True)


def test_nothing_to_draft_from_is_said(synced: Run) -> None:
    code, _, error = synced("eval", "generate", "drafts.jsonl")
    assert (code, "nothing in these documents" in error) == (2, True)


def test_a_reranker_that_cannot_be_is_a_setting_to_mend(
    synced: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WAYPOST_RERANKER", "model")
    code, _, error = synced("search", "force-unlock")
    assert (code, "ANTHROPIC_API_KEY" in error) == (2, True)


def test_a_reranker_that_is_nowhere_is_said_beside_what_was_found(
    synced: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("WAYPOST_RERANKER", "no/such-model")
    began = time.monotonic()
    code, text, error = synced("search", "force-unlock")
    assert (code, text.startswith("1. Unlock"), time.monotonic() - began < 8) == (0, True, True)
    assert "not reranked: the reranker 'no/such-model' can't be loaded" in error
    answer = loaded(synced("ask", "How do I unlock?", "--json"))
    assert (answer["verdict"], "WAYPOST_RERANKER" in answer["degraded"]) == ("answered", True)


def test_gold_that_cannot_be_hit_is_said(synced: Run, tmp_path: Path) -> None:
    gold = {"repo": "nosuch", "path": "x.md", "start_line": 1, "end_line": 2, "quote": ""}
    question = {"id": "q", "kind": "fact", "question": "force-unlock", "gold": [gold]}
    (tmp_path / "q.jsonl").write_text(json.dumps(question))
    code, _, error = synced("eval", "questions", "q.jsonl")
    assert (code, "not synced: q" in error) == (0, True)
    assert synced("eval", "questions", "q.jsonl", "--html", "none/x.html")[0] == 2
    for wrong in (
        json.dumps(question) + "\n" + json.dumps(question),
        json.dumps({**question, "gold": [{**gold, "end_line": 0}]}),
    ):
        (tmp_path / "q.jsonl").write_text(wrong)
        assert synced("eval", "questions", "q.jsonl")[0] == 2


@pytest.mark.parametrize("name", ["hashing-0", "hashing-abc", "hashing-999999999"])
def test_an_embedder_that_cannot_be_is_refused_at_once(synced: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("WAYPOST_EMBEDDER", name)
    code, _, error = synced("sync")
    assert (code, "hashing-N" in error) == (2, True)


def test_hints_for_questions_that_the_shell_took_apart(synced: Run) -> None:
    assert "behind `--`" in synced("search", "--force-unlock")[2]
    assert "in quotes" in synced("search", "recycle", "node")[2]


def test_an_outdated_page_is_marked(synced: Run, tmp_path: Path) -> None:
    write(tmp_path / "wiki", {"old.md": "# Old\n\nThis page has moved to new.md.\n\nvicuna\n"})
    assert synced("sync")[0] == 0
    assert "outdated: This page has moved" in synced("search", "vicuna")[1]
    assert "says of itself" in synced("ask", "Where is the vicuna?")[1]


def test_terraform_is_looked_up(synced: Run) -> None:
    listed = loaded(synced("terraform", "list", "--kind", "resource", "--json"))["symbols"]
    assert [(one["address"], one["start_line"]) for one in listed] == [("aws_vpc.main", 1)]
    assert 'cidr_block = "10.7.0.0/16"' in synced("terraform", "show", "aws_vpc.main")[1]
    assert loaded(synced("terraform", "refs", "aws_vpc.main", "--json"))["symbols"][0]["referred_by"] == []
    assert loaded(synced("terraform", "modules", "--json")) == {"modules": []}
    assert loaded(synced("terraform", "providers", "--json")) == {"providers": []}
    for arguments, said in (
        (("show", "aws_vpc.none"), "nothing here defines"),
        (("list", "--kind", "resources"), "there is no kind"),
    ):
        code, _, error = synced("terraform", *arguments)
        assert (code, said in error) == (2, True)
