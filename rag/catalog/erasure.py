"""Erasing from the catalog, for `waypost purge`: a value from everything that it stores, or all that it knows of a document.

`CatalogWriter` calls these within its transaction. All indexes are made anew afterwards, so that the change log need not say what
they must delete: it forgets what no longer is. `Catalog.compact` then takes the freed pages out of the file.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, delete, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from rag.catalog import schema as s
from rag.catalog.names import passage_id, text_hash
from rag.catalog.symbols import remove_symbols
from rag.purged import clean_json
from rag.records import stamp_of

Clean = Callable[[str], str]
_TEXTS: tuple[tuple[Table, tuple[str, ...], tuple[str, ...]], ...] = (  # table, columns of text, columns of JSON
    (s.versions, ("path", "title", "text", "url"), ("places",)),
    (s.symbols, ("address", "name", "comment", "provider"), ("attributes",)),
    (s.symbol_references, ("target", "attribute"), ()),
    (s.abbreviations, ("short", "long"), ()),
    (s.items, ("reason",), ("redactions",)),
    (s.runs, ("message",), ("counts",)),
    (s.sources, ("location", "message"), ()),
    (s.settings, ("value",), ()),
    (s.gaps, ("question",), ("nearest",)),
)


def scrub(connection: Connection, clean: Clean) -> Counter[str]:
    """Puts what `clean` makes of each text in its place, names passages anew, and drops the vectors of what they said; gives how
    many rows of each table changed."""
    changed: Counter[str] = Counter()
    for row in connection.execute(select(s.documents)).all():
        _scrub_document(connection, row, clean, changed)
    for table, texts, documents in _TEXTS:
        changed[table.name] += _scrub_table(connection, table, texts, documents, clean)
    if changed.total():
        forget_unused(connection)
    return +changed


def _scrub_document(connection: Connection, row: Row[Any], clean: Clean, changed: Counter[str]) -> None:
    d, p = s.documents, s.passages
    new = {name: clean(getattr(row, name)) for name in ("title", "text", "url", "owner", "outdated")}
    new |= {name: clean_json(getattr(row, name), clean) for name in ("notes", "places")}
    passages = connection.execute(select(p).where(p.c.document_id == row.id).order_by(p.c.splitter, p.c.ordinal)).all()
    rows = _passages(row, passages, new["title"], clean)
    different = sum(after != before._asdict() for after, before in zip(rows, passages, strict=True))
    if not different and all(getattr(row, name) == value for name, value in new.items()):
        return
    new["content_hash"] = hashlib.sha256(new["text"].encode("utf-8", "surrogatepass")).hexdigest()
    connection.execute(update(d).where(d.c.id == row.id).values(new))
    connection.execute(delete(p).where(p.c.document_id == row.id))
    if rows:
        connection.execute(insert(p), rows)
    log = [{"subject": one["id"], "op": "put"} for one in rows] + [{"subject": row.id, "op": "document"}]
    connection.execute(insert(s.changes), log)
    changed["documents"] += 1
    changed["passages"] += different


def _passages(document: Row[Any], passages: Any, title: str, clean: Clean) -> list[dict[str, Any]]:
    """A document's passages, by splitter and place, as they must be now."""
    stamp = stamp_of(document.source, document.kind, document.path, title, document.access)
    seen: Counter[tuple[str, str]] = Counter()
    rows = []
    for before in passages:
        heading, text = clean_json(before.heading_path, clean), clean(before.text)
        name = text_hash(title, json.loads(heading), text)
        seen[before.splitter, name] += 1
        rows.append(
            {
                **before._asdict(), "heading_path": heading, "text": text, "text_hash": name, "stamp": stamp,
                "id": passage_id(before.splitter, document.id, name, seen[before.splitter, name]),
                "embedded": before.embedded if name == before.text_hash else 0,
            }
        )  # fmt: skip
    return rows


def _scrub_table(
    connection: Connection, table: Table, texts: tuple[str, ...], documents: tuple[str, ...], clean: Clean
) -> int:
    changed = 0
    for row in connection.execute(select(table)).all():
        before = row._asdict()
        new = {name: clean(before[name]) for name in texts}
        new |= {name: clean_json(before[name], clean) for name in documents}
        new = {name: value for name, value in new.items() if value != before[name]}
        if new:
            mine = and_(*(column == before[column.name] for column in table.primary_key))
            connection.execute(delete(table).where(mine))  # a name may be part of the key, and be there already
            connection.execute(upsert(table).values({**before, **new}).on_conflict_do_nothing())
            changed += 1
    return changed


def erase_document(connection: Connection, source: str, path: str, reason: str) -> Counter[str]:
    """Removes all that is known of the document at a path, now or before; its row in the ledger says why it is not read."""
    d, v, p, i = s.documents, s.versions, s.passages, s.items
    here = select(d.c.id).where(d.c.source == source, d.c.path == path)
    before = select(v.c.document_id).where(v.c.source == source, v.c.path == path)
    taken = select(d.c.id).where(
        or_(d.c.source != source, d.c.path != path)
    )  # it has moved on, and is another's path now
    ids = set(connection.execute(here.union(before)).scalars()) - set(connection.execute(taken).scalars())
    erased: Counter[str] = Counter()
    for document_id in ids:
        remove_symbols(connection, document_id)
        for table in (s.abbreviations, p, v):
            erased[table.name] += connection.execute(delete(table).where(table.c.document_id == document_id)).rowcount
        erased["documents"] += connection.execute(delete(d).where(d.c.id == document_id)).rowcount
        connection.execute(insert(s.changes).values(subject=document_id, op="document"))
    erased["versions"] += connection.execute(delete(v).where(v.c.source == source, v.c.path == path)).rowcount
    mine = (i.c.source == source, i.c.path == path)
    for signature in connection.execute(select(i.c.signature).where(*mine)).scalars().all():
        told = f"{signature.rpartition('|')[0]}|"  # by the source's own part a move is seen
        blank = {"outcome": "skipped", "reason": reason, "signature": told, "document_id": "", "redactions": "[]"}
        erased["items"] += connection.execute(update(i).where(*mine).values(blank)).rowcount
    forget_unused(connection)
    return +erased


def forget_unused(connection: Connection) -> None:
    """Drops vectors of texts that no passage has, and what the change log says of passages and documents that are gone."""
    e, p, c, d = s.embeddings, s.passages, s.changes, s.documents
    connection.execute(delete(e).where(e.c.text_hash.not_in(select(p.c.text_hash))))
    newest = connection.execute(select(c.c.seq).order_by(c.c.seq.desc()).limit(1)).scalar() or 0
    known = or_(c.c.subject.in_(select(p.c.id)), c.c.subject.in_(select(d.c.id)))
    connection.execute(delete(c).where(~known, c.c.seq != newest))
