"""API keys in a small SQLite file of their own, `keys.db` in the data folder: who has one, what it may read and do, until when.

A token is `wp_<id>_<secret>`; of the secret, 256 random bits, its SHA-256 alone is kept. `waypost keys` writes the file while
`waypost serve` reads it, anew for every request: so what is revoked or changed holds from the next one on. The file is in WAL
mode, in which nobody who reads waits for who writes. The model's tokens that each caller used in a day are counted here too.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rag.errors import NotFoundError, SettingsError, StorageError
from rag.side_file import make_private

FILE = "keys.db"
TOKEN = re.compile(r"wp_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NAME = re.compile(r"[\w@][\w .@:/+-]{0,63}")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS key (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, hash BLOB NOT NULL, groups TEXT NOT NULL, scopes TEXT NOT NULL,
    created_at TEXT NOT NULL, expires_at TEXT NOT NULL, revoked_at TEXT NOT NULL DEFAULT '',
    last_used_at TEXT NOT NULL DEFAULT '', requests_per_minute INTEGER, tokens_per_day INTEGER);
CREATE UNIQUE INDEX IF NOT EXISTS key_name ON key (name) WHERE revoked_at = '';
CREATE TABLE IF NOT EXISTS spent (
    caller TEXT NOT NULL, day TEXT NOT NULL, tokens INTEGER NOT NULL, PRIMARY KEY (caller, day)) WITHOUT ROWID;
"""
_COLUMNS = (
    "id, name, groups, scopes, created_at, expires_at, revoked_at, last_used_at, requests_per_minute, tokens_per_day"
)
_NOBODY = bytes(32)  # what a secret is compared with where there is no key of that id


