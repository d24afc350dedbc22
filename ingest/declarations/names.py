"""Names of what documents declare, however they are spelt. The one that counts most is `audience`: whatever is nearly that
must not be passed over. The rest of `ingest.declarations` calls this."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from rag.errors import AudienceError

Pair = tuple[str, Any]
_AUDIENCE = "audience"
_SHORTEST, _LONGEST = 6, 11  # characters of what can be that like `audience`
_MISSPELT = 0.8  # likeness from which on a name is taken for a misspelt `audience`
_EDGES = re.compile(r"^\W+|\W+$")
_SEEN = 1000  # characters of a line that are looked at
_NAMED = re.compile(
    r"(?:^\W{0,6}|[{,]\s{0,9}[\"']?)([^\W\d_][\w-]{5,10})[\"'`*]{0,3}\s{0,9}[:=\uff1a\ufe55\u2236\ua789]"
)
_BEGINS = re.compile(rf"\W{{0,6}}{_AUDIENCE}\b", re.I)


def normal(name: object) -> str:
    """A name as it is looked up: small letters, `_` for what separates words, nothing around it."""
    return _EDGES.sub("", str(name)[:_SEEN]).lower().replace("-", "_").replace(" ", "_")


def is_audience(name: object) -> bool:
    """Whether a name is `audience`, or is meant to be."""
    return _is_like(normal(name))


@lru_cache(maxsize=4096)
def _is_like(name: str) -> bool:
    if not _SHORTEST <= len(name) <= _LONGEST:
        return False
    return difflib.SequenceMatcher(None, name, _AUDIENCE).ratio() > _MISSPELT


def names_audience(lines: Iterable[str]) -> bool:
    """Whether a line begins with what may be meant for `audience: …`, in front matter that can't be read."""
    return any(
        _BEGINS.match(line[:_SEEN]) or any(is_audience(match[1]) for match in _NAMED.finditer(line[:_SEEN]))
        for line in lines
    )


def refuse_unclear(pairs: Sequence[Pair]) -> None:
    """Raises: AudienceError for a name that is nearly `audience`, and for an audience one level down where there is none at
    the top: it must be clear who may read a page."""
    names = {name for name, _ in pairs}
    for name in names:
        if name != _AUDIENCE and _is_like(name):
            raise AudienceError(f"it declares {name!r}: write `audience`, so that it is clear who may read it")
    if _AUDIENCE in names:
        return
    for name, value in pairs:
        if is_audience(re.split(r"[.:/]", name)[-1]):
            raise AudienceError(_below(name))
        if isinstance(value, dict) and any(map(is_audience, value)):
            raise AudienceError(_below(f"{name}.audience"))


def _below(name: str) -> str:
    return f"it declares {name[:100]!r}: write `audience` at the top of its front matter, so that it is clear who may read it"
