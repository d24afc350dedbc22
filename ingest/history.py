"""The last commit that changed each path, and the last one that changed what stands there, for all paths in one walk.

The first is what `git log -1 -- path` says: a link that is pinned to it holds. git simplifies history for a path like this:
from the head, a commit whose path equals that of some parent is passed over in favour of the first such parent; the first
commit that equals none of them is the answer (git-log(1), History Simplification, default mode). The second, which dates the
path, goes on from there where that commit changed nothing of the content: another mode, another name for the same blob, or a
commit that the repository says changed nothing (`IGNORED`).

All paths walk together in groups, and a group splits only where a commit changed some of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from ingest.git import Changes, GitRepository

IGNORED = ".git-blame-ignore-revs"  # at the repository's root: git-blame(1), blame.ignoreRevsFile; hosts honour it too
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_CHUNK = 250  # commits whose changes are asked for at once
_FULL_NAME = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_Group = dict[bytes, tuple[str, ...]]  # what a path is called at a commit, to what those are called at the head
_Before = tuple[str, Changes, dict[bytes, bytes]]  # a parent, what differs from it, and what of it is gone (`_gone`)


class Change(NamedTuple):
    """The commit that last changed a path, and the committer's date (ISO 8601, UTC) of the one that last changed what stands
    there: "" where history is cut off before it."""

    commit: str
    date: str


def ignored_commits(data: bytes) -> frozenset[str]:
    """The commits that a `.git-blame-ignore-revs` names, in full, one a line; `#` begins a comment."""
    lines = (line.partition("#")[0].strip() for line in data.decode("utf-8", "replace").splitlines())
    return frozenset(line.lower() for line in lines if _FULL_NAME.fullmatch(line.lower()))


def last_changes(
    repository: GitRepository,
    head: str,
    paths: Collection[str],
    known_head: str = "",
    known: Mapping[str, Change] | None = None,
    ignored: Collection[str] = (),
) -> dict[str, Change]:
    """The last change of each path as of `head`; `ignored` commits change no date.

    `known` are the answers as of `known_head`, by the same `ignored`: a path that walks back to that commit keeps its answer.
    Where history is cut off (a shallow clone), paths are answered at the oldest commit there is, without a date.
    """
    walk = _Walk(known_head, known or {}, repository.cut_off(), ignored)
    waiting: dict[str, _Group] = {head: {_raw(path): (path,) for path in paths}}
    commits = repository.history(head)
    trees = {name: tree for name, tree, _, _ in commits}
    for at in range(0, len(commits), _CHUNK):
        if not waiting:
            break
        chunk = commits[at : at + _CHUNK]
        parents_of = {name: [p for p in parents if p in trees] for name, _, _, parents in chunk}
        pairs = [(trees.get(parent, _EMPTY_TREE), tree) for name, tree, _, _ in chunk for parent in parents_of[name]]
        differing = iter(repository.tree_changes(pairs))
        for name, _, seconds, _ in chunk:
            to_parents = [(parent, next(differing)) for parent in parents_of[name]]
            if here := waiting.pop(name, None):
                for parent, group in walk.step(name, seconds, here, to_parents):
                    _join(waiting, parent, group)
    return {path: Change(commit, walk.dates.get(path, "")) for path, commit in walk.commits.items()}


class _Walk:
    """What is answered so far: `commits` and `dates` by the path at the head."""

    def __init__(
        self, known_head: str, known: Mapping[str, Change], cut_off: Collection[str], ignored: Collection[str]
    ) -> None:
        self._known_head = known_head
        self._known = {_raw(path): change for path, change in known.items()}
        self._cut_off = cut_off
        self._ignored = ignored
        self.commits: dict[str, str] = {}
        self.dates: dict[str, str] = {}

    def step(
        self, commit: str, seconds: int, here: _Group, to_parents: list[tuple[str, Changes]]
    ) -> list[tuple[str, _Group]]:
        """Answers what ends at a commit, and gives what goes on, by the parent to go on at. Takes `here` over."""
        if commit == self._known_head:
            for path in here.keys() & self._known.keys():
                self._answer(here.pop(path), *self._known[path])
        on: list[tuple[str, _Group]] = []
        for parent, changes in to_parents:
            changed = {path: here.pop(path) for path in here.keys() & changes.keys()}
            if here:
                on.append((parent, here))
            here = changed
        date = "" if commit in self._cut_off else _iso(seconds)
        before: list[_Before] = [(parent, changes, {}) for parent, changes in to_parents]
        for path, originals in here.items():
            if earlier := self._unchanged_in(commit, path, before):
                on.append((earlier[0], {earlier[1]: originals}))
                for original in originals:
                    self.commits.setdefault(original, commit)
            else:
                self._answer(originals, commit, date)
        return on

    def _answer(self, originals: tuple[str, ...], commit: str, date: str) -> None:
        for original in originals:
            self.commits.setdefault(original, commit)
            self.dates[original] = date

    def _unchanged_in(self, commit: str, path: bytes, before: list[_Before]) -> tuple[str, bytes] | None:
        """The parent that has the same content, and what it is called there; None: it is this commit's."""
        for parent, changes, names in before:
            was, now = changes[path].split(b" ")[2:4]
            if was == now:  # another mode
                return parent, path
            if not was.strip(b"0"):  # it was not there
                if not names:
                    names.update(_gone(changes))
                if now in names:
                    return parent, names[now]
        for parent, changes, _ in before:
            if commit in self._ignored and changes[path].split(b" ")[2].strip(b"0"):
                return parent, path
        return None


def _gone(changes: Changes) -> dict[bytes, bytes]:
    """What went between two trees: the blob, to what it was called; the first of several names."""
    rows = ((row.split(b" "), path) for path, row in changes.items() if row.endswith(b"D"))
    return {row[2]: path for row, path in sorted(rows, key=lambda one: one[1], reverse=True)}


def _join(waiting: dict[str, _Group], commit: str, group: _Group) -> None:
    there = waiting.setdefault(commit, group)
    if there is group:
        return
    for path, originals in group.items():
        there[path] = (*there.get(path, ()), *originals)


def _raw(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