@dataclass(frozen=True)
class Key:
    """A key without its secret. Times are in UTC, "" for never; limits are None where the settings' hold, 0 for none."""

    id: str
    name: str
    groups: tuple[str, ...]
    scopes: tuple[str, ...]
    created_at: str
    expires_at: str
    revoked_at: str = ""
    last_used_at: str = ""
    requests_per_minute: int | None = None
    tokens_per_day: int | None = None

    @property
    def state(self) -> str:
        """live, expired or revoked."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= now() else "live"


class Keys:
    """The keys of one data folder. One instance may be used by many threads."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None
        self._seen: tuple[int, int] = (0, 0)

    def checked(self, token: str) -> Key | None:
        """The key of a token, also one that is expired or revoked; None where there is none of that id and secret. Raises:
        StorageError."""
        parts = TOKEN.fullmatch(token)
        if not parts:
            return None
        row = self._row("id = ?", parts[1])
        wanted = bytes(row[-1]) if row else _NOBODY
        right = hmac.compare_digest(hashlib.sha256(parts[2].encode()).digest(), wanted)
        return _key(row) if row and right else None

    def by_id(self, key_id: str) -> Key | None:
        """The key of an id, in whatever state. Raises: StorageError."""
        row = self._row("id = ?", key_id)
        return _key(row) if row else None

    def named(self, name: str) -> Key:
        """The key of a name or id that is not revoked. Raises: NotFoundError; StorageError."""
        row = self._row("(name = ? OR id = ?) AND revoked_at = ''", name, name)
        if not row:
            raise NotFoundError(f"there is no key {name!r} that is not revoked; `waypost keys list` names them")
        return _key(row)

    def listed(self, *, revoked: bool = False) -> list[Key]:
        """The keys, oldest first, with `revoked` those too. Raises: StorageError."""
        with self._reading() as database:
            if database is None:
                return []
            where = "" if revoked else "WHERE revoked_at = ''"
            rows = database.execute(f"SELECT {_COLUMNS}, hash FROM key {where} ORDER BY created_at, name").fetchall()  # noqa: S608
        return [_key(row) for row in rows]

    def any_live(self) -> bool:
        """Whether somebody could sign in by a key. Raises: StorageError."""
        with self._reading() as database:
            query = "SELECT 1 FROM key WHERE revoked_at = '' AND (expires_at = '' OR expires_at > ?) LIMIT 1"
            return database is not None and database.execute(query, (now(),)).fetchone() is not None

    def create(
        self, name: str, groups: Iterable[str], scopes: Iterable[str], expires_at: str, *,
        requests_per_minute: int | None = None, tokens_per_day: int | None = None,
    ) -> tuple[Key, str]:  # fmt: skip
        """A new key and its token, which can't be had again. Raises: SettingsError for a name that is taken; StorageError."""
        if not _NAME.fullmatch(name):
            raise SettingsError(f"a key can't be named {name!r}: use letters, digits, spaces and .@:/+-_ (64 at most)")
        secret = secrets.token_urlsafe(32)
        key = Key(
            secrets.token_hex(6), name, tuple(sorted(set(groups))), tuple(sorted(set(scopes))), now(), expires_at,
            requests_per_minute=requests_per_minute, tokens_per_day=tokens_per_day,
        )  # fmt: skip
        values = (
            key.id, name, hashlib.sha256(secret.encode()).digest(), "\n".join(key.groups), "\n".join(key.scopes),
            key.created_at, expires_at, requests_per_minute, tokens_per_day,
        )  # fmt: skip
        with self._writing() as database:
            try:
                database.execute(
                    "INSERT INTO key (id, name, hash, groups, scopes, created_at, expires_at, requests_per_minute,"
                    " tokens_per_day) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values,
                )  # fmt: skip
            except sqlite3.IntegrityError:
                raise SettingsError(
                    f"there is a key {name!r} already; revoke it first, or choose another name"
                ) from None
        return key, f"wp_{key.id}_{secret}"

    def change(self, name: str, **values: object) -> Key:
        """Changes a key that is not revoked: `groups` and `scopes` (of texts), `expires_at`, limits. Raises: NotFoundError;
        StorageError."""
        key = self.named(name)
        kept = {column: "\n".join(sorted(set(v))) if isinstance(v, list | tuple) else v for column, v in values.items()}
        with self._writing() as database:
            for column, value in kept.items():
                assert column in _COLUMNS
                database.execute(f"UPDATE key SET {column} = ? WHERE id = ?", (value, key.id))  # noqa: S608
        return self.by_id(key.id) or key

    def revoke(self, name: str) -> Key:
        """Ends a key: its next request is refused. Raises: NotFoundError; StorageError."""
        return self.change(name, revoked_at=now())

    def note_use(self, key_id: str) -> None:
        """Remembers that a key was used now. Raises: StorageError."""
        with self._writing() as database:
            database.execute("UPDATE key SET last_used_at = ? WHERE id = ?", (now(), key_id))

    # -- the model's tokens of a day -----------------------------------------------------------------------------------

    def spent(self, caller: str, day: str) -> int:
        """How many of the model's tokens a caller used on a day, those that are reserved included. Raises: StorageError."""
        with self._reading() as database:
            if database is None:
                return 0
            query = "SELECT tokens FROM spent WHERE caller = ? AND day = ?"
            row = database.execute(query, (caller, day)).fetchone()
        return int(row[0]) if row else 0

    def spend(self, caller: str, day: str, tokens: int, limit: int = 0) -> bool:
        """Counts tokens (fewer than none gives some back), unless there were `limit` of them or more before: then it counts
        nothing, and says False. Raises: StorageError."""
        with self._writing() as database:
            fresh = database.execute("INSERT OR IGNORE INTO spent VALUES (?, ?, 0)", (caller, day))
            if fresh.rowcount:
                database.execute("DELETE FROM spent WHERE day < date(?, '-30 days')", (day,))
            done = database.execute(
                "UPDATE spent SET tokens = max(0, tokens + ?) WHERE caller = ? AND day = ? AND (? = 0 OR tokens < ?)",
                (tokens, caller, day, limit, limit),
            )
            return done.rowcount == 1

    # -- the file --------------------------------------------------------------------------------------------------------

    def _row(self, where: str, *values: str) -> tuple[Any, ...] | None:
        with self._reading() as database:
            if database is None:
                return None
            row: tuple[Any, ...] | None = database.execute(
                f"SELECT {_COLUMNS}, hash FROM key WHERE {where}",  # noqa: S608
                values,
            ).fetchone()
            return row

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """One connection that stays open, anew where the file was put in place of another; None where there is none."""
        with self._lock, _told(self._file):
            yield self._connection()

    def _connection(self) -> sqlite3.Connection | None:
        try:
            found = self._file.stat()
        except FileNotFoundError:
            self._close()
            return None
        if self._opened is None or self._seen != (found.st_dev, found.st_ino):
            self._close()
            self._opened = _connected(self._file)
            self._seen = (found.st_dev, found.st_ino)
        return self._opened

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """The file by a connection of its own, so that no reader waits; made where there is none, for its owner's eyes alone;
        committed at the end, or nothing of it."""
        with _told(self._file):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_private(self._file)
            with closing(_connected(self._file)) as database:
                database.execute("BEGIN IMMEDIATE")
                try:
                    yield database
                except BaseException:
                    database.execute("ROLLBACK")
                    raise
                database.execute("COMMIT")

    def close(self) -> None:
        """Lets go of the file."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._opened is not None:
            self._opened.close()
        self._opened = None


def _connected(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=5, check_same_thread=False, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.executescript(_SCHEMA)
    return database


def now() -> str:
    """The time in UTC, in the form that is kept, in which texts compare as times do."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"the keys in {file} can't be read or written: {error}") from error


def _key(row: tuple[Any, ...]) -> Key:
    id_, name, groups, scopes, created, expires, revoked, used, requests, tokens, _hash = row
    return Key(
        str(id_), str(name), tuple(str(groups).split("\n")) if groups else (), tuple(str(scopes).split("\n")), str(created),
        str(expires), str(revoked), str(used), None if requests is None else int(str(requests)),
        None if tokens is None else int(str(tokens)),
    )  # fmt: skip
