"""The last commit that changed each path, for all paths in one walk: what `git log -1 -- path` says, without asking
it thousands of times.

git simplifies history for a path like this: from the head, a commit whose path equals that of some parent is passed over
in favour of the first such parent; the first commit that equals none of them is the answer (git-log(1), History
Simplification, default mode). All paths walk together as sets, and a set splits only where a commit changed some of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from ingest.git import GitRepository

_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_CHUNK = 500  # commits whose changes are asked for at once


class Change(NamedTuple):
    """The commit that last changed a path, and its committer's date (ISO 8601, UTC)."""

    commit: str
    date: str


def last_changes(
    repository: GitRepository,
    head: str,
    paths: set[str],
    known_head: str = "",
    known: Mapping[str, Change] | None = None,
) -> dict[str, Change]:
    """The last change of each path as of `head`.

    `known` are the answers as of `known_head`: a path that walks back to that commit unchanged keeps its answer.
    Paths are answered at the oldest commit there is, where history was cut off (a shallow clone).
    """
    known = known or {}
    waiting: dict[str, set[str]] = {head: set(paths)}
    answers: dict[str, Change] = {}
    commits = repository.history(head)
    trees = {name: tree for name, tree, _, _ in commits}
    for at in range(0, len(commits), _CHUNK):
        if not waiting:
            break
        chunk = commits[at : at + _CHUNK]
        parents_of = {name: [p for p in parents if p in trees] for name, _, _, parents in chunk}
        pairs = [(trees.get(parent, _EMPTY_TREE), tree) for name, tree, _, _ in chunk for parent in parents_of[name]]
        changed = iter(list(repository.tree_changes(pairs)))
        for name, _, seconds, _ in chunk:
            differing = [next(changed) for _ in parents_of[name]]
            here = waiting.pop(name, None)
            if not here:
                continue
            date = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            if name == known_head:
                kept = {path for path in here if path in known}
                answers.update({path: known[path] for path in kept})
                here -= kept
            for parent, changes in zip(parents_of[name], differing, strict=True):
                same = here - changes
                if same:
                    here &= changes
                    waiting.setdefault(parent, set()).update(same)
            answers.update({path: Change(name, date) for path in here})
    return answers
