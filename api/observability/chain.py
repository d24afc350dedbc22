"""The audit's file: rows to which rows are added and nothing else, each with a hash that covers the row before it.

`Chain.append` adds, `cut` is retention (it takes the oldest rows and keeps an anchor: the hash that the first of the rest
continues), `erase` takes the words of single rows for a purge, and `verify` finds what anybody else did. The words of a
question stand beside the chain, which holds a salted digest of them: so they can be erased and the chain still be proved.
Triggers refuse every other UPDATE and DELETE; whoever may write the file can remove those, and `verify` says so.
`api.observability.recorder` and `waypost audit` work on it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import StorageError
from rag.side_file import make_private

FILE = "audit.db"
_PATIENCE = 10.0  # seconds that another process's write is waited for
_VERSION = 1
_TABLES = """
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, request TEXT NOT NULL, caller TEXT NOT NULL, via TEXT NOT NULL,
    face TEXT NOT NULL, action TEXT NOT NULL, verdict TEXT NOT NULL, documents TEXT NOT NULL, count INTEGER NOT NULL,
    asked TEXT NOT NULL, note TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX entry_at ON entry (at);
CREATE INDEX entry_upkeep ON entry (action) WHERE action IN ('purge', 'retention');
CREATE TABLE words (seq INTEGER PRIMARY KEY, salt TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE anchor (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL, at TEXT NOT NULL);
INSERT INTO anchor VALUES (1, 0, '', '');
"""
_GUARDS = {
    "entry_follows": """BEFORE INSERT ON entry
        WHEN NEW.seq IS NOT 1 + coalesce((SELECT max(seq) FROM entry), (SELECT seq FROM anchor))
          OR NEW.previous IS NOT coalesce((SELECT hash FROM entry ORDER BY seq DESC LIMIT 1), (SELECT hash FROM anchor))
        BEGIN SELECT RAISE(ABORT, 'a row of the audit must follow its last one'); END""",
    "entry_stays": """BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END""",
    "entry_kept": """BEFORE DELETE ON entry WHEN OLD.seq > (SELECT seq FROM anchor)
        BEGIN SELECT RAISE(ABORT, 'the audit is cut by retention alone'); END""",
    "words_stay": """BEFORE UPDATE ON words BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END""",
    "words_kept": """BEFORE DELETE ON words WHEN OLD.seq > (SELECT seq FROM anchor) AND NOT EXISTS (
            SELECT 1 FROM entry WHERE action = 'purge' AND instr(',' || note || ',', ',' || OLD.seq || ','))
        BEGIN SELECT RAISE(ABORT, 'words of the audit are erased by a purge alone'); END""",
    "anchor_moves_on": """BEFORE UPDATE ON anchor
        WHEN NEW.seq <= OLD.seq OR NEW.hash IS NOT (SELECT hash FROM entry WHERE seq = NEW.seq)
        BEGIN SELECT RAISE(ABORT, 'the anchor moves on to a row of the audit'); END""",
    "anchor_kept": "BEFORE DELETE ON anchor BEGIN SELECT RAISE(ABORT, 'the anchor stays'); END",
}
_HASHED = (
    "previous", "seq", "at", "request", "caller", "via", "face", "action", "verdict", "documents", "count", "asked", "note",
)  # fmt: skip
_COLUMNS = ("seq", *_HASHED[2:], "previous", "hash")
_ROW = f"SELECT {', '.join('entry.' + name for name in _COLUMNS)}, words.salt, words.text FROM entry LEFT JOIN words USING (seq)"  # noqa: S608


@dataclass(frozen=True)
class Entry:
    """One thing that happened: at `at` (ISO 8601, UTC) `caller`, known by `via`, did `action` through `face` in the HTTP
    request `request`. `words` are what was asked; `documents` the (id, version) of the first of `count` documents that were
    shown."""

    at: str
    action: str
    caller: str = ""
    via: str = ""
    face: str = ""
    request: str = ""
    words: str = ""
    verdict: str = ""
    documents: tuple[tuple[str, str], ...] = ()
    count: int = 0
    note: str = ""


@dataclass(frozen=True)
class Recorded:
    """An entry as it stands in the file. `erased`: its words are gone by a purge."""

    seq: int
    entry: Entry
    hash: str
    previous: str
    erased: bool = False


@dataclass(frozen=True)
class Wanted:
    """Which entries are asked for: from `since` on and before `until` (ISO 8601), of one caller, that show one document (its
    id), with numbers lower than `below`; 0: any."""

    since: str = ""
    until: str = ""
    caller: str = ""
    document: str = ""
    below: int = 0


@dataclass(frozen=True)
class Proof:
    """What `verify` found: how many entries, from which number to which, the last one's hash, how many of them lost their
    words to a purge, up to which number retention cut, and what is wrong."""

    entries: int
    first: int
    last: int
    head: str
    erased: int
    cut: int
    faults: tuple[str, ...]

    @property
    def sound(self) -> bool:
        return not self.faults


class Chain:
    """The audit in one file. Several processes may use it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def append(self, entries: Sequence[Entry]) -> None:
        """Adds entries, all or none, on disk when this returns. Raises: StorageError."""
        with self._writing() as database:
            for entry in entries:
                _add(database, entry)

    def cut(self, before: str, at: str) -> int:
        """Retention: takes the oldest entries, those up to the first that is not before that time; how many. Raises:
        StorageError."""
        if not self.file.exists():
            return 0
        with self._writing() as database:
            (anchor,) = database.execute("SELECT seq FROM anchor").fetchone()
            (upto,) = database.execute(
                "SELECT coalesce((SELECT min(seq) FROM entry WHERE at >= ?) - 1, (SELECT max(seq) FROM entry), 0)",
                (before,),
            ).fetchone()
            if upto <= anchor:
                return 0
            database.execute(
                "UPDATE anchor SET seq = ?, hash = (SELECT hash FROM entry WHERE seq = ?), at = ?", (upto, upto, at)
            )
            database.execute("DELETE FROM words WHERE seq <= ?", (upto,))
            count = database.execute("DELETE FROM entry WHERE seq <= ?", (upto,)).rowcount
            _add(database, Entry(at, "retention", "waypost", count=count, note=str(upto)))
        return int(count)

    def oldest(self) -> str:
        """When the oldest entry was made; "" where there is none. Raises: StorageError."""
        with self._reading() as database:
            row = database and database.execute("SELECT at FROM entry ORDER BY seq LIMIT 1").fetchone()
        return str(row[0]) if row else ""

    def erase(self, holds: Callable[[str], bool], at: str) -> int:
        """Takes the words of every entry that `holds`, and their bytes from the file; how many. What else the entries say
        stays, and an entry says which ones lost them. Raises: StorageError."""
        if not self.file.exists():
            return 0
        with self._writing() as database:
            gone = [seq for seq, text in database.execute("SELECT seq, text FROM words ORDER BY seq") if holds(text)]
            if gone:
                _add(database, Entry(at, "purge", "waypost", count=len(gone), note=",".join(map(str, gone))))
                database.executemany("DELETE FROM words WHERE seq = ?", [(seq,) for seq in gone])
        if gone:
            with self._opened() as database:
                database.execute("VACUUM")  # no page of the file is left over that held it
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return len(gone)

    def entries(self, wanted: Wanted, limit: int) -> list[Recorded]:
        """Entries, newest first. Raises: StorageError."""
        conditions, values = ["1"], list[object]()
        for said, value in (
            ("entry.at >= ?", wanted.since), ("entry.at < ?", wanted.until), ("entry.caller = ?", wanted.caller),
            ("instr(entry.documents, ?)", wanted.document and json.dumps(wanted.document)), ("entry.seq < ?", wanted.below),
        ):  # fmt: skip
            if value:
                conditions.append(said)
                values.append(value)
        query = f"{_ROW} WHERE {' AND '.join(conditions)} ORDER BY entry.seq DESC LIMIT ?"
        with self._reading() as database:
            rows = database.execute(query, (*values, limit)).fetchall() if database else []
        return [_recorded(row) for row in rows]

    def export(self) -> Iterator[dict[str, Any]]:
        """Every row as it stands, oldest first, with all that `verify` needs. Raises: StorageError."""
        with self._reading() as database:
            for row in database.execute(f"{_ROW} ORDER BY entry.seq") if database else ():
                told = dict(zip((*_COLUMNS, "salt", "text"), row, strict=True))
                yield {**told, "documents": json.loads(told["documents"])}

    def verify(self, head: str = "") -> Proof:
        """Proves every row. `head` is a `NUMBER:HASH` that an earlier proof named, which must stand there still: it finds
        what was cut off at the end, or written anew as a whole. Raises: StorageError."""
        with self._reading() as database:
            if database is None:
                return Proof(0, 0, 0, "", 0, 0, ("there is no audit that could hold this head",) if head else ())
            return _prove(database, head)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """One moment of the file, whatever is added meanwhile; None where there is none yet."""
        if not self.file.exists():
            yield None
            return
        with self._opened() as database:
            database.execute("BEGIN")
            yield database
            database.execute("ROLLBACK")

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            make_private(self.file)
            with closing(sqlite3.connect(self.file, timeout=_PATIENCE, isolation_level=None)) as database:
                for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
                    database.execute(f"PRAGMA {pragma}")
                _prepare(database, self.file)
                yield database
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"the audit in {self.file} can't be read or written: {error}") from error


