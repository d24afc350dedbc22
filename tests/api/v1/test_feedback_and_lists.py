"""Feedback, gaps, syncs and runs over HTTP, and `waypost feedback`."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.compose import feedback_of, threads_of
from api.owner import Owner
from rag.errors import NotFoundError
from rag.feedback import Feedback
from rag.records import Viewer
from rag.threads import FILE, Threads, Turn
from tests.api.conftest import Run, loaded
from tests.api.v1.conftest import As

QUESTION = "How do I force-unlock terraform?"
SECRET = "AKIAIOSFODNN7EXAMPL2"


def asked(client: TestClient) -> str:
    return str(client.post("/v1/ask", json={"question": QUESTION}).json()["thread"])


def test_feedback_is_kept_and_may_be_changed(client: TestClient, organisation: Owner) -> None:
    thread = asked(client)
    said = {"thread": thread, "useful": False, "comment": f"no, with {SECRET} it fails"}
    first = client.post("/v1/feedback", json=said)
    assert (first.status_code, list(first.json())) == (201, ["id"])
    again = client.post("/v1/feedback", json={"thread": thread, "turn": 1, "useful": True})
    assert again.json() == first.json()
    client.post("/v1/feedback", json={**said, "thread": asked(client)})
    newest, changed = feedback_of(organisation.settings).listed()[:2]
    assert (changed.id, changed.useful, changed.comment, changed.question) == (first.json()["id"], True, "", QUESTION)
    assert SECRET not in newest.comment
    assert "it fails" in newest.comment
    assert [path for _, _, path in newest.documents][:1] == ["unlock.md"]
    assert (organisation.settings.home / "feedback.db").stat().st_mode & 0o077 == 0


def test_feedback_is_for_ones_own_threads(asking_as: As) -> None:
    thread = asked(asking_as("payments"))
    told = {
        asking_as("").post("/v1/feedback", json={"thread": one, "useful": True}).text.replace(one, "X")[:200]
        for one in (thread, "nope")
    }
    assert len(told) == 1
    assert (
        asking_as("payments").post("/v1/feedback", json={"thread": thread, "turn": 2, "useful": True}).status_code
        == 404
    )


def turn_of(threads: Threads, question: str, at: str = "2026-11-28T00:00:00+00:00") -> str:
    return threads.add("", Viewer(), Turn(question, question, "answered", "Do.", (("i", "wiki", "a.md"),), at))


def test_feedback_is_bounded_and_purged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.feedback._MOST", 2)
    threads = Threads(tmp_path / FILE, 36_500)
    feedback = Feedback(tmp_path / "feedback.db", threads, str)
    assert feedback.listed() == []
    assert feedback.remove(lambda turn: True) == 0
    for question in ("a?", "b?", "c?"):
        feedback.note(Viewer(), "anonymous", turn_of(threads, question), None, useful=True, comment=f"on {question}")
    assert [one.question for one in feedback.listed()] == ["c?", "b?"]
    assert feedback.remove(lambda turn: "b?" in turn.answer) == 1
    assert b"on b?" not in (tmp_path / "feedback.db").read_bytes()
    with pytest.raises(NotFoundError):
        feedback.note(Viewer.of(["sre"]), "x", turn_of(threads, "d?"), None, useful=True)


def test_waypost_feedback(synced: Run, tmp_path: Path) -> None:
    assert "nobody has said" in synced("feedback")[1]
    assert loaded(synced("feedback", "--json")) == {"feedback": []}
    from api.settings import Settings

    settings = Settings(home=tmp_path / "home", config=tmp_path / "waypost.yaml")
    thread = turn_of(threads_of(settings), "How [b]do[/b] I?")
    feedback_of(settings).note(Viewer(), "ann", thread, None, useful=False, comment="not at all")
    (told,) = loaded(synced("feedback", "--json"))["feedback"]
    assert (told["useful"], told["name"], told["comment"], told["question"]) == (
        False,
        "ann",
        "not at all",
        "How [b]do[/b] I?",
    )
    shown = synced("feedback")[1]
    assert "How [b]do[/b] I?" in shown
    assert "not useful: not at all" in shown


def test_gaps_in_pages_and_marked(asking_as: As) -> None:
    client = asking_as("")
    for animal in ("llama", "okapi", "walrus"):
        client.post("/v1/ask", json={"question": f"Who feeds the office {animal}?"})
    client.post("/v1/ask", json={"question": "Who feeds the office okapi?"})
    whole = [one for one in client.get("/v1/gaps").json()["gaps"] if "office" in one["question"]]
    assert [one["count"] for one in whole] == [2, 1, 1]
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get("/v1/gaps", params={"limit": 1, "cursor": cursor}).json()
        seen += [one["id"] for one in page["gaps"]]
        cursor = page["next_cursor"]
    assert seen == [one["id"] for one in client.get("/v1/gaps").json()["gaps"]]
    gap = whole[0]["id"]
    assert client.post(f"/v1/gaps/{gap}", json={"state": "done"}).json()["done_at"]
    assert gap not in [one["id"] for one in client.get("/v1/gaps").json()["gaps"]]
    assert client.post(f"/v1/gaps/{gap}", json={"state": "open"}).json()["done_at"] == ""
    assert gap in [one["id"] for one in client.get("/v1/gaps").json()["gaps"]]
    asking_as("payments").post("/v1/ask", json={"question": "Who feeds the secret gnu?"})
    theirs = asking_as("payments").get("/v1/gaps").json()["gaps"]
    gnu = next(one["id"] for one in theirs if "gnu" in one["question"])
    assert client.post(f"/v1/gaps/{gnu}", json={"state": "done"}).status_code == 404


def test_a_sync_by_request(asking_as: As, pushed: list[str]) -> None:
    pushed.clear()
    reply = asking_as("").post("/v1/sources/wiki/sync")
    assert (reply.status_code, reply.json()) == (202, {"source": "wiki", "queued": True})
    hidden, missing = (asking_as("").post(f"/v1/sources/{name}/sync") for name in ("private", "missing"))
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json()["detail"].replace("private", "missing") == missing.json()["detail"]
    assert pushed == ["wiki"]
    assert asking_as("staff").post("/v1/sources/private/sync").status_code == 202


def test_runs_in_pages(asking_as: As, organisation: Owner) -> None:
    for _ in range(2):
        organisation.sync([], lambda step: None, lambda: False)
    for groups, known in (("", {"wiki", "infra"}), ("staff", {"wiki", "infra", "private"})):
        client = asking_as(groups)
        whole = client.get("/v1/runs").json()
        assert whole["next_cursor"] is None
        assert {one["source"] for one in whole["runs"]} == known
        assert len(whole["runs"]) == 3 * len(known)
        for limit in (1, 2):
            seen, cursor = [], ""
            while cursor is not None:
                page = client.get("/v1/runs", params={"limit": limit, "cursor": cursor}).json()
                seen += page["runs"]
                cursor = page["next_cursor"]
            assert seen == whole["runs"]
