"""What a listing asks for, held against what the ledger knows: what is read anew, what stays, what goes, and what is held.

Nothing is taken for gone but by a listing that says itself that it is complete, and never much at once: a permission
that was lost at the source looks just like a deletion. `ingest.sync` calls `plan`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ingest.redaction import redact
from ingest.sources import Listed, Listing
from ingest.sources.hiding import hidden
from rag.errors import SourceError
from rag.records import AccessRule
from rag.steering import STEERING

MOST_GONE = 20  # documents of a source that may go in one run, or
SHARE_GONE = 0.05  # this share of them, if that is more
_NAME = re.compile(r"(.+?)((?:\.[A-Za-z][\w-]{0,9})?)", re.S)
_RETRIES = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=16), timedelta(hours=24))


class Entry(Protocol):
    """A row of the ledger."""

    signature: str
    outcome: str
    document_id: str
    terms: str
    missing_since: str
    retry_at: str
    attempts: int


@dataclass(frozen=True)
class Plan:
    """What becomes of what was listed (`changed`, `unchanged`, and `on_new_terms`, of which only changed who may read them or
    whose they are), and of the paths that the listing lacks: `gone`, or `held` until a person approves. `back` were held, and
    are listed again."""

    changed: tuple[Listed, ...]
    unchanged: tuple[Listed, ...]
    on_new_terms: tuple[Listed, ...]
    gone: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    back: frozenset[str] = frozenset()

    def with_changed(self, also: Sequence[Listed]) -> Plan:
        """The same, with some of what is unchanged read anew."""
        paths = {item.path for item in also}
        return replace(
            self, changed=(*self.changed, *also), unchanged=tuple(i for i in self.unchanged if i.path not in paths)
        )


def plan(
    listing: Listing, ledger: Mapping[str, Entry], signature: Callable[[Listed], str], terms: Callable[[Listed], str],
    now: str, approved: Collection[str] = (),
) -> Plan:  # fmt: skip
    """Compares. `signature` and `terms` give an item's as the ledger would have them; `now` is ISO 8601 in UTC. What a person
    `approved` may go, many as it may be, if this listing lacks it still."""
    changed, unchanged, on_new_terms = [], [], []
    for item in listing.items:
        entry = ledger.get(item.path)
        if entry is None or entry.signature != signature(item) or _due(entry, now):
            changed.append(item)
        elif entry.terms != terms(item):
            on_new_terms.append(item)
        else:
            unchanged.append(item)
    listed = {item.path for item in listing.items}
    back = frozenset(path for path in listed & ledger.keys() if ledger[path].missing_since)
    parts = (tuple(changed), tuple(unchanged), tuple(on_new_terms))
    if not listing.complete:
        return Plan(*parts, back=back)
    missing = ledger.keys() - listed - set(listing.moved.values())
    documents = frozenset(path for path in missing if ledger[path].document_id and path not in approved)
    if too_many(len(documents), sum(bool(entry.document_id) for entry in ledger.values())):
        return Plan(*parts, frozenset(missing) - documents, documents, back)
    return Plan(*parts, frozenset(missing), back=back)


def too_many(gone: int, known: int) -> bool:
    """Whether so many documents of a source may not go without a person's word."""
    return gone > max(MOST_GONE, SHARE_GONE * known)


def well_formed(listing: Listing) -> Listing:
    """The listing. Raises: SourceError when it is none, which is so for some of others' code."""
    if not isinstance(listing, Listing):
        raise SourceError(f"its code gave {type(listing).__name__} where a Listing was expected")
    texts = ("path", "signature", "version", "updated_at", "refusal", "handle", "owner")
    for item in listing.items:
        wrong = [name for name in texts if not isinstance(getattr(item, name, None), str)]
        if wrong or not item.path or not isinstance(item.size, int) or not isinstance(item.access, AccessRule):
            raise SourceError(
                f"its code listed what is no Listed: {', '.join(wrong) or 'path, size or access'}: {item!r:.200}"
            )
    items = _without_secrets([_printable(item) for item in listing.items])
    named = {item.path for item in items if not item.refusal}
    moved = {new: old for new, old in listing.moved.items() if new in named}
    message = redact(listing.message, "")[0] if listing.message else ""
    return replace(listing, items=items, moved=moved, message=message)


def _printable(item: Listed) -> Listed:
    """The item; refused, and shown in print, where its name would move a terminal, forge a line or turn text round."""
    if not STEERING.search(item.path):
        return item
    shown = STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", item.path)
    return replace(item, path=shown, refusal=item.refusal or "its name holds control characters; rename it")


def _without_secrets(items: Sequence[Listed]) -> tuple[Listed, ...]:
    """The items; those whose names hold a credential are refused, and shown without it, since it would stand in all that is
    stored of them. Names are looked at all at once, and one by one where that finds something."""
    names = [_NAME.fullmatch(item.path) for item in items]  # without its ending, which would make it a file's name
    _, found = redact("\n\n".join(name[1] for name in names if name), "")
    shown: dict[str, str] = {}
    for at in sorted({(finding.line - 1) // 2 for finding in found}):
        name = names[at]
        stem, own = redact(name[1], "") if name else ("", ())
        if own and name:
            shown[items[at].path] = stem + name[2]
    return hidden(items, shown, "its name holds a secret; rename it")


def sound(listing: Listing, ledger: Mapping[str, Entry]) -> Listing:
    """The listing, called incomplete where it contradicts itself: it names a path twice, or nothing at all where there were
    documents."""
    items = {item.path: item for item in reversed(listing.items)}
    if len(items) < len(listing.items):
        twice = len(listing.items) - len(items)
        message = f"its listing names {twice} paths twice, so nothing was taken for gone"
        return Listing(tuple(reversed(items.values())), False, listing.head, listing.moved, message)
    if not listing.items and listing.complete and any(entry.document_id for entry in ledger.values()):
        return Listing((), False, listing.head, message="it listed nothing, so nothing was taken for gone")
    return listing


def _due(entry: Entry, now: str) -> bool:
    return entry.outcome == "quarantined" and entry.retry_at <= now


def retry_at(attempts: int, now: datetime | None = None) -> str:
    """When a thing that was quarantined for the `attempts`-th time is tried again."""
    wait = _RETRIES[min(attempts, len(_RETRIES)) - 1]
    return ((now or datetime.now(UTC)) + wait).strftime("%Y-%m-%dT%H:%M:%SZ")