def _prepare(database: sqlite3.Connection, file: Path) -> None:
    """Makes the tables of a new file; of one that is there nothing is mended, so that `verify` sees what was taken from it."""
    if _version(database) == _VERSION:
        return
    database.execute("BEGIN IMMEDIATE")
    if (version := _version(database)) == 0:  # another process may have made them meanwhile
        for statement in filter(str.strip, _TABLES.split(";")):
            database.execute(statement)
        for name, body in _GUARDS.items():
            database.execute(f"CREATE TRIGGER {name} {body}")
        database.execute(f"PRAGMA user_version = {_VERSION}")
    database.execute("COMMIT")
    if version > _VERSION:
        raise StorageError(f"the audit in {file} was written by a newer Waypost; upgrade this one")


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _add(database: sqlite3.Connection, entry: Entry) -> None:
    last = database.execute("SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
    seq, previous = last or database.execute("SELECT seq, hash FROM anchor").fetchone()
    salt = secrets.token_hex(16) if entry.words else ""
    words = entry.words.encode("utf-8", "replace").decode()
    row = {
        "seq": seq + 1, "at": entry.at, "request": entry.request, "caller": entry.caller, "via": entry.via,
        "face": entry.face, "action": entry.action, "verdict": entry.verdict, "documents": json.dumps(entry.documents),
        "count": entry.count, "asked": _digest(salt, words) if words else "", "note": entry.note, "previous": previous,
    }  # fmt: skip
    row["hash"] = _hash(row)
    marks = ", ".join("?" * len(_COLUMNS))
    database.execute(f"INSERT INTO entry ({', '.join(_COLUMNS)}) VALUES ({marks})", [row[name] for name in _COLUMNS])  # noqa: S608
    if words:
        database.execute("INSERT INTO words VALUES (?, ?, ?)", (seq + 1, salt, words))


def _hash(row: dict[str, Any]) -> str:
    told = json.dumps([row[name] for name in _HASHED], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def _digest(salt: str, words: str) -> str:
    return hashlib.sha256(f"{salt}\0{words}".encode()).hexdigest()


def _recorded(row: Sequence[Any]) -> Recorded:
    told = dict(zip((*_COLUMNS, "salt", "text"), row, strict=True))
    documents = tuple((str(one), str(version)) for one, version in json.loads(told["documents"]))
    entry = Entry(
        told["at"], told["action"], told["caller"], told["via"], told["face"], told["request"], told["text"] or "",
        told["verdict"], documents, told["count"], told["note"],
    )  # fmt: skip
    return Recorded(told["seq"], entry, told["hash"], told["previous"], bool(told["asked"]) and told["text"] is None)


def _prove(database: sqlite3.Connection, head: str) -> Proof:
    anchor, previous = database.execute("SELECT seq, hash FROM anchor").fetchone()
    faults, silent, purged, cuts = list[str](), set[int](), set[int](), [0]
    count, at, wanted = 0, anchor, head.partition(":")
    found_head = not head
    for values in database.execute(f"{_ROW} ORDER BY entry.seq"):
        row = dict(zip((*_COLUMNS, "salt", "text"), values, strict=True))
        count, seq = count + 1, row["seq"]
        if seq != at + 1:
            faults.append(f"rows {at + 1} to {seq - 1} are missing")
        elif row["previous"] != previous:
            faults.append(f"row {seq} does not follow row {at}: that one, or this one, was changed")
        if _hash(row) != row["hash"]:
            faults.append(f"row {seq} was changed")
        if row["text"] is not None and _digest(row["salt"], row["text"]) != row["asked"]:
            faults.append(f"the words of row {seq} were changed")
        if row["asked"] and row["text"] is None:
            silent.add(seq)
        if row["action"] == "purge":
            purged.update(int(one) for one in row["note"].split(",") if one.isdecimal())
        if row["action"] == "retention" and row["note"].isdecimal():
            cuts.append(int(row["note"]))
        found_head = found_head or (str(seq), row["hash"]) == (wanted[0], wanted[2])
        at, previous = seq, row["hash"]
    faults += [f"the words of row {seq} are gone, and no purge took them" for seq in sorted(silent - purged)]
    faults += _about_the_file(database, anchor, at, cuts[-1])
    if not found_head and not (wanted[0].isdecimal() and int(wanted[0]) <= anchor):
        faults.append(f"the head {head} is not there: rows were cut off at the end, or all was written anew")
    return Proof(count, anchor + 1 if count else 0, at, previous, len(silent), anchor, tuple(faults))


def _about_the_file(database: sqlite3.Connection, anchor: int, last: int, cut: int) -> Iterator[str]:
    if cut != anchor:
        yield f"rows up to {anchor} were cut, and no retention says so (the last one cut up to {cut})"
    (given,) = database.execute("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'entry'), 0)").fetchone()
    if given != last:
        yield f"the last row is {last}, but {given} were written: rows were cut off at the end"
    told = dict(database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall())
    for name, body in _GUARDS.items():
        if told.get(name) != f"CREATE TRIGGER {name} {body}":
            yield f"the guard {name} was taken from the file, or changed"
