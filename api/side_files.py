"""The small files beside the catalog, as backups hold them: keys, threads, feedback, the audit. `api.backup` takes them in and
puts them back, `api.purge` cleans them, in the data folder and in backups.

What is in the data folder when a backup is put back stays, for it is newer (a key that was revoked since is not live again
there); what it lacks is added. Two audits can't be made one: the one that is there is continued.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from api.access.keys import FILE as KEYS
from api.observability.chain import FILE as AUDIT
from api.observability.chain import Chain
from rag.catalog.writer import now
from rag.feedback import FILE as FEEDBACK
from rag.feedback import Feedback
from rag.purged import Purged
from rag.side_file import add_rows, copy_file
from rag.threads import FILE as THREADS
from rag.threads import Threads, Turn

NAMES = (KEYS, THREADS, FEEDBACK, AUDIT)
_TABLES = {  # those whose rows are added to the ones that are there, and what their first is called
    KEYS: (("key", "spent"), "keys"), THREADS: (("thread", "turn"), "threads"), FEEDBACK: (("feedback",), "opinions on answers"),
}  # fmt: skip


def beside(home: Path) -> dict[str, Path]:
    """The files that there are, by their names."""
    return {name: home / name for name in NAMES if (home / name).is_file()}


def erase(folder: Path, holds: Callable[[Turn], bool], asks: Callable[[str], bool]) -> dict[str, int]:
    """Takes from the files in a folder the turns and the feedback on them that hold what is purged, and from the audit the
    questions that ask of it, whose entries stay; how many of each. Raises: StorageError."""
    threads = Threads(folder / THREADS, 0)
    counts = {
        "turns of threads": threads.remove(holds),
        "opinions on answers": Feedback(folder / FEEDBACK, threads, str).remove(holds),
        "questions of the audit": Chain(folder / AUDIT).erase(asks, now()),
    }
    return {what: count for what, count in counts.items() if count}


def put_back(home: Path, unpacked: Path) -> dict[str, int]:
    """Adds a backup's files to those of a data folder, without what was purged since; what was added. Raises: StorageError."""
    _clean(unpacked, Purged.load(home))
    added: dict[str, int] = {}
    for name, (tables, what) in _TABLES.items():
        if (unpacked / name).is_file():
            added[what] = add_rows(home / name, unpacked / name, tables)
    if (unpacked / AUDIT).is_file() and not (home / AUDIT).exists():
        copy_file(unpacked / AUDIT, home / AUDIT)
        added["audit"] = 1
    return {what: count for what, count in added.items() if count}


def _clean(unpacked: Path, purged: Purged) -> None:
    """Takes out of a backup's files what is purged: values, and what was made of documents."""
    scrub, gone = purged.scrub, {document.place for document in purged.documents}

    def asks(words: str) -> bool:
        return scrub(words) != words or any(f"{source}/{path}" in words for source, path in gone)

    def holds(turn: Turn) -> bool:
        return any((source, path) in gone for _, source, path in turn.documents) or any(map(asks, turn.words))

    if purged:
        erase(unpacked, holds, asks)
