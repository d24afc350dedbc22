"""Questions that the documents did not answer, or only in part: what somebody should write down.

`gaps.jsonl` in the data folder holds one line for each question and audience: how often and when it was asked, and the nearest
pages. The faces call `Gaps.note` behind an answer, and it never fails one. `waypost gaps` and `/v1/gaps` list them: each to those
who belong to every group that its asker belonged to, and of the nearest pages those that the reader may see now. `api.purge`
and `api.backup` go through `cleaned` and `merged`.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rag.answers.judging.judgement import PARTIAL
from rag.catalog import Catalog
from rag.courtesy import is_courtesy
from rag.errors import NotFoundError, StorageError, WaypostError
from rag.indexes.tokens import tokenise
from rag.records import UNCHECKED, Answer, Document, Verdict, Viewer, digest
from rag.search import Filters

FILE = "gaps.jsonl"
_MOST = 1000  # gaps that are kept
_LONGEST = 500  # characters of a question
_TRIES, _PAUSE = 20, 0.01  # how often the file is asked for while another process writes it, and the seconds between


Rank = tuple[int, str, str]


@dataclass(frozen=True)
class Gap:
    """One question as it was first asked, credentials taken out. `nearest` are (source, path); `groups` those of its askers."""

    question: str
    verdict: Verdict
    count: int
    first_asked: str
    last_asked: str
    missing: tuple[str, ...] = ()
    nearest: tuple[tuple[str, str], ...] = ()
    groups: tuple[str, ...] = ()
    done_at: str = ""

    @property
    def id(self) -> str:
        """A name that every wording with the same words has, within one audience."""
        return digest("gap", " ".join(tokenise(self.question).words), *self.groups)[:12]

    @property
    def rank(self) -> Rank:
        """Where it stands in the order of all, the first being the highest."""
        return (self.count, self.last_asked, self.id)

    def joined(self, other: Gap) -> Gap:
        """The same gap seen twice: in two files."""
        newer = max(self, other, key=lambda gap: gap.last_asked)
        first = min(self.first_asked, other.first_asked)
        return replace(newer, count=max(self.count, other.count), first_asked=first)


@dataclass(frozen=True)
class Listed:
    """A gap as one viewer may see it, with those of its nearest pages that this viewer may read."""

    gap: Gap
    nearest: tuple[Document, ...]


class Gaps:
    """The gaps of one data folder. `redact` takes credentials, and what was purged, out of a text."""

    def __init__(self, home: Path, catalog: Catalog, redact: Callable[[str], str]) -> None:
        self._home = home
        self._catalog = catalog
        self._redact = redact

    def note(self, question: str, answer: Answer, viewer: Viewer, filters: Filters | None = None) -> None:
        """Remembers a question that was not answered in full. One that was asked of a part of the documents is no gap, nor is any
        while nothing was synced, nor one that a model answered badly while the documents speak of it. Where the folder can't be
        written nothing is remembered."""
        nothing = is_courtesy(question) or (answer.coverage is not None and not answer.coverage.passages)
        its_own = any(flag.kind in UNCHECKED for flag in answer.flags) and (answer.score or 0.0) >= PARTIAL
        if answer.verdict == "answered" or its_own or nothing or (filters or Filters()) != Filters():
            return
        pages = answer.nearest or answer.evidence
        places = dict.fromkeys((found.document.source, found.document.path) for found in pages)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            clean = self._redact(question)
            fresh = Gap(
                clean[:_LONGEST], answer.verdict, 1, at, at,
                tuple(
                    said for word in answer.missing
                    if (said := self._redact(word)) != word or not _taken_out(word, question, clean)
                ),
                tuple(places)[:3], tuple(sorted(viewer.groups)),
            )  # fmt: skip
            with _locked(self._home):
                gaps = {gap.id: gap for gap in parsed(_read(self._home))}
                if before := gaps.get(fresh.id):
                    fresh = replace(
                        fresh, question=before.question, count=before.count + 1, first_asked=before.first_asked
                    )
                _write(self._home, [*(gap for gap in gaps.values() if gap.id != fresh.id), fresh])
        except (OSError, ValueError, WaypostError):
            return

    def listed(
        self, viewer: Viewer, *, done: bool = False, limit: int | None = None, behind: Rank | None = None
    ) -> list[Listed]:
        """The open gaps, or with `done` all of them, that this viewer may see, `limit` at most: most asked first. `behind`: those
        that come after this rank."""
        found = [gap for gap in self._of(viewer, done=done) if behind is None or gap.rank < behind]
        return [self.as_seen(gap, viewer) for gap in found[:limit]]

    def as_seen(self, gap: Gap, viewer: Viewer) -> Listed:
        """A gap as this viewer may see it."""
        return Listed(gap, tuple(self._visible(gap, viewer)))

    def _of(self, viewer: Viewer, *, done: bool) -> list[Gap]:
        found = [
            gap for gap in parsed(_read(self._home)) if viewer.groups >= set(gap.groups) and (done or not gap.done_at)
        ]
        found.sort(key=lambda gap: gap.rank, reverse=True)
        return found

    def _visible(self, gap: Gap, viewer: Viewer) -> Iterator[Document]:
        for place in gap.nearest:
            document = self._catalog.document_at(*place)
            if document and document.access.admits(viewer.groups):
                yield document

    def finish(self, gap_id: str, viewer: Viewer, *, done: bool = True) -> Gap:
        """Marks a gap as dealt with, or as open, and gives it; asked again and still not answered, it is open again.

        Raises: NotFoundError for one that this viewer can't see; StorageError when it can't be written.
        """
        found = {gap.id: gap for gap in self._of(viewer, done=True)}.get(gap_id)
        if found is None:
            raise NotFoundError(f"there is no gap {gap_id!r}; `waypost gaps` names them")
        at = datetime.now(UTC).isoformat(timespec="seconds") if done else ""
        rewrite(self._home, lambda gaps: [replace(gap, done_at=at) if gap.id == gap_id else gap for gap in gaps])
        return replace(found, done_at=at)


def _taken_out(word: str, question: str, clean: str) -> bool:
    """Whether a word of the question is a part of what was redacted, by which alone it is not known."""
    return word.lower() in question.lower() and word.lower() not in clean.lower()


def parsed(text: str) -> list[Gap]:
    """The gaps of a file's text; a line that is none is passed over."""
    found = []
    for line in text.splitlines():
        try:
            told = json.loads(line)
            told["nearest"] = tuple((str(source), str(path)) for source, path in told["nearest"])
            found.append(Gap(**{**told, "missing": tuple(told["missing"]), "groups": tuple(told["groups"])}))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def text_of(gaps: Sequence[Gap]) -> str:
    """The file's text: the newest `_MOST`, those that are done going first."""
    kept = sorted(gaps, key=lambda gap: (not gap.done_at, gap.last_asked), reverse=True)[:_MOST]
    ordered = sorted(kept, key=lambda gap: gap.last_asked)
    return "".join(json.dumps(asdict(gap), ensure_ascii=False) + "\n" for gap in ordered)


