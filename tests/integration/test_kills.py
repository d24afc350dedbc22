"""Gaps and threads, whose writer is killed: what was told to be written is there, and the next one writes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rag import gaps
from rag.gaps import Gap
from rag.records import Viewer
from rag.threads import FILE, Threads, Turn

_ROUNDS = int(os.environ.get("WAYPOST_TEST_ROUNDS", "2"))
_AT = "2026-01-01T00:00:00+00:00"
_GAPS = """
from pathlib import Path
from tests.integration.test_kills import gap
from rag import gaps
home = Path({home!r})
for number in range({first}, 10**6):
    gaps.put(home, [*gaps.parsed(gaps.stored(home)), gap(number)])
    print(number, flush=True)
"""
_THREADS = """
from pathlib import Path
from tests.integration.test_kills import threads, turn
from rag.records import Viewer
store, thread = threads(Path({home!r})), ""
for number in range({first}, 10**6):
    thread = store.add(thread if number % 10 else "", Viewer(), turn(number))
    print(number, thread, flush=True)
"""


def gap(number: int) -> Gap:
    return Gap(f"What is question{number}?", "not_found", 1, _AT, f"2026-01-01T00:00:{number:07}", groups=("everyone",))


def turn(number: int) -> Turn:
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    return Turn(
        f"question{number}", f"question{number}", "answered", f"{number} " * 500, (), f"{now}.{number:07}+00:00"
    )


def threads(home: Path) -> Threads:
    return Threads(home / FILE, 30)


def killed(script: str, home: Path, first: int, writes: int, pause: float) -> list[list[str]]:
    """What a process told to have written, which was killed while it wrote on."""
    command = [sys.executable, "-c", script.format(home=str(home), first=first)]
    folder = Path(__file__).parents[2]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    told = [process.stdout.readline() for _ in range(writes)]
    time.sleep(pause)
    process.send_signal(signal.SIGKILL)
    told += process.stdout.readlines()
    process.stdout.close()
    process.wait()
    return [line.split() for line in told if line.endswith("\n")]


@pytest.mark.timeout(240)
def test_a_kill_loses_no_gap_that_was_kept(tmp_path: Path) -> None:
    chance, first = random.Random(5), 0
    for _ in range(_ROUNDS):
        told = killed(_GAPS, tmp_path, first, 20, chance.random() / 50)
        kept = gaps.parsed(gaps.stored(tmp_path))
        assert len(kept) == len(gaps.stored(tmp_path).splitlines())  # no line is half a one
        assert kept[: int(told[-1][0]) + 1] == [gap(number) for number in range(int(told[-1][0]) + 1)]
        first = len(kept)


@pytest.mark.timeout(240)
def test_a_kill_loses_no_turn_that_was_kept(tmp_path: Path) -> None:
    chance, first = random.Random(7), 0
    kept: dict[str, list[str]] = {}
    for _ in range(_ROUNDS):
        told = killed(_THREADS, tmp_path, first, 20, chance.random() / 50)
        for number, thread in told:
            kept.setdefault(thread, []).append(f"question{number}")
        for thread, questions in kept.items():
            found = [one.question for one in threads(tmp_path).turns(thread, Viewer())]
            assert found[: len(questions)] == questions
            assert len(found) <= len(questions) + 1  # one may have been written and not told
        first = (int(told[-1][0]) // 10 + 1) * 10
