"""The audit's file: what is added follows, nothing is changed unseen, retention and purges leave a chain that can be proved."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest

from api.observability.chain import _GUARDS, FILE, Chain, Entry, Wanted
from api.observability.recorder import Recorder
from rag.errors import StorageError


def entry(number: int, **more: object) -> Entry:
    told = {
        "action": "search", "caller": "ann", "via": "key", "face": "http", "words": f"question {number}",
        "documents": ((f"d{number}", "v1"),), "count": 1, **more,
    }  # fmt: skip
    return Entry(f"2026-01-{number:02}T00:00:00.000+00:00", **told)  # type: ignore[arg-type]


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    made = Chain(tmp_path / FILE)
    made.append([entry(number) for number in range(1, 11)])
    return made


def execute(chain: Chain, *statements: str, unguarded: bool = False) -> None:
    with closing(sqlite3.connect(chain.file)) as database:
        if unguarded:
            for name in _GUARDS:
                database.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            database.execute(statement)
        if unguarded:
            for name, body in _GUARDS.items():
                database.execute(f"CREATE TRIGGER {name} {body}")
        database.commit()


def test_what_was_added_is_there_and_proved(chain: Chain) -> None:
    proof = chain.verify()
    assert (proof.sound, proof.entries, proof.first, proof.last) == (True, 10, 1, 10)
    assert [one.entry for one in chain.entries(Wanted(), 3)] == [entry(10), entry(9), entry(8)]
    assert [one.seq for one in chain.entries(Wanted(document="d4"), 9)] == [4]
    assert [one.seq for one in chain.entries(Wanted(since="2026-01-03", until="2026-01-05"), 9)] == [4, 3]
    assert chain.entries(Wanted(caller="bob"), 9) == []
    assert [row["seq"] for row in chain.export()] == list(range(1, 11))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET caller = 'bob' WHERE seq = 5",
        "DELETE FROM entry WHERE seq = 5",
        "DELETE FROM entry",
        "DELETE FROM entry WHERE seq = 1",
        "UPDATE words SET text = 'x' WHERE seq = 5",
        "DELETE FROM words WHERE seq = 5",
        "REPLACE INTO entry SELECT * FROM entry WHERE seq = 10",
        "INSERT INTO entry SELECT 20, at, request, caller, via, face, action, verdict, documents, count, asked, note, previous, "
        "hash FROM entry WHERE seq = 10",
        "UPDATE anchor SET seq = 5",
        "UPDATE anchor SET seq = 0",
        "DELETE FROM anchor",
    ],
)
def test_the_file_refuses_what_is_no_addition(chain: Chain, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        execute(chain, statement)
    assert chain.verify().sound


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE entry SET caller = 'bob' WHERE seq = 5", "row 5 was changed"),
        ("UPDATE entry SET documents = '[]' WHERE seq = 5", "row 5 was changed"),
        ("UPDATE words SET text = 'x' WHERE seq = 5", "the words of row 5 were changed"),
        ("DELETE FROM words WHERE seq = 5", "the words of row 5 are gone"),
        ("DELETE FROM entry WHERE seq = 5", "rows 5 to 5 are missing"),
        ("DELETE FROM entry WHERE seq < 4", "rows 1 to 3 are missing"),
        ("DELETE FROM entry WHERE seq > 8", "cut off at the end"),
        ("UPDATE entry SET hash = '0' WHERE seq = 5", "row 6 does not follow row 5"),
    ],
)
def test_whoever_takes_the_guards_away_is_found(chain: Chain, statement: str, said: str) -> None:
    execute(chain, statement, unguarded=True)
    assert said in "; ".join(chain.verify().faults)


def test_guards_that_were_taken_away_are_missed(chain: Chain) -> None:
    execute(chain, "DROP TRIGGER entry_stays")
    chain.append([entry(11)])  # which mends nothing
    assert chain.verify().faults == ("the guard entry_stays was taken from the file, or changed",)


def test_a_prefix_that_no_retention_cut_is_found(chain: Chain) -> None:
    execute(
        chain, "UPDATE anchor SET seq = 4, hash = (SELECT hash FROM entry WHERE seq = 4)", "DELETE FROM words WHERE seq <= 4",
        "DELETE FROM entry WHERE seq <= 4",
    )  # fmt: skip
    (fault,) = chain.verify().faults
    assert "no retention says so" in fault


def test_a_head_that_was_noted_shows_that_all_was_written_anew(chain: Chain, tmp_path: Path) -> None:
    proof = chain.verify()
    head = f"{proof.last}:{proof.head}"
    chain.append([entry(11)])
    assert chain.verify(head).sound
    chain.file.unlink()
    anew = Chain(chain.file)
    anew.append([entry(number, caller="eve") for number in range(1, 12)])
    assert anew.verify().sound
    assert not anew.verify(head).sound


def test_retention_cuts_the_oldest_and_says_so(chain: Chain) -> None:
    assert chain.cut("2026-01-04", "2026-02-01T00:00:00.000+00:00") == 3
    proof = chain.verify()
    assert (proof.sound, proof.entries, proof.first, proof.cut) == (True, 8, 4, 3)
    assert chain.entries(Wanted(), 1)[0].entry.action == "retention"
    assert chain.cut("2026-01-04", "2026-02-01T00:00:00.000+00:00") == 0
    assert chain.cut("2026-03-01", "2026-03-02T00:00:00.000+00:00") == 8
    chain.append([entry(12)])
    assert (chain.verify().sound, chain.verify().entries) == (True, 2)


def test_retention_takes_a_whole_beginning_whatever_the_clock_said(tmp_path: Path) -> None:
    chain = Chain(tmp_path / FILE)
    chain.append([entry(5), entry(1), entry(6)])  # a clock that was set back
    assert chain.cut("2026-01-03", "2026-02-01") == 0
    assert [one.seq for one in chain.entries(Wanted(), 9)] == [3, 2, 1]


def test_a_purge_takes_words_and_leaves_a_chain(chain: Chain) -> None:
    assert chain.erase(lambda words: words.endswith((" 3", " 7")), "2026-02-01") == 2
    proof = chain.verify()
    assert (proof.sound, proof.erased) == (True, 2)
    assert [(one.seq, one.entry.words) for one in chain.entries(Wanted(), 20) if one.erased] == [(7, ""), (3, "")]
    held = b"".join(file.read_bytes() for file in chain.file.parent.glob(f"{FILE}*"))
    assert b"question 3" not in held
    assert b"question 4" in held
    assert chain.erase(lambda words: False, "2026-02-01") == 0


def test_what_is_no_text_and_no_file(tmp_path: Path) -> None:
    chain = Chain(tmp_path / FILE)
    assert chain.verify().sound
    assert (chain.entries(Wanted(), 5), list(chain.export()), chain.cut("9", "9")) == ([], [], 0)
    chain.append([entry(1, words="\ud800 \0 ' \"")])
    assert chain.verify().sound
    assert json.dumps(list(chain.export()))
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError):
        Chain(tmp_path / "folder").append([entry(1)])


def test_many_writers_make_one_chain(tmp_path: Path) -> None:
    def work(number: int) -> None:
        for _ in range(5):
            Chain(tmp_path / FILE).append([entry(number), entry(number)])

    workers = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (Chain(tmp_path / FILE).verify().sound, Chain(tmp_path / FILE).verify().entries) == (True, 40)


def test_the_recorder_writes_behind_and_keeps_as_long_as_it_is_told(tmp_path: Path) -> None:
    recorder = Recorder(Chain(tmp_path / FILE), lambda words: words.replace("secret", "…"), days=1)
    recorder.record(entry(1, words="a secret"))
    assert recorder.flush()
    (cut,) = recorder.chain.entries(Wanted(), 9)  # it was made in January
    assert (cut.entry.action, cut.entry.count) == ("retention", 1)
    kept = Recorder(Chain(tmp_path / "kept.db"), lambda words: words.replace("secret", "…"), days=36500)
    kept.record(entry(2, words="a secret"))
    assert kept.flush()
    assert [one.entry.words for one in kept.chain.entries(Wanted(), 9)] == ["a …"]


def test_entries_gather_for_one_transaction_unless_somebody_waits(tmp_path: Path) -> None:
    class Counted(Chain):
        batches: ClassVar[list[int]] = []

        def append(self, entries: Sequence[Entry]) -> None:
            self.batches.append(len(entries))
            super().append(entries)

    recorder = Recorder(Counted(tmp_path / FILE), str, days=36500)
    for number in range(40):
        recorder.record(entry(number % 28 + 1))
        time.sleep(0.01)  # each comes when those before it could be written
    assert recorder.flush()
    assert sum(Counted.batches) == 40
    assert len(Counted.batches) <= 20