def cleaned(gaps: Sequence[Gap], clean: Callable[[str], str], purged: Callable[[str, str], bool]) -> list[Gap]:
    """The gaps with a value taken out of all that they say, and without those that name a purged document."""
    return [
        replace(
            gap, question=clean(gap.question), missing=tuple(map(clean, gap.missing)),
            nearest=tuple((clean(source), clean(path)) for source, path in gap.nearest),
        )
        for gap in gaps
        if not any(purged(source, path) for source, path in gap.nearest)
    ]  # fmt: skip


def merged(ours: Sequence[Gap], theirs: Sequence[Gap]) -> list[Gap]:
    """The gaps of two files, each once."""
    found: dict[str, Gap] = {}
    for gap in (*ours, *theirs):
        found[gap.id] = found[gap.id].joined(gap) if gap.id in found else gap
    return list(found.values())


def rewrite(home: Path, change: Callable[[list[Gap]], list[Gap]]) -> int:
    """Changes the gaps of a data folder: how many fewer or other ones there are. Raises: StorageError."""
    if not (home / FILE).exists():
        return 0
    try:
        with _locked(home):
            before = parsed(_read(home))
            after = change(before)
            if after != before:
                _write(home, after)
    except OSError as error:
        raise StorageError(f"{home / FILE} can't be written: {error.strerror or error}") from error
    return len([gap for gap in before if gap not in after])


def stored(home: Path) -> str:
    """The file's text; "" where there is none."""
    return _read(home)


def put(home: Path, gaps: Sequence[Gap]) -> None:
    """Replaces the gaps of a data folder. Raises: OSError."""
    with _locked(home):
        _write(home, gaps)


def _read(home: Path) -> str:
    try:
        return (home / FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _write(home: Path, gaps: Sequence[Gap]) -> None:
    """Whole or not at all, for its owner's eyes alone."""
    beside = home / f".{FILE}.new"
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
        handle.write(text_of(gaps))
    beside.replace(home / FILE)


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """One process at a time; another one's work is waited for briefly. Raises: OSError."""
    with (home / "gaps.lock").open("a") as handle:
        for left in range(_TRIES, -1, -1):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not left:
                    raise
                time.sleep(_PAUSE)
        yield
