"""What moved: things that are told by a name of their own that stays (an id, the hash of what they say) when their path does not.

Sources call this for the `moved` of a listing.
"""

from __future__ import annotations

from collections import Counter
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
