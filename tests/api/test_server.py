"""`waypost serve` as a process: its address, its socket for other commands, and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag.owner import call, owner_of
from tests.conftest import write

Waypost = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    write(tmp_path / "wiki", {"a.md": "# Lock\n\nRun force-unlock.\n"})
    (tmp_path / "waypost.yaml").write_text("sources: [{name: wiki, type: folder, path: wiki, schedule: never}]")
    return {**os.environ, "WAYPOST_HOME": str(tmp_path / "home"), "WAYPOST_EMBEDDER": "hashing"}


@pytest.fixture
def waypost(tmp_path: Path, environment: dict[str, str]) -> Waypost:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "api.cli", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    return run


@pytest.fixture
def server(
    tmp_path: Path, environment: dict[str, str], waypost: Waypost
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    yield process, process.stderr.readline().split()[3]
    process.kill()
    process.wait()
    process.stderr.close()


def test_it_serves_syncs_for_others_and_ends(
    server: tuple[subprocess.Popen[str], str], waypost: Waypost, tmp_path: Path
) -> None:
    process, address = server
    assert (
        httpx.post(f"{address}/v1/ask", json={"question": "unlock?"}).json()["degraded"]
        == "nothing has been synced yet"
    )
    (tmp_path / "other.yaml").write_text("sources: [{name: wiki, type: folder, path: wiki}]")
    refused = waypost("sync", "--config", "other.yaml")
    assert (refused.returncode, "waypost.yaml, not" in refused.stderr.replace("\n", "")) == (2, True)
    assert waypost("sync").returncode == 0
    assert waypost("search", "force-unlock").stdout.startswith("1. Lock")
    assert httpx.get(f"{address}/v1/search", params={"q": "unlock"}).json()["results"][0]["path"] == "a.md"
    second = waypost("serve", "--port", "0")
    assert second.returncode == 1
    assert str(process.pid) in second.stderr
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert process.wait(30) == 0
    assert time.monotonic() - began < 20
    assert not (tmp_path / "home" / "owner.json").exists()  # what it works on was put away
    assert waypost("doctor").returncode == 0


def test_a_port_in_use_is_said_before_anything_else(waypost: Waypost) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = waypost("serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "choose another with --port" in done.stderr
    assert "Waypost answers" not in done.stderr


@pytest.mark.parametrize("text", ["sources: [", "sources: [{name: x}]", None])
def test_what_is_wrong_with_the_settings_is_said_at_once_as_a_sync_says_it(
    waypost: Waypost, tmp_path: Path, text: str | None
) -> None:
    if text is None:
        (tmp_path / "waypost.yaml").unlink()
    else:
        (tmp_path / "waypost.yaml").write_text(text)
    served, synced = waypost("serve", "--port", "0"), waypost("sync")
    assert (served.returncode, served.stderr) == (synced.returncode, synced.stderr)
    assert served.returncode == 2
    assert not (tmp_path / "home").exists()


@pytest.mark.timeout(240)
def test_beside_a_server_the_doctor_and_approvals_work_and_a_purge_says_to_stop_it(
    server: tuple[subprocess.Popen[str], str], waypost: Waypost, tmp_path: Path
) -> None:
    _, address = server
    write(tmp_path / "wiki", {f"{n}.md": f"# Page {n}\n\nword{n}\n" for n in range(30)})
    assert waypost("sync").returncode == 0

    def doctor(repair: bool = False) -> dict[str, Any]:
        socket = owner_of(tmp_path / "home")["socket"]
        return next(call(socket, {"op": "doctor", "repair": repair}, timeout=60))

    def first(word: str) -> str:
        return str(httpx.get(f"{address}/v1/search", params={"q": word}).json()["results"][0]["path"])

    assert waypost("doctor").returncode == 0
    for lost in ("documents", "generation-1"):
        shutil.rmtree(tmp_path / "home" / lost)
        assert (doctor()["sound"], (tmp_path / "home" / lost).exists()) == (False, False)
        told = doctor(repair=True)
        assert (told["sound"], told["repaired"] != []) == (True, True)
        assert doctor()["sound"]
        assert first("word7") == "7.md"
    for n in range(30):
        (tmp_path / "wiki" / f"{n}.md").unlink()
    assert waypost("sync").returncode == 3
    approved = waypost("approve", "wiki", "--json")
    assert (approved.returncode, json.loads(approved.stdout)["removed"]) == (0, 30)
    assert doctor()["sound"]
    refused = waypost("purge", "wiki/a.md")
    assert (refused.returncode, "waypost serve" in refused.stderr, "stop it" in refused.stderr) == (1, True, True)


@pytest.mark.parametrize("persona", ["nobody", "bad"])
def test_a_persona_that_cannot_be_used_is_refused_before_anything_else(
    waypost: Waypost, tmp_path: Path, environment: dict[str, str], persona: str
) -> None:
    write(tmp_path / "own", {"bad.md": "---\nfor: nobody\n\n# Bad\n"})
    environment |= {"WAYPOST_PERSONA": persona, "WAYPOST_PERSONAS": str(tmp_path / "own")}
    done = waypost("serve", "--port", "0")
    said = "there is no persona 'nobody'; there are: onboarding" if persona == "nobody" else "never ends"
    assert (done.returncode, said in done.stderr, "Waypost answers" in done.stderr) == (2, True, False)
    assert not (tmp_path / "home").exists()


def test_what_cannot_be_had_is_said_at_the_start_and_stops_nothing(
    tmp_path: Path, environment: dict[str, str], waypost: Waypost
) -> None:
    write(tmp_path / "own", {"bad.md": "---\nfor: nobody\n\n# Bad\n"})
    environment |= {"WAYPOST_RERANKER": "no/such-model", "HF_ENDPOINT": "http://127.0.0.1:9"}
    environment["WAYPOST_PERSONAS"] = str(tmp_path / "own")
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    try:
        address = process.stderr.readline().split()[3]
        assert next(line for line in process.stderr if "the persona bad has" in line).startswith("bad can't be used")
        told = next(line for line in process.stderr if "not reranked" in line)
        assert "WAYPOST_RERANKER" in told
        assert httpx.get(f"{address}/v1/search", params={"q": "unlock"}).status_code == 200
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_others_reach_it_once_there_is_a_key_and_headers_name_no_peer(
    waypost: Waypost, tmp_path: Path, environment: dict[str, str]
) -> None:
    refused = waypost("serve", "--host", "0.0.0.0", "--port", "0")
    assert (refused.returncode, "waypost keys create" in refused.stderr) == (2, True)
    token = waypost("keys", "create", "ci").stdout.strip()
    command = [sys.executable, "-m", "api.cli", "serve", "--host", "0.0.0.0", "--port", "0"]
    environment["WAYPOST_TRUSTED_PROXIES"] = "10.0.0.5"
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    try:
        address = process.stderr.readline().split()[3].replace("0.0.0.0", "127.0.0.1")
        assert process.stderr.readline().startswith("WAYPOST_ALLOWED_HOSTS is not set")
        asked = f"{address}/v1/sources"
        assert httpx.get(asked).status_code == 401
        for peer in ("127.0.0.1", "10.0.0.5"):  # whoever says so here is neither this machine nor the proxy
            named = {"X-Forwarded-For": peer, "X-Forwarded-User": "ada"}
            assert httpx.get(asked, headers=named).status_code == 401
        sent = {"Authorization": f"Bearer {token}"}
        assert httpx.get(asked, headers=sent).status_code == 200
        assert waypost("keys", "revoke", "ci").returncode == 0
        assert httpx.get(asked, headers=sent).status_code == 401
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_the_log_as_json_lines_and_the_audit_after_a_stop(
    tmp_path: Path, environment: dict[str, str], waypost: Waypost
) -> None:
    environment |= {"WAYPOST_LOG": "json", "WAYPOST_WEBHOOK_SECRET": "a-secret-of-the-hook"}
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    try:
        first = json.loads(process.stderr.readline())
        address = first["message"].split()[3]
        asked, secret = f"{address}/v1/search", {"X-Gitlab-Token": "a-secret-of-the-hook"}
        assert httpx.get(asked, params={"q": "sesame"}, headers=secret).status_code == 200
        wrong = {"Authorization": "Bearer wp_hidden"}
        assert httpx.get(f"{address}/v1/sources", headers=wrong).status_code == 401
        process.send_signal(signal.SIGTERM)
        text = process.stderr.read()
        process.wait(60)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["status"] for line in lines if line.get("route") == "/v1/search"] == [200]
    assert not [word for word in ("sesame", "wp_hidden", "a-secret") if word in text]
    entries = json.loads(waypost("audit", "--json").stdout)["entries"]
    assert [(entry["query"], entry["face"]) for entry in entries] == [("sesame", "http")]
