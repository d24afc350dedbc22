"""Threads: questions that follow up on earlier ones, kept in a small SQLite file of their own beside the catalog.

A thread belongs to the viewer who began it: nobody else follows it up. Kept are bounded numbers of turns: the question, as what
it was asked, the verdict, the answer's text, which documents it was made of, the places it cites and its flags, all redacted on
the way in. A turn whose documents its viewer may not see any more, or that are gone, tells its question alone; who has a thread's
link may read it where they may see every document of every turn (`Conversation.shared`). `api.compose` opens `Threads`; the faces
answer through `Conversation`; `api.purge` takes out what must go.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rag.answers.extractive.reading import READ_NEXT
from rag.ask import Asker, AskEvent, History
from rag.catalog import Catalog
from rag.conversation import standalone
from rag.errors import NotFoundError, StorageError
from rag.gaps import Gaps
from rag.records import Answer, Document, Viewer, digest
from rag.search import MAX_QUERY, Filters
from rag.side_file import opened

FILE = "threads.db"
_TURNS = 20  # of a thread that are kept; the oldest go
_THREADS = 5_000  # that are kept; the oldest go
_TEXT = 6_000  # characters of an answer that are kept
_HISTORY = 4  # turns that a model is told of
_TOLD = 1_500  # characters of an earlier answer that it is told
_NO_THREAD = (  # the same whatever the reason is, so that nobody learns of another's thread
    "there is no thread {!r} that you can follow up: it was never begun, is too old, or was begun with other groups than you "
    "have now. Ask again without it, in one question that says what it is about: that begins a new thread"
)
NOT_SHARED = (
    "there is no such thread for you: never begun, too old, or resting on a document that is gone or not yours to see"
)
_NO_LAST = (
    "there is no earlier question to follow up (a change of your groups closes earlier threads to you); ask without --follow "
    "first, in one question that says what it is about"
)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS thread (id TEXT PRIMARY KEY, owner TEXT NOT NULL, face TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS thread_at ON thread (at);
CREATE TABLE IF NOT EXISTS turn (
    thread TEXT NOT NULL REFERENCES thread (id) ON DELETE CASCADE, number INTEGER NOT NULL, question TEXT NOT NULL,
    asked_as TEXT NOT NULL, verdict TEXT NOT NULL, answer TEXT NOT NULL, documents TEXT NOT NULL, at TEXT NOT NULL,
    told TEXT NOT NULL DEFAULT '{}', PRIMARY KEY (thread, number));
"""
_COLUMNS = "question, asked_as, verdict, answer, documents, at, told"
_FOR_ITS_ASKER = ("stale", "suspicious", "drift")  # flags that may name what another viewer must not learn of


@dataclass(frozen=True)
class Cited:
    """Where a citation of an earlier answer leads."""

    number: int
    document_id: str
    start_line: int
    end_line: int
    version: str


@dataclass(frozen=True)
class Turn:
    """A question of a thread, as it was asked and so that it stands alone, and its answer. `documents` are (id, source, path) of
    all that the answer was made of, and that its flags name; `flags` are (kind, text, reason)."""

    question: str
    asked_as: str
    verdict: str
    answer: str
    documents: tuple[tuple[str, str, str], ...]
    at: str
    cited: tuple[Cited, ...] = ()
    flags: tuple[tuple[str, str, str], ...] = ()
    degraded: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """All of it that somebody wrote or said: what a purge looks through."""
        flagged = (word for flag in self.flags for word in flag)
        paths = (path for _, _, path in self.documents)
        return (self.question, self.asked_as, self.answer, self.degraded, *flagged, *paths)

    @property
    def cut(self) -> bool:
        """Whether the answer was longer than what is kept of it."""
        return len(self.answer) >= _TEXT


@dataclass(frozen=True)
class Shared:
    """A thread as one viewer may read it; `own`: they may follow it up too."""

    turns: tuple[Turn, ...]
    own: bool


