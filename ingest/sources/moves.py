"""What moved: told by a name of its own that stays when the path does not, or by contents. Sources call this for the `moved`
of a listing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from ingest.sources import Listed, Previous

NAMELESS = "-"


def moved(previous: Previous, items: Iterable[Listed]) -> dict[str, str]:
    """New paths to old ones, of things whose signature begins with their name, then and now; `NAMELESS` names nothing."""
    was = {path: _first_word(signature) for path, signature in previous.signatures.items()}
    return moved_by_name(was, {item.path: _first_word(item.signature) for item in items})


def moved_by_name(was: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """New paths to old ones, where one thing alone bore a name, and one alone bears it. Both map paths to names."""
    before, after = _borne_by_one(was), _borne_by_one(now)
    return {path: before[name] for name, path in after.items() if before.get(name, path) != path}


def _first_word(signature: str) -> str:
    return signature.partition(" ")[0]


def _borne_by_one(names: Mapping[str, str]) -> dict[str, str]:
    """Name to path."""
    often = Counter(names.values())
    return {name: path for path, name in names.items() if often[name] == 1 and name not in ("", NAMELESS)}


def moved_by_content(now: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    """New paths to old ones, by what is known of each path's content without reading it ("": nothing is). Why as it does:
    docs/decisions/0027-dates-and-identity.md

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
