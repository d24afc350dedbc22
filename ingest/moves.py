"""Which paths hold what stood at others before, told by what is known of contents without reading them.

`ingest.sources.folder` and `ingest.sources.git` call this. Why as it does: docs/decisions/0027-dates-and-identity.md
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping


def moves(now: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    """New path to old path of what moved, by the state of each path's content ("": it can't be told by it).

    A state counts that changed place from one path to one, or to the one of the same name. A path that stays keeps its
    document, unless what stood there is found elsewhere, and what stands there came from elsewhere: pages that changed places.
    """
    old: defaultdict[str, list[str]] = defaultdict(list)
    new: defaultdict[str, list[str]] = defaultdict(list)
    for paths, states, others in ((old, before, now), (new, now, before)):
        for path, state in states.items():
            if state and others.get(path) != state:
                paths[state].append(path)
    found: dict[str, str] = {}
    for state in old.keys() & new.keys():
        if len(old[state]) == len(new[state]) == 1:
            found[new[state][0]] = old[state][0]
            continue
        count = Counter(_name(path) for path in (*old[state], *new[state]))
        names = {_name(path): path for path in old[state]}
        found |= {path: names[_name(path)] for path in new[state] if _name(path) in names and count[_name(path)] == 2}
    while half := _half_way(found, now, before):
        found = {path: was for path, was in found.items() if path not in half}
    return found


def _half_way(found: Mapping[str, str], now: Mapping[str, str], before: Mapping[str, str]) -> set[str]:
    """The moves onto a path that was there and did not move away, or from one that is still there and was not moved onto: an
    editor's saving or keeping of a copy is no move."""
    left = set(found.values())
    return {
        path
        for path, was in found.items()
        if (path in before and path not in left) or (was in now and was not in found)
    }


def _name(path: str) -> str:
    return path.rpartition("/")[2]
