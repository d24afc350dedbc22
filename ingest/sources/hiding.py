"""Names that must not be shown as they are: what a source lists is refused where its name holds a secret, and shown under
another. `ingest.ledger` and `ingest.sources.scrubbed` call this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count

from ingest.sources import Listed


def hidden(items: Sequence[Listed], shown: Mapping[str, str], refusal: str) -> tuple[Listed, ...]:
    """The items; those of which `shown` gives another name bear it, numbered where it is taken, and are refused."""
    taken = {item.path for item in items if item.path not in shown}
    found = []
    for item in items:
        if item.path not in shown:
            found.append(item)
            continue
        name = shown[item.path]
        free = next(one for n in count(1) if (one := f"{name} ({n})" if n > 1 else name) not in taken)
        taken.add(free)
        found.append(replace(item, path=free, refusal=refusal))
    return tuple(found)
