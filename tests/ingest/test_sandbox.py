"""The processes that read documents: what becomes of one that hangs, crashes, eats memory, or answers with code."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

import pytest

import ingest.sandbox
from ingest.sandbox import Sandbox
from rag.errors import DocumentError, RefusedError, SourceError
from tests.conftest import runs
from tests.ingest import misbehaviour as m


def raising(error: type[Exception], sandbox: Sandbox, task: Callable[[], object]) -> None:
    with pytest.raises(error):
        sandbox.run(task)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(seconds=1.5, megabytes=256, workers=2)
    yield sandbox
    sandbox.close()


def test_a_document_is_read_there_as_it_would_be_here(sandbox: Sandbox) -> None:
    found = sandbox.digest("a.md", b"# Title\n\npassword: hunter2-Xy7!\n\nSimple Queue Service (SQS)\n", set())
    assert found.parsed.title == "Title"
    assert "hunter2" not in repr(found)
    assert [finding.line for finding in found.findings] == [3]
    assert found.abbreviations == {"sqs": "simple queue service"}
    assert set(found.seconds) == {"decoding", "redaction", "parsing"}
    with pytest.raises(RefusedError, match="binary"):
        sandbox.digest("a.md", b"\0\1", set())
    with pytest.raises(DocumentError, match="audience"):
        sandbox.digest("a.md", b"---\naudiences: [a]\n---\n", set())
    assert sandbox.sensitive("v.tf", b'variable "a" {\n  sensitive = true\n}\n') == {"a"}
    resource = sandbox.digest("m.tf", b'resource "a" "b" {\n  c = var.d\n}\n', set()).parsed.symbols[0]
    assert (resource.address, resource.references[0].target) == ("a.b", "var.d")


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        (m.sleep, "more than 2 s"),
        (m.spin, "more than 2 s"),
        (m.crash, "Segmentation fault"),
        (m.leave, "exit code 3"),
        (m.recurse, "nested too deeply"),
        (m.answer_with_code, "no answer that can be read"),
    ],
)
def test_misbehaviour_costs_one_document(sandbox: Sandbox, task: Callable[[], Any], reason: str) -> None:
    assert sandbox.run(m.echo, 1) == 1
    began = time.monotonic()
    with pytest.raises(DocumentError, match=reason):
        sandbox.run(task)
    assert time.monotonic() - began < 30  # on a busy machine two workers take their time to start
    assert sandbox.run(m.echo, 2) == 2
    assert not Path("/tmp/never").exists()


@pytest.mark.parametrize("task", [m.eat, m.eat_slowly])
def test_more_memory_than_may_be_costs_one_document(task: Callable[[], Any]) -> None:
    sandbox = Sandbox(seconds=30.0, megabytes=256)  # a busy machine takes its time to fill them
    try:
        with pytest.raises(DocumentError, match="more than 256 MB"):
            sandbox.run(task)
        assert sandbox.run(m.echo, 2) == 2
    finally:
        sandbox.close()


def test_a_hang_without_its_parent_ends_too(tmp_path: Path) -> None:
    sandbox = Sandbox(seconds=1.0)
    pid = sandbox.run(m.process)
    thread = threading.Thread(target=raising, args=(DocumentError, sandbox, m.spin))
    thread.start()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
    thread.join()
    sandbox.close()


def test_the_system_ends_what_spins_when_nobody_watches(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    class Patient(Connection):
        def poll(self, timeout: float | None = 0.0) -> bool:
            return super().poll(60)

    def pipe() -> tuple[Connection, Connection]:
        ours, theirs = Pipe()
        return Patient(os.dup(ours.fileno())), theirs

    monkeypatch.setattr(ingest.sandbox, "Pipe", pipe)
    with pytest.raises(DocumentError, match="more than 2 s"):
        sandbox.run(m.spin)


def test_a_worker_that_ended_for_another_s_sake_is_no_document_s_fault(sandbox: Sandbox, tmp_path: Path) -> None:
    assert sandbox.run(m.crash_once, str(tmp_path)) == "survived"
    os.kill(sandbox.run(m.process), 9)
    assert sandbox.run(m.echo, 1) == 1


def test_workers_live_on_and_are_replaced_when_they_grew(sandbox: Sandbox) -> None:
    first = sandbox.run(m.process)
    assert sandbox.run(m.process) == first
    assert sandbox.run(m.grow) == first
    assert sandbox.run(m.process) != first


def test_a_hang_holds_up_nobody_else() -> None:
    sandbox = Sandbox(seconds=600.0)
    thread = threading.Thread(target=raising, args=(SourceError, sandbox, m.sleep))
    thread.start()
    assert [sandbox.run(m.echo, n) for n in range(5)] == [0, 1, 2, 3, 4]
    assert thread.is_alive()
    sandbox.close()  # ends the one that hangs, too
    thread.join(10)
    assert not thread.is_alive()


_PARENT = """
import sys, time
from ingest.sandbox import Sandbox
from tests.ingest import misbehaviour as m
sandbox = Sandbox(seconds=600.0)
print(sandbox.run(m.process), flush=True)
if sys.argv[1] != "idle":
    sandbox.run(getattr(m, sys.argv[1]))
time.sleep(600)
"""


@pytest.mark.parametrize("busy", ["idle", "sleep", "spin"])
def test_a_worker_ends_when_its_parent_is_killed(busy: str) -> None:
    root = Path(__file__).parents[2]
    around = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", _PARENT, busy]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, env=around) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        time.sleep(0.5)
        assert runs(pid)
        parent.kill()
    deadline = time.monotonic() + 20
    while runs(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not runs(pid)


def test_idle_workers_end(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest.sandbox, "_IDLE", 0.2)
    pid = sandbox.run(m.process)
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{pid}").exists()
    assert sandbox.run(m.process) != pid


def test_it_is_given_no_secrets_and_may_neither_write_nor_start_anything(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_TOKEN", "s3cr3t")
    with (tmp_path / "catalog.db").open("wb") as held:
        os.set_inheritable(held.fileno(), True)
        around = sandbox.run(m.surroundings)
    assert set(around["environment"]) <= {*ingest.sandbox._KEPT, "LC_CTYPE"}
    assert around["write"] == "OSError"
    assert around["fork"] == "BlockingIOError" or around["root"]  # root's processes are not counted
    assert not [
        name for name in around["files"] if name.startswith("/") and not name.startswith(("/dev/null", "/proc/"))
    ]
    assert sandbox.run(m.chatter) == "fine"
    assert sandbox.run(m.echo, 1) == 1


def test_a_process_that_does_not_start_is_an_error_that_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest.sandbox, "_CODE", "raise SystemExit('no module named ingest')")
    with pytest.raises(SourceError, match=r"does not start: no module named ingest; sync again"):
        Sandbox().run(m.echo, 1)
    monkeypatch.setattr(ingest.sandbox.sys, "executable", "/nowhere/python")
    with pytest.raises(SourceError, match=r"does not start: .*nowhere"):
        Sandbox().run(m.echo, 1)


def test_when_waypost_ends_no_worker_starts(sandbox: Sandbox) -> None:
    pid = sandbox.run(m.process)
    sandbox.close()
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(SourceError):
        sandbox.run(m.echo, 1)