class Threads:
    """The threads in one file. `keep_days` 0 keeps none. `redact` takes credentials out of a text."""

    def __init__(self, file: Path, keep_days: int, redact: Callable[[str], str] = str) -> None:
        self._file = file
        self._keep_days = keep_days
        self._redact = redact

    def turns(self, thread: str, viewer: Viewer) -> list[Turn]:
        """The turns of a thread, oldest first. Raises: NotFoundError for one that is not this viewer's; StorageError."""
        with self._opened() as database:
            if database is None or not _is_of(database, thread, viewer, self._oldest()):
                raise NotFoundError(_NO_THREAD.format(thread[:64]))
            return _turns(database, thread)

    def anybodys(self, thread: str, viewer: Viewer) -> Shared:
        """A thread whoever began it, for who checks each turn's documents. Raises: NotFoundError; StorageError."""
        with self._opened() as database:
            found = [] if database is None or not _age(database, thread) >= self._oldest() else _turns(database, thread)
            if database is None or not found:
                raise NotFoundError(NOT_SHARED)
            return Shared(tuple(found), _is_of(database, thread, viewer, self._oldest()))

    def last(self, viewer: Viewer, face: str) -> str:
        """The thread that this viewer began by this face, and went on with last. Raises: NotFoundError when there is
        none; StorageError."""
        with self._opened() as database:
            row = (
                database
                and database.execute(
                    "SELECT id FROM thread WHERE owner = ? AND face = ? AND at >= ? ORDER BY at DESC, rowid DESC LIMIT 1",
                    (_owner(viewer), face, self._oldest()),
                ).fetchone()
            )
        if not row:
            raise NotFoundError(_NO_LAST)
        return str(row[0])

    def add(self, thread: str, viewer: Viewer, turn: Turn, face: str = "") -> str:
        """Puts a turn behind a thread, or begins one with it by a face; its id, or "" where none are kept. Raises:
        StorageError."""
        if not self._keep_days:
            return ""
        said = [self._redact(one) for one in (turn.question, turn.asked_as, turn.answer, turn.degraded)]
        flags = tuple((kind, self._redact(text), self._redact(why)) for kind, text, why in turn.flags)
        clean = replace(turn, question=said[0], asked_as=said[1], answer=said[2], degraded=said[3], flags=flags)
        with self._opened(create=True) as database:
            assert database is not None
            if not (thread and _is_of(database, thread, viewer, self._oldest())):
                thread = secrets.token_urlsafe(12)
            self._write(database, thread, viewer, clean, face)
        return thread

    def _write(self, database: sqlite3.Connection, thread: str, viewer: Viewer, turn: Turn, face: str) -> None:
        database.execute(
            "INSERT INTO thread VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at",
            (thread, _owner(viewer), face, turn.at),
        )
        (number,) = database.execute(
            "SELECT coalesce(max(number), 0) + 1 FROM turn WHERE thread = ?", (thread,)
        ).fetchone()
        row = (
            thread,
            number,
            turn.question,
            turn.asked_as,
            turn.verdict,
            turn.answer[:_TEXT],
            json.dumps(turn.documents),
            turn.at,
            _told(turn),
        )
        database.execute(f"INSERT INTO turn (thread, number, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608
        database.execute("DELETE FROM turn WHERE thread = ? AND number <= ?", (thread, number - _TURNS))
        database.execute("DELETE FROM thread WHERE at < ?", (self._oldest(),))
        database.execute(
            "DELETE FROM thread WHERE id IN (SELECT id FROM thread ORDER BY at DESC, rowid DESC LIMIT -1 OFFSET ?)",
            (_THREADS,),
        )

    def redacted(self, text: str) -> str:
        """A text as it may be kept, and told to a model."""
        return self._redact(text)

    def remove(self, holds: Callable[[Turn], bool]) -> int:
        """Removes every turn that `holds`, and its words from the file; how many there were. Raises: StorageError."""
        with self._opened() as database:
            if database is None:
                return 0
            rows = database.execute(f"SELECT rowid, {_COLUMNS} FROM turn ORDER BY rowid").fetchall()  # noqa: S608
            gone = [row[0] for row in rows if holds(_turn(*row[1:]))]
            database.executemany("DELETE FROM turn WHERE rowid = ?", [(one,) for one in gone])
            database.execute("DELETE FROM thread WHERE id NOT IN (SELECT thread FROM turn)")
            database.commit()
            database.execute("VACUUM")  # and no page of the file is left over that held it
        return len(gone)

    def _oldest(self) -> str:
        return (datetime.now(UTC) - timedelta(days=self._keep_days)).isoformat()

    def _opened(self, *, create: bool = False) -> AbstractContextManager[sqlite3.Connection | None]:
        return opened(self._file, "the threads", _prepare, create=create)


class Conversation:
    """Answers questions of a thread: made to stand alone, with the earlier turns that the viewer may still see, and kept; what
    the documents don't answer is noted among the gaps."""

    def __init__(self, threads: Threads, catalog: Catalog, face: str, gaps: Gaps | None = None) -> None:
        self._threads = threads
        self._catalog = catalog
        self._face = face
        self._gaps = gaps

    def last(self, viewer: Viewer) -> str:
        """The thread that the viewer went on with last. Raises: NotFoundError when there is none; StorageError."""
        return self._threads.last(viewer, self._face)

    def stream(
        self, asker: Asker, question: str, viewer: Viewer, filters: Filters | None = None, thread: str = ""
    ) -> Iterator[AskEvent]:
        """The answer as it comes; its last event tells the thread. Raises: NotFoundError for a thread that is not the viewer's,
        before anything is answered."""
        turns = self._threads.turns(thread, viewer) if thread else []
        return self._answered(asker, question, viewer, filters, thread, turns)

    def answer(
        self, asker: Asker, question: str, viewer: Viewer, filters: Filters | None = None, thread: str = ""
    ) -> Answer:
        """The whole answer at once."""
        final = Answer("", "not_found")
        for event in self.stream(asker, question, viewer, filters, thread):
            final = event.answer or final
        return final

    def retold(
        self, asker: Asker, question: str, viewer: Viewer, filters: Filters | None, earlier: Sequence[tuple[str, str]]
    ) -> Iterator[AskEvent]:
        """The answer within a conversation that its asker keeps and tells anew: `earlier` are its (question, answer), oldest
        first. Nothing of it is kept but gaps."""
        turns: list[tuple[str, str]] = []
        for before, answer in earlier[-_TURNS:]:
            asked = standalone(before[:MAX_QUERY], [one for one, _ in turns], asker.together(viewer))
            turns.append((asked, self._threads.redacted(answer[:_TEXT])))
        asked = standalone(question, [one for one, _ in turns], asker.together(viewer))
        told = tuple((self._threads.redacted(one), answer[:_TOLD]) for one, answer in turns[-_HISTORY:])
        yield from self._events(asker, question, asked, viewer, filters, told)

    def _answered(
        self, asker: Asker, question: str, viewer: Viewer, filters: Filters | None, thread: str, turns: Sequence[Turn]
    ) -> Iterator[AskEvent]:
        asked = standalone(question, [turn.asked_as for turn in turns], asker.together(viewer))
        history = [turn for turn in turns if self._visible(turn, viewer)][-_HISTORY:]
        told = tuple((turn.asked_as, turn.answer[:_TOLD]) for turn in history)
        for event in self._events(asker, question, asked, viewer, filters, told):
            if event.answer is None:
                yield event
                continue
            answer = event.answer
            said = answer.text.split(READ_NEXT, 1)[0]  # which names pages that the answer is not made of
            turn = Turn(
                question, asked, answer.verdict, said, self._documents(answer), datetime.now(UTC).isoformat(),
                tuple(Cited(c.number, c.document_id, c.start_line, c.end_line, c.version) for c in answer.citations),
                tuple((one.kind, one.text, one.reason) for one in answer.flags if one.kind not in _FOR_ITS_ASKER),
                answer.degraded,
            )  # fmt: skip
            try:
                answer = replace(answer, thread=self._threads.add(thread, viewer, turn, self._face))
            except StorageError:  # an answer is worth more than its thread: without an id it can't be followed up
                answer = replace(answer, thread="")
            yield replace(event, answer=answer)

    def _events(
        self, asker: Asker, question: str, asked: str, viewer: Viewer, filters: Filters | None, told: History
    ) -> Iterator[AskEvent]:
        """The answer to a question, `asked` so that it stands alone; what the documents don't say of it is noted."""
        for event in asker.stream(asked, viewer, filters, told):
            if event.answer is None:
                yield event
                continue
            answer = replace(event.answer, asked_as=asked if asked != question else "")
            if self._gaps:
                self._gaps.note(asked, answer, viewer, filters)
            yield replace(event, answer=answer)

    def shared(self, thread: str, viewer: Viewer) -> Shared:
        """A thread for whoever has its link, and may see now every document that any of its turns was made of. Raises:
        NotFoundError, in the same words whatever the reason is; StorageError."""
        found = self._threads.anybodys(thread, viewer)
        if not all(self._visible(turn, viewer) for turn in found.turns):
            raise NotFoundError(NOT_SHARED)
        return found

    def _documents(self, answer: Answer) -> tuple[tuple[str, str, str], ...]:
        """What the answer was made of, and what its flags name."""
        shown = [found.document for found in (*answer.evidence, *answer.nearest)]
        places = {(one.source, one.path) for flag in answer.flags for one in flag.spots}
        missing = sorted(places - {(document.source, document.path) for document in shown})
        shown += filter(None, (self._catalog.document_at(*place) for place in missing))
        return tuple(dict.fromkeys((document.id, document.source, document.path) for document in shown))

    def _visible(self, turn: Turn, viewer: Viewer) -> bool:
        """Whether the viewer may see every document that the turn's answer was made of, now."""
        found = self._catalog.documents({document[0] for document in turn.documents})
        return all(_may_see(found.get(document[0]), viewer) for document in turn.documents)


def _may_see(document: Document | None, viewer: Viewer) -> bool:
    return document is not None and document.access.admits(viewer.groups)


def _turns(database: sqlite3.Connection, thread: str) -> list[Turn]:
    rows = database.execute(f"SELECT {_COLUMNS} FROM turn WHERE thread = ? ORDER BY number", (thread,))  # noqa: S608
    return [_turn(*row) for row in rows.fetchall()]


def _turn(question: str, asked_as: str, verdict: str, answer: str, documents: str, at: str, told: str) -> Turn:
    """A turn as its row has it."""
    named = tuple((str(id_), str(source), str(path)) for id_, source, path in json.loads(documents))
    more = json.loads(told)
    cited = tuple(Cited(*one) for one in more.get("cited", ()))
    flags = tuple((str(kind), str(text), str(why)) for kind, text, why in more.get("flags", ()))
    return Turn(question, asked_as, verdict, answer, named, at, cited, flags, str(more.get("degraded", "")))


def _told(turn: Turn) -> str:
    """What a turn's row holds beside its text, as JSON."""
    return json.dumps({"cited": [astuple(one) for one in turn.cited], "flags": turn.flags, "degraded": turn.degraded})


def _prepare(database: sqlite3.Connection) -> None:
    """The schema; a file of an older Waypost has no column for what an answer told beside its text."""
    database.execute("PRAGMA foreign_keys = ON")
    database.executescript(_SCHEMA)
    if "told" not in {row[1] for row in database.execute("PRAGMA table_info(turn)")}:
        database.execute("ALTER TABLE turn ADD COLUMN told TEXT NOT NULL DEFAULT '{}'")


def _owner(viewer: Viewer) -> str:
    return digest("viewer", *sorted(viewer.groups))


def _is_of(database: sqlite3.Connection, thread: str, viewer: Viewer, oldest: str) -> bool:
    row = database.execute("SELECT owner, at FROM thread WHERE id = ?", (thread,)).fetchone()
    return row is not None and row[0] == _owner(viewer) and row[1] >= oldest


def _age(database: sqlite3.Connection, thread: str) -> str:
    """When a thread was last gone on with; "" for none of that id."""
    row = database.execute("SELECT at FROM thread WHERE id = ?", (thread,)).fetchone()
    return str(row[0]) if row else ""
