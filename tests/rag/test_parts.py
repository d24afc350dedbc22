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
        ("Which bucket is it? And who may delete it?", [("bucket",), ("delete",)]),
        ("If both tunnels are lost, what stops and how far do handhelds reach?", [("stops",), ("handhelds",)]),
        ("How do I drain and cordon a node?", []),
        ("What is the size of the disk and the volume?", []),
        ("The lock is stuck, and how do I clear it?", []),
    ],
)
def test_parts_are_told_by_the_words_that_each_has_alone(question: str, words: list[tuple[str, ...]]) -> None:
    assert [part.words for part in parts(question)] == words


def test_a_part_is_told_by_its_words_or_else_by_such_a_thing_as_it_asks_for() -> None:
    question = "How often are restores rehearsed, and by whom?"
    first, second = parts(question)
    assert first.is_told(["restores are made"])
    assert not first.is_told(["backups are made"])
    assert second.words == ()
    _, alarm = parts("How much memory has it, and what sets off the mem alert of the querier?")
    assert alarm.is_told(["sets off: the mem alert"])
    assert not alarm.is_told(["mem: 3Gi"])


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


PAGES = {
    "restores.md": (
        "# Restores\n\nRestores of the ledger database from its nightly snapshots are rehearsed every month.\n\n"
        "## Tapes\n\nThe tapes of the warehouse lie in vault nine.\n"
    ),
    **{f"page{n}.md": f"# Page {n}\n\nParcels of depot {n} are sorted at noon.\n" for n in range(30)},
}


@pytest.fixture
def ask(owner: Owner, sync: Callable[..., SyncReport], tmp_path: Path, settings: Settings) -> Asker:
    write(tmp_path / "wiki", PAGES)
    configure(settings, {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")})
    sync()
    return Asker(owner.catalog, owner.reader().retriever, "")


FIRST = "How often are restores of the ledger database from its nightly snapshots rehearsed"


def test_each_part_has_its_quote(ask: Asker) -> None:
    answer = ask.answer(f"{FIRST}, and where are the tapes?", Viewer())
    assert "every month" in answer.text
    assert "vault nine" in answer.text
    assert not answer.text.startswith("Nothing")


def test_a_part_that_nothing_tells_is_said(ask: Asker) -> None:
    answer = ask.answer(f"{FIRST}, and which zeppelin carries them?", Viewer())
    assert answer.text.startswith('Nothing of what was found tells this part: "which zeppelin carries them".')
    assert (answer.verdict, answer.missing[0]) == ("partial", "which zeppelin carries them")
