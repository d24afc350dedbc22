"""What readers thought of answers, kept in a small SQLite file of its own beside the catalog: `waypost feedback` lists it.

Feedback is on one turn of a thread, by the viewer whose thread it is; who changes their mind replaces it. With it stand the
question and the documents of the answer, so that it says something when the thread is gone. Everything is redacted on the way in;
`api.purge` takes out what must go.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rag.errors import NotFoundError
from rag.records import Viewer, digest
from rag.side_file import opened
from rag.threads import Threads, Turn

FILE = "feedback.db"
LONGEST = 2_000  # characters of a comment
_MOST = 10_000  # that are kept; the oldest go
_COLUMNS = "id, at, name, useful, comment, question, verdict, documents"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS feedback (
    id TEXT PRIMARY KEY, at TEXT NOT NULL, name TEXT NOT NULL, useful INTEGER NOT NULL, comment TEXT NOT NULL,
    question TEXT NOT NULL, verdict TEXT NOT NULL, documents TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Opinion:
    """What somebody (`name`, for whoever runs Waypost) thought of an answer. `documents` are (id, source, path) of what it was
    made of."""

    id: str
    at: str
    name: str
    useful: bool
    comment: str
    question: str
    verdict: str
    documents: tuple[tuple[str, str, str], ...]

    @property
    def turn(self) -> Turn:
        """It as a turn of a thread, the comment being what was said: what a purge looks through."""
        return Turn(self.question, self.question, self.verdict, self.comment, self.documents, self.at)


class Feedback:
    """The feedback in one file, on the turns of `threads`. `redact` takes credentials out of a text."""

    def __init__(self, file: Path, threads: Threads, redact: Callable[[str], str]) -> None:
        self._file = file
        self._threads = threads
        self._redact = redact

    def note(
        self, viewer: Viewer, name: str, thread: str, turn: int | None, useful: bool, comment: str = ""
    ) -> Opinion:
        """Keeps what a viewer thought of a turn of their thread: the first is 1, None the last.

        Raises: NotFoundError for a thread or turn that is not theirs; StorageError.
        """
        turns = self._threads.turns(thread, viewer)
        at = len(turns) if turn is None else turn
        if not 1 <= at <= len(turns):
            raise NotFoundError(
                f"the thread has {len(turns)} turns that are kept; name one of them, or none for the last"
            )
        asked = turns[at - 1]
        opinion = Opinion(
            digest("feedback", thread, asked.at)[:12], datetime.now(UTC).isoformat(timespec="seconds"),
            self._redact(name), useful, self._redact(comment)[:LONGEST], asked.asked_as, asked.verdict, asked.documents,
        )  # fmt: skip
        with self._opened(create=True) as database:
            assert database is not None
            row = (*(getattr(opinion, column) for column in _COLUMNS.split(", ")[:-1]), json.dumps(opinion.documents))
            database.execute(f"INSERT OR REPLACE INTO feedback ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608
            database.execute(
                "DELETE FROM feedback WHERE id IN (SELECT id FROM feedback ORDER BY at DESC, rowid DESC LIMIT -1 OFFSET ?)",
                (_MOST,),
            )
        return opinion

    def listed(self) -> list[Opinion]:
        """All of it, newest first, for whoever runs Waypost. Raises: StorageError."""
        with self._opened() as database:
            query = f"SELECT {_COLUMNS} FROM feedback ORDER BY at DESC, rowid DESC"  # noqa: S608
            return [_opinion(*row) for row in database.execute(query)] if database else []

    def remove(self, holds: Callable[[Turn], bool]) -> int:
        """Removes what `holds`, and its words from the file; how much there was. Raises: StorageError."""
        gone = [(one.id,) for one in self.listed() if holds(one.turn)]
        if gone:
            with self._opened() as database:
                assert database is not None
                database.executemany("DELETE FROM feedback WHERE id = ?", gone)
                database.commit()
                database.execute("VACUUM")  # and no page of the file is left over that held it
        return len(gone)

    def _opened(self, *, create: bool = False) -> AbstractContextManager[sqlite3.Connection | None]:
        return opened(self._file, "the feedback", _prepare, create=create)


def _prepare(database: sqlite3.Connection) -> None:
    database.executescript(_SCHEMA)


def _opinion(
    id_: str, at: str, name: str, useful: int, comment: str, question: str, verdict: str, documents: str
) -> Opinion:
    """Feedback as its row has it."""
    named = tuple((str(one), str(source), str(path)) for one, source, path in json.loads(documents))
    return Opinion(id_, at, name, bool(useful), comment, question, verdict, named)
