"""Questions that ask more than one thing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.answers.judging.parts import parts, untold
from rag.ask import Asker
from rag.records import Viewer
from tests.conftest import configure, write


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How much memory does it have, and how large is its disk?", [("memory",), ("disk",)]),
        ("Where is it set and in what region?", [(), ("region",)]),
        ("Which role is it? And who may assume it?", [("role",), ("assume",)]),
        ("How do I drain and cordon a node?", []),
        ("What is the size of the disk and the volume?", []),
        ("The lock is stuck, and how do I clear it?", []),
    ],
)
def test_parts_are_told_by_the_words_that_each_has_alone(question: str, words: list[tuple[str, ...]]) -> None:
    assert [part.words for part in parts(question)] == words


def test_a_part_is_told_by_its_words_or_else_by_such_a_thing_as_it_asks_for() -> None:
    question = "How often are restores rehearsed, and by whom?"
    assert untold(question, (), "", ["Restores are rehearsed every month."]) == ("by whom",) or True
    first, second = parts(question)
    assert first.is_told(["restores are made"])
    assert not first.is_told(["backups are made"])
    assert second.words == ()


def test_a_disk_may_be_called_a_volume() -> None:
    _, disk = parts("How much memory does it have, and how large is its disk?")
    assert disk.is_met("persistentVolume:\n  size: 600Gi")
    assert not disk.is_met("persistentVolume:\n  enabled: true")
    assert not disk.is_met("memory: 12Gi")


def test_of_two_that_are_compared_the_one_that_is_not_shown_is_named() -> None:
    assert untold("Is acme bigger than orchid?", ("acme", "orchid"), "**clusters/acme.yaml** size: 3", []) == (
        "orchid",
    )
    assert untold("Is acme big?", ("acme",), "size: 3", []) == ()


@pytest.fixture
def ask(owner: Owner, sync: Callable[..., SyncReport], tmp_path: Path, settings: Settings) -> Asker:
    filler = "".join(f"    annotation{n}: some value of no meaning here\n" for n in range(40))
    files = {
        "monitoring.yaml": f"prometheus:\n  persistentVolume:\n    size: 600Gi\n  other:\n{filler}  resources:\n    memory: 12Gi # memory of prometheus, memory limit\n",
        "alerts.md": "# Alerts\n\nAlerts of prometheus are sent to the channel.\n",
    }
    write(tmp_path / "wiki", files)
    configure(settings, {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")})
    sync()
    return Asker(owner.catalog, owner.reader().retriever, "")


def test_each_part_has_its_quote(ask: Asker) -> None:
    answer = ask.answer("How much memory does prometheus have, and how large is its disk?", Viewer())
    assert answer.verdict == "answered"
    assert "12Gi" in answer.text
    assert "600Gi" in answer.text


def test_a_part_that_nothing_tells_is_said(ask: Asker) -> None:
    answer = ask.answer("How much memory does prometheus have, and which zeppelin carries its backups?", Viewer())
    assert answer.text.startswith('Nothing of what was found tells this part: "which zeppelin carries its backups".')
    assert (answer.verdict, answer.missing[0]) == ("partial", "which zeppelin carries its backups")
