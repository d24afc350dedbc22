"""Personas and follow-ups by the command line and over HTTP, and what purging takes out of threads."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient

from api.http import make_app
from api.owner import Owner
from api.settings import Settings
from rag.errors import NotFoundError
from rag.gaps import FILE as GAPS
from rag.purged import Purged
from rag.threads import FILE
from tests.api.conftest import LOOPBACK, Run, loaded
from tests.api.test_http import events
from tests.conftest import configure, write

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
PAGES = {
    "unlock.md": "# Unlock\n\nRun `terraform force-unlock`, see [who may](pagers.md) and [why](board.md) first.\n",
    "plan.md": "# Plans\n\nA plan that dies leaves its lock: force-unlock terraform then.\n",
    "atlantis.md": "# Atlantis\n\nTerraform in Atlantis has a lock of its own; force-unlock is not for it.\n",
    "pagers.md": "# Pagers\n\nWhoever carries one decides.\n",
    "board.md": "---\naudience: [board]\n---\n# Minutes\n\nWhat it did cost.\n",
}
QUESTION = "How do I force-unlock terraform?"


@pytest.fixture
def client(owner: Owner, tmp_path: Path, settings: Settings) -> Iterator[TestClient]:
    write(tmp_path / "wiki", PAGES)
    write(tmp_path / "personas", {"night.md": "# Night owl\n\nBe short.\n"})
    write(tmp_path, {"secret.md": "# Secret\n\nroot's own file\n"})
    configure(settings, {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")})
    owner.sync([], lambda step: None, lambda: False)
    owner.settings.personas = tmp_path / "personas"
    with TestClient(
        make_app(owner.settings, owner.reader()), base_url="http://127.0.0.1:8765", client=LOOPBACK
    ) as opened:
        yield opened


def test_personas_over_http_go_by_their_names_alone(client: TestClient, tmp_path: Path) -> None:
    listed = client.get("/v1/personas").json()["personas"]
    assert [one["name"] for one in listed] == ["night", "onboarding", "senior-devops-engineer"]
    for name in ("night", "onboarding", ""):
        assert client.post("/v1/ask", json={"question": QUESTION, "persona": name}).status_code == 200
    for name in ("secret", "passwd", "README"):
        reply = client.post("/v1/ask", json={"question": QUESTION, "persona": name})
        assert reply.status_code == 404
        assert "root's own" not in reply.text
    for name in (str(tmp_path / "secret.md"), "../secret.md", "..%2fsecret", "secret.md"):
        assert client.post("/v1/ask", json={"question": QUESTION, "persona": name}).status_code == 422


def test_a_broken_persona_is_told_over_http_and_offered_to_nobody(client: TestClient, tmp_path: Path) -> None:
    write(tmp_path / "personas", {"bad.md": "---\nread_next: yes\n---\n# Bad\n"})
    told = client.get("/v1/personas").json()
    assert told["broken"] == {"bad": "the persona bad: read_next is true or false, not 'yes'"}
    assert "bad" not in [one["name"] for one in told["personas"]]
    refused = client.post("/v1/ask", json={"question": QUESTION, "persona": "nobody"})
    assert (refused.status_code, "night" in refused.text, "bad" in refused.text) == (404, True, False)
    named = client.post("/v1/ask", json={"question": QUESTION, "persona": "bad"})
    assert (named.status_code, "read_next is true or false" in named.json()["error"]) == (400, True)
    assert client.post("/v1/ask", json={"question": QUESTION, "persona": "night"}).status_code == 200


def test_a_reader_takes_a_path_from_the_command_line_alone(owner: Owner, tmp_path: Path) -> None:
    write(tmp_path, {"secret.md": "# Secret\n"})
    path = str(tmp_path / "secret.md")
    assert owner.reader().asker(path, files=True)
    with pytest.raises(NotFoundError):
        owner.reader().asker(path)


def test_onboarding_says_what_to_read_next_and_the_engineer_does_not(client: TestClient) -> None:
    body = {"question": QUESTION, "persona": "onboarding"}
    answer = client.post("/v1/ask", json=body).json()["answer"]
    assert "**Read next**" in answer
    assert "- Pagers (wiki/pagers.md" in answer
    assert ", linked in [" in answer
    assert "Minutes" not in answer  # linked too, and not this viewer's to see
    streamed = events(client.post("/v1/ask", json=body, headers={"Accept": "text/event-stream"}).text)
    assert "".join(data["text"] for name, data in streamed if name == "text") == answer
    assert "Read next" not in client.post("/v1/ask", json={"question": QUESTION}).json()["answer"]


def test_threads_over_http(client: TestClient) -> None:
    first = client.post("/v1/ask", json={"question": QUESTION}).json()
    assert first["asked_as"] == ""
    second = client.post("/v1/ask", json={"question": "who may do it?", "thread": first["thread"]}).json()
    assert second["thread"] == first["thread"]
    assert second["asked_as"] == "who may do it (force-unlock terraform)?"
    unknown = client.post(
        "/v1/ask", json={"question": "why?", "thread": "nobodys"}, headers={"Accept": "text/event-stream"}
    )
    assert unknown.status_code == 404
    assert "there is no thread 'nobodys'" in unknown.json()["error"]


def test_the_command_line_says_which_personas_are_broken(
    synced: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "own", {"night.md": "# Night owl\n", "bad.md": "---\nfor: nobody\n\n# Bad\n"})
    monkeypatch.setenv("WAYPOST_PERSONAS", str(tmp_path / "own"))
    code, text, said = synced("personas")
    assert (code, "night" in text, "bad can't be used: the persona bad has a front matter that never ends" in said) == (
        0, True, True,
    )  # fmt: skip
    assert list(loaded(synced("personas", "--json"))["broken"]) == ["bad"]
    assert synced("ask", QUESTION, "--persona", "bad")[0] == 2


def test_the_command_line(synced: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [one["name"] for one in loaded(synced("personas", "--json"))["personas"]]
    assert names == ["onboarding", "senior-devops-engineer"]
    assert synced("ask", "why?", "--follow")[0] == 2
    first = loaded(synced("ask", QUESTION, "--json"))
    assert "asked as: with what id (force-unlock terraform)?" in synced("ask", "with what id?", "--follow")[2]
    assert loaded(synced("ask", "why?", "--thread", first["thread"], "--json"))["thread"] == first["thread"]
    assert synced("ask", "why?", "--thread", first["thread"], "--as-groups", "other")[0] == 2
    write(tmp_path, {"mine.md": "---\nread_next: true\n---\n# Mine\n", "empty.md": ""})
    assert synced("ask", QUESTION, "--persona", "mine.md")[0] == 0
    code, _, said = synced("ask", QUESTION, "--persona", "empty.md")
    assert (code, "is empty" in said) == (2, True)
    monkeypatch.setenv("WAYPOST_KEEP_THREADS_DAYS", "0")
    assert loaded(synced("ask", QUESTION, "--json"))["thread"] == ""


@pytest.mark.parametrize("by", ["document", "value"])
def test_purging_takes_turns_out_of_threads(
    synced: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    synced("ask", QUESTION)
    synced("ask", "Which cidr_block has the aws_vpc main?")
    file = tmp_path / "home" / FILE
    assert b"force-unlock" in file.read_bytes()
    if by == "document":
        report = loaded(synced("purge", "wiki/unlock.md", "--json"))
    else:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"force-unlock"), isatty=lambda: False))
        report = loaded(synced("purge", "--value", "-", "--json"))
    assert report["erased"]["turns of threads"] >= 1
    assert report["remains"] == []
    assert b"force-unlock" not in file.read_bytes()
    synced("ask", "Is force-unlock of terraform right?")
    if by == "value":  # nor is it kept when it is asked for again
        assert b"force-unlock" not in file.read_bytes()


def test_a_page_that_was_only_named_is_not_kept(synced: Run, tmp_path: Path) -> None:
    write(tmp_path / "wiki", PAGES)
    synced("sync")
    told = loaded(synced("ask", QUESTION, "--path", "unlock.md", "--persona", "onboarding", "--json"))
    assert "wiki/pagers.md" in told["answer"]
    kept = (tmp_path / "home" / FILE).read_bytes()
    assert b"Read next" not in kept
    assert b"wiki/pagers.md" not in kept


def test_a_persona_of_the_settings_that_is_not_there_is_no_fault_of_who_asks(client: TestClient, owner: Owner) -> None:
    owner.settings.persona = "nobody"
    reply = client.post("/v1/ask", json={"question": QUESTION})
    assert reply.status_code == 400
    assert "WAYPOST_PERSONA" in reply.json()["error"]


def test_what_another_process_purges_is_not_kept_from_the_next_question_on(client: TestClient, tmp_path: Path) -> None:
    def asked(question: str) -> bytes:
        assert client.post("/v1/ask", json={"question": question}).status_code == 200
        return (tmp_path / "home" / FILE).read_bytes() + (tmp_path / "home" / GAPS).read_bytes()

    assert b"zebra-crossing" in asked("Where is the zebra-crossing of the moon?")
    Purged().with_value("walrus-crossing", "2026-01-01").save(tmp_path / "home")
    kept = asked("Where is the walrus-crossing of the moon?")
    assert b"walrus" not in kept
    assert kept.count(b"REDACTED:purged") >= 2
