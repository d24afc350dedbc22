"""Writing the catalog. One `CatalogWriter` is one transaction; what it changes, it writes into the change log too."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, literal, select, true, update
from sqlalchemy.dialects.sqlite import insert as upsert

from rag.catalog import erasure
from rag.catalog import schema as s
from rag.catalog.names import doubted, passage_id
from rag.catalog.symbols import put_symbols, remove_symbols
from rag.ports import Vectors
from rag.records import AccessRule, Document, Generation, PassageDraft, digest
from rag.terraform.records import Symbol


def now() -> str:
    """The present in ISO 8601, UTC, whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class CatalogWriter:
    """The writing half of the catalog, bound to one transaction. With `keep_versions` what a document said before is kept."""

    def __init__(self, connection: Connection, keep_versions: bool = False) -> None:
        self._connection = connection
        self._keep_versions = keep_versions

    # -- sources, runs, items -----------------------------------------------------------------------------------------

    def put_source(self, name: str, **values: str) -> None:
        """Adds or changes the row of a source; only the named columns change."""
        found = self._connection.execute(select(s.sources.c.name).where(s.sources.c.name == name)).first()
        if found:
            self._connection.execute(update(s.sources).where(s.sources.c.name == name).values(**values))
        else:
            blank = {
                "type": "",
                "location": "",
                "head": "",
                "state": "new",
                "message": "",
                "listed_at": "",
                "synced_at": "",
            }
            self._connection.execute(insert(s.sources).values({**blank, "name": name, **values}))

    def start_run(self, source: str) -> int:
        """Begins the record of one sync of one source, and gives its number. One that still runs there was killed: there is one
        writer."""
        cut = {"finished_at": now(), "outcome": "interrupted", "message": "it ended without a word: killed, perhaps"}
        running = (s.runs.c.source == source, s.runs.c.outcome == "running")
        self._connection.execute(update(s.runs).where(*running).values(**cut))
        result = self._connection.execute(insert(s.runs).values(source=source, started_at=now()))
        key = result.inserted_primary_key
        assert key is not None
        return int(key[0])

    def finish_run(self, run: int, outcome: str, message: str, counts: Mapping[str, int]) -> None:
        """Ends it: `outcome` is done, failed, partial or interrupted."""
        values = {"finished_at": now(), "outcome": outcome, "message": message, "counts": json.dumps(counts)}
        self._connection.execute(update(s.runs).where(s.runs.c.id == run).values(**values))

    def put_item(
        self, source: str, path: str, signature: str, outcome: str, reason: str = "", document_id: str = "",
        redactions: Sequence[Mapping[str, Any]] = (), terms: str = "", retry_at: str = "", attempts: int = 0,
    ) -> None:  # fmt: skip
        """Writes what became of one listed thing into the ledger."""
        values = {
            "signature": signature,
            "outcome": outcome,
            "reason": reason,
            "document_id": document_id,
            "redactions": json.dumps(list(redactions)),
            "terms": terms,
            "missing_since": "",
            "retry_at": retry_at,
            "attempts": attempts,
        }
        statement = upsert(s.items).values(source=source, path=path, **values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["source", "path"], set_=values))

    def keep_item(
        self, source: str, path: str, signature: str, outcome: str, reason: str, retry_at: str, attempts: int
    ) -> bool:  # fmt: skip
        """Writes into the ledger that a thing can't be read now, whose document stays; False where it has none."""
        mine = (s.items.c.source == source, s.items.c.path == path, s.items.c.document_id != "")
        values = {"signature": signature, "outcome": outcome, "reason": reason, "missing_since": ""}
        kept = update(s.items).where(*mine).values(**values, retry_at=retry_at, attempts=attempts)
        return bool(self._connection.execute(kept).rowcount)

    def attempts(self, source: str, path: str, signature: str) -> int:
        """How often a thing was quarantined as it is now."""
        t = s.items
        mine = (t.c.source == source, t.c.path == path, t.c.signature == signature)
        return self._connection.execute(select(t.c.attempts).where(*mine)).scalar() or 0

    def put_terms(self, source: str, path: str, terms: str) -> None:
        """Notes what the source says of who may read a thing and whose it is, where nothing else of it changed."""
        mine = (s.items.c.source == source, s.items.c.path == path)
        self._connection.execute(update(s.items).where(*mine).values(terms=terms))

    def hold_items(self, source: str, missing: Iterable[str], back: Iterable[str] = ()) -> None:
        """Notes since when complete listings lack these things, and that others are there again."""
        for paths, changes in ((missing, {"missing_since": now()}), (back, {"missing_since": ""})):
            for path in paths:
                unset = s.items.c.missing_since == "" if changes["missing_since"] else true()
                mine = (s.items.c.source == source, s.items.c.path == path, unset)
                self._connection.execute(update(s.items).where(*mine).values(changes))

    def retry_now(self, sources: Sequence[str]) -> None:
        """Lets the next sync try what is quarantined, whenever its time is."""
        mine = (s.items.c.source.in_(sources), s.items.c.outcome == "quarantined")
        self._connection.execute(update(s.items).where(*mine).values(retry_at=""))

    def doubt_item(self, source: str, path: str) -> None:
        """Lets the next sync read a thing anew, changed or not; the source's own part of its signature stays."""
        self._doubt(source, path, path)

    def _doubt(self, source: str, path: str, to: str) -> None:
        t = s.items
        mine = (t.c.source == source, t.c.path == path)
        for signature in self._connection.execute(select(t.c.signature).where(*mine)).scalars().all():
            self._connection.execute(update(t).where(*mine).values(path=to, signature=doubted(signature)))

    def remove_item(self, source: str, path: str) -> None:
        self._connection.execute(delete(s.items).where(s.items.c.source == source, s.items.c.path == path))

    # -- documents ----------------------------------------------------------------------------------------------------

    def document_id(self, source: str, path: str) -> str:
        """The id of the document at this path: its present one, or a new one that no (moved) document bears."""
        d = s.documents
        row = self._connection.execute(select(d.c.id).where(d.c.source == source, d.c.path == path)).first()
        if row:
            return str(row.id)
        attempt = 0
        while True:
            candidate = digest("document", source, path, *([str(attempt)] if attempt else []))
            if not self._connection.execute(select(d.c.id).where(d.c.id == candidate)).first():
                return candidate
            attempt += 1

    def move_documents(self, source: str, moved: Mapping[str, str]) -> None:
        """Lets the document at each old path keep its id at its new one, and its thing of the ledger with it, to be read anew.
        `moved` maps new paths to old ones, and may change them round; a document that stood at a new path, and did not move
        itself, was replaced, and is removed."""
        d = s.documents
        for old in moved.values():
            for document_id in self._ids_at(source, old):
                self._keep_version(document_id)
        for new in moved.keys() - set(moved.values()):
            for document_id in self._ids_at(source, new):
                self.remove_document(document_id)
            self.remove_item(source, new)
        steps = [(old, f"\0{old}") for old in moved.values()] + [(f"\0{old}", new) for new, old in moved.items()]
        for at, to in steps:  # by way of a path that is nobody's
            self._connection.execute(update(d).where(d.c.source == source, d.c.path == at).values(path=to))
            self._doubt(source, at, to)

    def _ids_at(self, source: str, path: str) -> list[str]:
        d = s.documents
        return list(self._connection.execute(select(d.c.id).where(d.c.source == source, d.c.path == path)).scalars())

    def put_document(
        self, document: Document, drafts: Sequence[PassageDraft], text_hashes: Sequence[str], generation: Generation,
        abbreviations: Mapping[str, str] | None = None, symbols: Sequence[Symbol] = (),
    ) -> None:  # fmt: skip
        """Stores a document with its passages of this generation, replacing what was there, and logs what the indexes must
        change. What other generations hold of it goes too, unless the document is the same.

        `text_hashes[i]` names the text to embed of `drafts[i]`. Passages whose text stays keep their id and vector.
        `abbreviations` are short forms with what the document says they stand for, `symbols` what it defines.
        """
        self._put_access(document.access)
        self._keep_version(document.id, document.version)
        access = document.access.key
        rows = self._passage_rows(document, drafts, text_hashes, generation)
        p, a = s.passages, s.abbreviations
        replaced = p.c.document_id == document.id
        if self._unchanged(document):
            replaced = and_(replaced, p.c.splitter == generation.splitter)
        old = {row.id: row.stamp for row in self._connection.execute(select(p.c.id, p.c.stamp).where(replaced))}
        values = {
            "source": document.source, "path": document.path, "title": document.title, "kind": document.kind,
            "text": document.text, "version": document.version, "url": document.url,
            "line_anchor": document.line_anchor, "updated_at": document.updated_at, "owner": document.owner,
            "access": access, "content_hash": document.content_hash, "notes": json.dumps(document.notes),
            "outdated": document.outdated, "reviewed_at": document.reviewed_at, "review_due": document.review_due,
            "places": json.dumps([astuple(place) for place in document.places]),
        }  # fmt: skip
        statement = upsert(s.documents).values(id=document.id, **values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
        self._connection.execute(delete(p).where(replaced))
        if rows:
            self._connection.execute(insert(p), list(rows.values()))
        self._connection.execute(delete(a).where(a.c.document_id == document.id))
        learnt = [{"document_id": document.id, "short": k, "long": v} for k, v in (abbreviations or {}).items()]
        if learnt:
            self._connection.execute(insert(a), learnt)
        put_symbols(self._connection, document, symbols)
        self._log((i, "delete") for i in old if i not in rows)
        self._log((i, "put") for i, row in rows.items() if old.get(i) != row["stamp"])
        self._log([(document.id, "document")])

    def _unchanged(self, document: Document) -> bool:
        """Whether text, place, title, kind and access are those that are stored."""
        p, d = s.passages, s.documents
        stored = self._connection.execute(select(d.c.content_hash).where(d.c.id == document.id)).scalar()
        stamps = select(p.c.stamp).where(p.c.document_id == document.id).distinct()
        return stored == document.content_hash and self._connection.execute(stamps).scalars().all() == [document.stamp]

    def put_passages(
        self, document: Document, drafts: Sequence[PassageDraft], text_hashes: Sequence[str], generation: Generation
    ) -> None:
        """Adds a stored document's passages as another generation splits it; the other generations' stay."""
        rows = self._passage_rows(document, drafts, text_hashes, generation)
        if rows:
            self._connection.execute(upsert(s.passages).on_conflict_do_nothing(), list(rows.values()))
        self._log((i, "put") for i in rows)

    def _passage_rows(
        self, document: Document, drafts: Sequence[PassageDraft], hashes: Sequence[str], generation: Generation
    ) -> dict[str, dict[str, Any]]:
        access, stamp = document.access.key, document.stamp
        e = s.embeddings
        wanted = sorted(set(hashes))
        embedded: set[str] = set()
        for at in range(0, len(wanted), 500):
            query = select(e.c.text_hash).where(e.c.model == generation.model, e.c.text_hash.in_(wanted[at : at + 500]))
            embedded.update(self._connection.execute(query).scalars())
        seen: Counter[str] = Counter()
        rows: dict[str, dict[str, Any]] = {}
        for ordinal, (draft, text_hash) in enumerate(zip(drafts, hashes, strict=True)):
            seen[text_hash] += 1
            name = passage_id(generation.splitter, document.id, text_hash, seen[text_hash])
            rows[name] = {
                "id": name, "splitter": generation.splitter, "document_id": document.id, "ordinal": ordinal,
                "heading_path": json.dumps(draft.heading_path), "text": draft.text, "start_line": draft.start_line,
                "end_line": draft.end_line, "kind": draft.kind, "text_hash": text_hash, "stamp": stamp,
                "access": access, "embedded": int(text_hash in embedded),
            }  # fmt: skip
        return rows

    def put_access(self, document: Document) -> None:
        """Stores who may read a document now, and whose it is; text, passages and vectors stay."""
        self._put_access(document.access)
        d, p, access = s.documents, s.passages, document.access.key
        self._connection.execute(update(d).where(d.c.id == document.id).values(access=access, owner=document.owner))
        mine = and_(p.c.document_id == document.id, p.c.stamp != document.stamp)
        ids = self._connection.execute(select(p.c.id).where(mine)).scalars().all()
        self._connection.execute(update(p).where(mine).values(stamp=document.stamp, access=access))
        self._log((i, "put") for i in ids)
        self._log([(document.id, "document")])

    def remove_document(self, document_id: str) -> None:
        """Takes a document out of the catalog and, by the change log, out of every index."""
        self._keep_version(document_id)
        p = s.passages
        ids = self._connection.execute(select(p.c.id).where(p.c.document_id == document_id)).scalars().all()
        self._connection.execute(delete(p).where(p.c.document_id == document_id))
        self._connection.execute(delete(s.abbreviations).where(s.abbreviations.c.document_id == document_id))
        remove_symbols(self._connection, document_id)
        gone = self._connection.execute(delete(s.documents).where(s.documents.c.id == document_id)).rowcount
        self._log((i, "delete") for i in ids)
        self._log([(document_id, "document")] if gone else [])

    def remove_source(self, name: str) -> None:
        """Takes a source with all its documents out of the catalog and, by the change log, out of every index."""
        d = s.documents
        for document_id in self._connection.execute(select(d.c.id).where(d.c.source == name)).scalars().all():
            self.remove_document(document_id)
        self._connection.execute(delete(s.versions).where(s.versions.c.source == name))
        self._connection.execute(delete(s.items).where(s.items.c.source == name))
        self._connection.execute(delete(s.sources).where(s.sources.c.name == name))

    def _keep_version(self, document_id: str, coming: str = "") -> None:
        """Keeps what a stored document says, under its version, before the version that is coming replaces it.

        The same version with another text is one that was read or redacted better: what it was before is not kept.
        """
        if not self._keep_versions:
            return
        d, v = s.documents, s.versions
        names = [column.name for column in v.c if column.name not in ("document_id", "replaced_at")]
        stored = select(d.c.id, literal(now()), *(d.c[name] for name in names)).where(
            d.c.id == document_id, d.c.version != coming
        )
        statement = upsert(v).from_select(["document_id", "replaced_at", *names], stored)
        again = {name: statement.excluded[name] for name in ("replaced_at", *names) if name not in ("version", "path")}
        self._connection.execute(statement.on_conflict_do_update(index_elements=["document_id", "version"], set_=again))

    def expire_versions(self, before: str) -> int:
        """Removes the versions that were replaced before this moment (as `now` writes it), and gives their number."""
        return self._connection.execute(delete(s.versions).where(s.versions.c.replaced_at < before)).rowcount

    def rewrite_versions(self, source: str, rewrite: Callable[[str, str], str]) -> None:
        """Puts what `rewrite` makes of path and text in place of what a source's documents said before."""
        v = s.versions
        for row in self._connection.execute(select(v).where(v.c.source == source)).all():
            if (text := rewrite(row.path, row.text)) != row.text:
                mine = (v.c.document_id == row.document_id, v.c.version == row.version)
                self._connection.execute(update(v).where(*mine).values(text=text))

    def scrub(self, clean: Callable[[str], str]) -> Mapping[str, int]:
        """Takes what `clean` takes out of a text out of everything that is stored; the indexes must be made anew. Gives how many
        rows of each table changed."""
        return erasure.scrub(self._connection, clean)

    def paths_with(self, clean: Callable[[str], str]) -> list[tuple[str, str]]:
        """(source, path) of everything in whose path `clean` changes something."""
        return erasure.paths_with(self._connection, clean)

    def erase_document(self, source: str, path: str, reason: str) -> Mapping[str, int]:
        """Removes all that is known of the document at a path, now or before, and says why in the ledger; the indexes must be
        made anew. Gives how many rows of each table that were."""
        return erasure.erase_document(self._connection, source, path, reason)

    def _put_access(self, rule: AccessRule) -> None:
        values = {"key": rule.key, "clauses": json.dumps(rule.clauses)}
        self._connection.execute(upsert(s.access_rules).values(values).on_conflict_do_nothing())

    def _log(self, changes: Iterable[tuple[str, str]]) -> None:
        rows = [{"subject": subject, "op": op} for subject, op in changes]
        if rows:
            self._connection.execute(insert(s.changes), rows)

    # -- embeddings ---------------------------------------------------------------------------------------------------

    def put_embeddings(self, text_hashes: Sequence[str], vectors: Vectors, generation: Generation) -> None:
        """Stores vectors of a generation's model, shape (len(text_hashes), dimensions).

        Where it serves, its passages count as embedded from now on, and the change log says whose they are.
        """
        rows = [
            {"model": generation.model, "text_hash": text_hash, "vector": vector.tobytes()}
            for text_hash, vector in zip(text_hashes, vectors, strict=True)
        ]
        if not rows:
            return
        self._connection.execute(upsert(s.embeddings).on_conflict_do_nothing(), rows)
        if not generation.serving:
            return
        p = s.passages
        for at in range(0, len(text_hashes), 500):
            part = and_(p.c.text_hash.in_(text_hashes[at : at + 500]), p.c.splitter == generation.splitter)
            ids = self._connection.execute(select(p.c.id).where(part, p.c.embedded == 0)).scalars().all()
            self._connection.execute(update(p).where(part, p.c.embedded == 0).values(embedded=1))
            self._log((i, "embed") for i in ids)

    # -- generations --------------------------------------------------------------------------------------------------

    def add_generation(self, generation: Generation) -> Generation:
        """Adds a generation as one that is being built, and gives it with its number."""
        added = replace(generation, state="building", created_at=now())
        values = {name: value for name, value in asdict(added).items() if name != "number"}
        key = self._connection.execute(insert(s.generations).values(values)).inserted_primary_key
        assert key is not None
        return replace(added, number=int(key[0]))

    def serve(self, generation: Generation) -> Generation:
        """Lets searches go to this generation from the end of the transaction on; the one that served is kept."""
        p, e, g = s.passages, s.embeddings, s.generations
        self._connection.execute(update(g).where(g.c.state == "serving").values(state="kept"))
        self._connection.execute(update(g).where(g.c.number == generation.number).values(state="serving"))
        has = select(e.c.text_hash).where(e.c.model == generation.model, e.c.text_hash == p.c.text_hash).exists()
        mine = p.c.splitter == generation.splitter
        self._connection.execute(update(p).where(p.c.embedded == 1).values(embedded=0))
        self._connection.execute(update(p).where(mine, has).values(embedded=1))
        return replace(generation, state="serving")

    def remove_generation(self, number: int) -> None:
        """Forgets a generation, and the passages and vectors that no other one uses."""
        p, e, g = s.passages, s.embeddings, s.generations
        self._connection.execute(delete(g).where(g.c.number == number))
        self._connection.execute(delete(p).where(p.c.splitter.not_in(select(g.c.splitter))))
        self._connection.execute(delete(e).where(e.c.model.not_in(select(g.c.model))))

    def put_setting(self, name: str, value: str) -> None:
        statement = upsert(s.settings).values(name=name, value=value)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))

    # -- gaps ---------------------------------------------------------------------------------------------------------

    def put_gap(self, question: str, nearest: Sequence[str]) -> None:
        """Records a question that the documents don't answer, with the ids of the nearest documents."""
        self._connection.execute(
            insert(s.gaps).values(asked_at=now(), question=question, nearest=json.dumps(list(nearest)))
        )
