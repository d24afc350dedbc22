"""Reading the catalog: documents, passages, access rules, the change log, and what each sync did."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    and_,
    case,
    distinct,
    func,
    not_,
    or_,
    select,
    true,
    tuple_,
)

from rag.catalog import prepared
from rag.catalog import schema as s
from rag.catalog.documents import DocumentTable, passage_of
from rag.catalog.engine import open_engine, translated
from rag.catalog.names import embedding_text
from rag.catalog.symbols import SymbolTable
from rag.catalog.writer import CatalogWriter
from rag.errors import NotFoundError, StorageError
from rag.ports import Entry, Vectors
from rag.records import AccessRule, Coverage, Document, Generation, Passage, Place, Standing, Viewer, digest

_DOCUMENT = s.documents.c.keys()
_WORDS_ASKED, _LONGEST = 40, 7  # words of a question in which they are looked for, and words of a long form


@dataclass(frozen=True)
class Change:
    """One row of the change log: `op` is put, delete or embed of a passage, or `document`, and then `subject` is a document's
    id."""

    seq: int
    subject: str
    op: str


@dataclass(frozen=True)
class SourceRow:
    """A source as last synced. `state` is new, ok, stale (could not be read) or partial; `message` says why."""

    name: str
    type: str
    location: str
    head: str
    state: str
    message: str
    listed_at: str
    synced_at: str


class Catalog:
    """The catalog at an SQLAlchemy URL. A reader never creates or upgrades it. With `keep_versions` its writer keeps what
    documents said before.

    Raises: SettingsError when it does not exist or a newer Waypost wrote it; StorageError when the disk fails.
    """

    def __init__(self, url: str, *, read_only: bool = False, keep_versions: bool = False) -> None:
        self.url = url
        self._keep_versions = keep_versions
        self._engine: Engine = open_engine(url, read_only=read_only)
        self._counts: tuple[object, tuple[int, int]] | None = None
        self.symbols = SymbolTable(self._read)
        self.listed = DocumentTable(self._read)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def write(self) -> Iterator[CatalogWriter]:
        """One transaction: all of it is committed at the end, or none."""
        with translated(self.url), self._engine.begin() as connection:
            yield CatalogWriter(connection, self._keep_versions)

    def compact(self) -> None:
        """Takes out of the catalog's file, and of its log, all that was deleted.

        Raises: StorageError when another process reads it, or there is no room: this takes as much again as the catalog.
        """
        with translated(self.url), self._engine.connect() as opened:
            connection = opened.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("VACUUM")
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
        if busy:
            raise StorageError(
                "another process reads the catalog, so that its log can't be emptied; end it, then try again"
            )

    def texts_at(self, source: str, path: str) -> list[str]:
        """What the document at a path says, and all that is kept of what it said before."""
        d, v = s.documents, s.versions
        here = select(d.c.id).where(d.c.source == source, d.c.path == path)
        before = or_(v.c.document_id.in_(here), and_(v.c.source == source, v.c.path == path))
        with self._read() as connection:
            texts = list(connection.execute(select(d.c.text).where(d.c.id.in_(here))).scalars())
            return texts + list(connection.execute(select(v.c.text).where(before)).scalars())

    def other_texts(self, source: str, path: str) -> Iterator[str]:
        """What every other document says."""
        d = s.documents
        with self._read() as connection:
            query = select(d.c.text).where(or_(d.c.source != source, d.c.path != path))
            yield from connection.execution_options(yield_per=100).execute(query).scalars()

    def stands_elsewhere(self, text: str, source: str, path: str) -> bool:
        """Whether some other document holds this text, now or in a version that is kept."""
        with self._read() as connection:
            for table in (s.documents, s.versions):
                other = or_(table.c.source != source, table.c.path != path)
                query = select(table.c.path).where(func.instr(table.c.text, text) > 0, other).limit(1)
                if connection.execute(query).first():
                    return True
        return False

    def marked(self, mark: str) -> list[tuple[str, str, int]]:
        """(source, path, line) of every line of a document that holds this text."""
        d = s.documents
        query = select(d.c.source, d.c.path, d.c.text).where(d.c.text.contains(mark, autoescape=True))
        with self._read() as connection:
            rows = connection.execute(query.order_by(d.c.source, d.c.path)).all()
        return [
            (row.source, row.path, number)
            for row in rows
            for number, line in enumerate(row.text.split("\n"), 1)
            if mark in line
        ]

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with translated(self.url), self._engine.connect() as connection:
            yield connection

    # -- documents and passages ---------------------------------------------------------------------------------------

    def document(self, document_id: str, viewer: Viewer) -> Document:
        """The document. Raises: NotFoundError when there is none or this viewer may not see it (the same text)."""
        with self._read() as connection:
            found = self._shown(connection, document_id, viewer)
        if found is None:
            raise NotFoundError(f"no document {document_id}")
        return found

    def _shown(self, connection: Connection, document_id: str, viewer: Viewer) -> Document | None:
        """The document where this viewer may see it; the query leaves hidden ones out, so that they cost what missing ones do."""
        d, rules = s.documents, self._rules(connection)
        mine = [key for key, rule in rules.items() if rule.admits(viewer.groups)]
        row = connection.execute(select(d).where(d.c.id == document_id, d.c.access.in_(mine))).first()
        return _document(row._mapping, rules) if row else None

    def version(self, document_id: str, version: str, viewer: Viewer) -> tuple[Document, str]:
        """A document as it was in a version, and when another one replaced it ("": it is the present one).

        A viewer must be admitted by the rule of then, and by the present one where the document still exists. One that is
        listed still but can't be read any more is shown to nobody: who may read it now isn't known.

        Raises: NotFoundError when there is no such version (any more), or this viewer may not see it.
        """
        v, i = s.versions, s.items
        asked = and_(v.c.document_id == document_id, v.c.version == version)
        listed = and_(i.c.source == v.c.source, i.c.path == v.c.path, i.c.outcome != "indexed")
        unread = select(i.c.path).join(v, listed).where(v.c.document_id == document_id)
        with self._read() as connection:
            present = self._shown(connection, document_id, viewer)
            if present is not None and present.version == version:
                return present, ""
            row = connection.execute(select(v).where(asked)).first()
            exists = connection.execute(select(s.documents.c.id).where(s.documents.c.id == document_id)).first()
            if connection.execute(unread).first() and present is None:
                row = None
            if exists and present is None:  # hidden: asked all that of a missing one is asked
                row = None
            found = _version(row, present, self._rules(connection)) if row else None
        if row is None or found is None or not found.access.admits(viewer.groups):
            known = f"no version {version} of document {document_id}; versions are kept for WAYPOST_KEEP_VERSIONS_DAYS"
            raise NotFoundError(known if present else f"no document {document_id}")
        return found, str(row.replaced_at)

    def documents(self, ids: Iterable[str]) -> dict[str, Document]:
        """The documents of these ids that exist."""
        with self._read() as connection:
            rules = self._rules(connection)
            rows = prepared.DOCUMENTS.rows(connection, ids=ids)
        documents = (_document(dict(zip(_DOCUMENT, row, strict=True)), rules) for row in rows)
        return {document.id: document for document in documents}

    def documents_for(self, viewer: Viewer) -> list[Document]:
        """Every document that this viewer may see, by source and path."""
        d = s.documents
        with self._read() as connection:
            rules = self._rules(connection)
            rows = connection.execute(select(d).order_by(d.c.source, d.c.path))
            found = [_document(row._mapping, rules) for row in rows]
        return [document for document in found if document.access.admits(viewer.groups)]

    def documents_beyond(self, source: str, rule: AccessRule) -> list[Document]:
        """A source's documents that someone may read whom this rule does not admit."""
        d = s.documents
        with self._read() as connection:
            rules = self._rules(connection)
            beyond = [key for key, one in rules.items() if not set(rule.clauses) <= set(one.clauses)]
            query = select(d).where(d.c.source == source, d.c.access.in_(beyond))
            return [_document(row._mapping, rules) for row in connection.execute(query)]

    def document_at(self, source: str, path: str) -> Document | None:
        """The document of a source at a path, or None."""
        with self._read() as connection:
            query = select(s.documents).where(s.documents.c.source == source, s.documents.c.path == path)
            row = connection.execute(query).first()
            return _document(row._mapping, self._rules(connection)) if row else None

    def versions(self, ids: Iterable[str], places: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
        """Document id to its present version, of these ids and of what stands at these places (source, path)."""
        d = s.documents
        columns = select(d.c.id, d.c.version)
        by_source: dict[str, list[str]] = {}
        for source, path in places:
            by_source.setdefault(source, []).append(path)
        with self._read() as connection:
            found = {
                row.id: row.version for row in _in_ids(connection, lambda part: columns.where(d.c.id.in_(part)), ids)
            }
            for source, paths in by_source.items():
                rows = _in_ids(
                    connection, lambda part, at=source: columns.where(d.c.source == at, d.c.path.in_(part)), paths
                )
                found |= {row.id: row.version for row in rows}
        return found

    def passages(self, ids: Iterable[str]) -> dict[str, Passage]:
        """The passages of these ids that exist."""
        with self._read() as connection:
            rows = prepared.PASSAGES.rows(connection, ids=ids)
        return {row[0]: passage_of(row) for row in rows}

    def passages_of(self, document_id: str, generation: Generation) -> list[Passage]:
        """A document's passages in the order of its lines, as this generation splits it."""
        with self._read() as connection:
            rows = prepared.PASSAGES_OF.rows(connection, document=document_id, splitter=generation.splitter)
        return [passage_of(row) for row in rows]

    def standings(self, document_ids: Iterable[str]) -> dict[str, Standing]:
        """What ranking wants to know of these documents."""
        with self._read() as connection:
            rows = prepared.STANDINGS.rows(connection, ids=document_ids)
        return {row[0]: Standing(row[1], bool(row[2]), row[3], row[4]) for row in rows}

    def other_forms(self, words: Sequence[str], access: Sequence[str]) -> list[tuple[str, str]]:
        """The short forms among these words with their long forms, and the long forms with their short ones, by the documents
        that these access rules admit. `words` are lower-case, in the order of the question."""
        asked = list(words)[:_WORDS_ASKED]
        runs = [
            " ".join(asked[at:end])
            for at in range(len(asked))
            for end in range(at + 2, min(at + _LONGEST, len(asked)) + 1)
        ]
        with self._read() as connection:
            rows = prepared.OTHER_FORMS.rows(connection, words=asked, runs=runs, access=access)
        return [(short, long) if is_short else (long, short) for short, long, is_short in rows]

    def paths(self) -> list[str]:
        """Every document's path, doubles left out."""
        with self._read() as connection:
            return list(connection.execute(select(s.documents.c.path).distinct()).scalars())

    def paths_for(self, viewer: Viewer) -> list[tuple[str, str]]:
        """(source, path) of every document that this viewer may see."""
        d, access = s.documents.c, self.access_keys(viewer)
        with self._read() as connection:
            rows = connection.execute(select(d.source, d.path).where(d.access.in_(access)))
            return [(source, path) for source, path in rows]

    def access_keys(self, viewer: Viewer) -> tuple[str, ...]:
        """The keys of the access rules that admit this viewer: what a search is limited to."""
        with self._read() as connection:
            return tuple(sorted(key for key, rule in self._rules(connection).items() if rule.admits(viewer.groups)))

    @staticmethod
    def _rules(connection: Connection) -> dict[str, AccessRule]:
        rows = prepared.RULES.rows(connection)
        return {key: AccessRule(tuple(tuple(c) for c in json.loads(clauses))) for key, clauses in rows}

    # -- what the indexes follow --------------------------------------------------------------------------------------

    def state(self) -> tuple[object, ...]:
        """What differs whenever documents or the ledger do: the last change, and the last run with its end."""
        newest = select(s.runs.c.id, s.runs.c.finished_at).order_by(s.runs.c.id.desc()).limit(1)
        with self._read() as connection:
            run = connection.execute(newest).first()
        return (self.last_change(), *(run or ()))

    def last_change(self) -> int:
        """The number of the newest change; 0 in an empty catalog."""
        with self._read() as connection:
            return prepared.LAST_CHANGE.rows(connection)[0][0] or 0

    def changes(self, after: int, limit: int) -> list[Change]:
        """At most `limit` changes after number `after`, oldest first."""
        query = select(s.changes).where(s.changes.c.seq > after).order_by(s.changes.c.seq).limit(limit)
        with self._read() as connection:
            return [Change(row.seq, row.subject, row.op) for row in connection.execute(query)]

    def changes_after(self, after: int, ops: Sequence[str]) -> int:
        """How many changes of these sorts came after that number."""
        c = s.changes
        query = select(func.count()).select_from(c).where(c.c.seq > after, c.c.op.in_(ops))
        with self._read() as connection:
            return connection.execute(query).scalar() or 0

    def entries(self, ids: Sequence[str], generation: Generation, *, with_vector: bool = False) -> list[Entry]:
        """What an index of this generation holds of these passages; `with_vector`, of those that its model has embedded."""
        p, d, e = s.passages, s.documents, s.embeddings
        columns: list[Any] = [p, d.c.source, d.c.path, d.c.title, d.c.kind.label("document_kind")]
        joined: Any = p.join(d, p.c.document_id == d.c.id)
        if with_vector:
            columns.append(e.c.vector)
            joined = joined.join(e, and_(e.c.text_hash == p.c.text_hash, e.c.model == generation.model))
        mine = p.c.splitter == generation.splitter
        with self._read() as connection:
            rows = _in_ids(
                connection, lambda part: select(*columns).select_from(joined).where(p.c.id.in_(part), mine), ids
            )
            return [_entry(row, with_vector) for row in rows]

    def vectors(self, generation: Generation) -> tuple[list[str], dict[str, NDArray[Any]], Vectors]:
        """Every passage that the generation's model has embedded: ids, columns (access, source, kind, path), and vectors of
        shape (n, d)."""
        p, d, e = s.passages, s.documents, s.embeddings
        names = ("access", "source", "kind", "path")
        query = (
            select(p.c.id, p.c.access, d.c.source, d.c.kind, d.c.path, e.c.vector)
            .join(d, p.c.document_id == d.c.id)
            .join(e, and_(e.c.text_hash == p.c.text_hash, e.c.model == generation.model))
            .where(p.c.splitter == generation.splitter)
        )
        with self._read() as connection:
            rows = connection.execute(query).all()
        matrix = np.frombuffer(b"".join(row.vector for row in rows), dtype=np.float32)
        columns = {name: np.array([getattr(row, name) for row in rows], dtype=str) for name in names}
        return (
            [row.id for row in rows],
            columns,
            matrix.reshape(len(rows), -1) if rows else np.zeros((0, 0), np.float32),
        )

    def count(self, generation: Generation, *, embedded_only: bool = False) -> int:
        """The number of a generation's passages, or of those that have a vector."""
        query = select(func.count()).select_from(s.passages).where(_mine(generation, embedded_only))
        with self._read() as connection:
            return connection.execute(query).scalar() or 0

    def document_entries(self, ids: Sequence[str]) -> list[Entry]:
        """What an index of whole documents holds of these: the full text, under the document's id."""
        d = s.documents
        with self._read() as connection:
            rows = _in_ids(connection, lambda part: select(d).where(d.c.id.in_(part)), ids)
            return [
                Entry(
                    id=row.id, document_id=row.id, source=row.source, kind=row.kind, path=row.path, title=row.title,
                    heading="", text=row.text, access=row.access, stamp=_document_stamp(row),
                )
                for row in rows
            ]  # fmt: skip

    def document_stamps(self) -> dict[str, str]:
        """Every document id with the stamp of its entry: what an index of whole documents should hold."""
        d = s.documents
        query = select(d.c.id, d.c.source, d.c.kind, d.c.path, d.c.title, d.c.access, d.c.content_hash)
        with self._read() as connection:
            return {row.id: _document_stamp(row) for row in connection.execute(query)}

    def stamps(self, generation: Generation, *, embedded_only: bool = False) -> dict[str, str]:
        """Every passage id of a generation with its stamp: what an index should hold."""
        query = select(s.passages.c.id, s.passages.c.stamp).where(_mine(generation, embedded_only))
        with self._read() as connection:
            return {row.id: row.stamp for row in connection.execute(query)}

    def unembedded(self, generation: Generation) -> list[tuple[str, str]]:
        """(text hash, text to embed) of each distinct text without a vector of the generation's model, shortest first."""
        p, d = s.passages, s.documents
        query = (
            select(p.c.text_hash, p.c.text, p.c.heading_path, d.c.title)
            .join(d, p.c.document_id == d.c.id)
            .where(p.c.splitter == generation.splitter, not_(_embedded(generation)))
        )
        with self._read() as connection:
            texts = {
                row.text_hash: embedding_text(row.title, json.loads(row.heading_path), row.text)
                for row in connection.execute(query)
            }
        return sorted(texts.items(), key=lambda item: len(item[1]))

    def unsplit(self, generation: Generation, *, split_elsewhere: bool = False) -> list[str]:
        """The ids of the documents of which there is no passage as this generation splits them; `split_elsewhere`: only of
        those that another splitter makes passages of, so that empty ones don't count."""
        d, p = s.documents, s.passages
        has = select(p.c.id).where(p.c.document_id == d.c.id, p.c.splitter == generation.splitter).exists()
        other = select(p.c.id).where(p.c.document_id == d.c.id).exists() if split_elsewhere else true()
        with self._read() as connection:
            return list(connection.execute(select(d.c.id).where(not_(has), other).order_by(d.c.id)).scalars())

    def coverage(
        self, access: Sequence[str], lexical_watermark: int, vectors_watermark: int, generation: Generation
    ) -> Coverage:
        """How many of a generation's passages that these access rules admit each index can find, from its watermark."""
        with self._read() as connection:
            last = prepared.LAST_CHANGE.rows(connection)[0][0] or 0
            total, embedded = self._count(connection, access, last, generation)
            lexical, vectors = (
                self._behind(connection, access, mark, _mine(generation, only_embedded), only_embedded)
                if mark < last
                else 0
                for mark, only_embedded in ((lexical_watermark, False), (vectors_watermark, True))
            )
        return Coverage(total, total - lexical, embedded - vectors)

    def _count(
        self, connection: Connection, access: Sequence[str], last: int, generation: Generation
    ) -> tuple[int, int]:
        key = (last, tuple(access), generation)
        if self._counts is None or self._counts[0] != key:
            p = s.passages
            query = select(func.count(), func.coalesce(func.sum(p.c.embedded), 0)).where(
                p.c.access.in_(access), p.c.splitter == generation.splitter
            )
            row = connection.execute(query).one()
            self._counts = (key, (row[0], row[1]))
        return self._counts[1]

    # -- generations --------------------------------------------------------------------------------------------------

    def generations(self) -> list[Generation]:
        """Every generation, oldest first."""
        with self._read() as connection:
            rows = connection.execute(select(s.generations).order_by(s.generations.c.number))
            return [Generation(**row._mapping) for row in rows]

    def serving(self) -> Generation | None:
        """The generation that searches go to; None before the first sync."""
        return next((generation for generation in self.generations() if generation.serving), None)

    @staticmethod
    def _behind(
        connection: Connection, access: Sequence[str], mark: int, mine: ColumnElement[bool], only_embedded: bool
    ) -> int:
        c, p = s.changes, s.passages
        query = (
            select(func.count(distinct(p.c.id)))
            .join(c, c.c.subject == p.c.id)
            .where(c.c.seq > mark, c.c.op != ("delete" if only_embedded else "embed"), p.c.access.in_(access), mine)
        )
        return connection.execute(query).scalar() or 0

    # -- the ledger ---------------------------------------------------------------------------------------------------

    def sources(self) -> list[SourceRow]:
        """Every source ever synced, by name."""
        with self._read() as connection:
            rows = connection.execute(select(s.sources).order_by(s.sources.c.name))
            return [SourceRow(**row._mapping) for row in rows]

    def known_sources(self, viewer: Viewer) -> set[str]:
        """The sources of which this viewer may see some document, and those that have none."""
        admitted, counts = set(self.access_keys(viewer)), self.document_counts()
        visible = {source for source, access in counts if access in admitted}
        hidden = {source for source, _ in counts} - visible
        return {row.name for row in self.sources()} - hidden

    def remembered(self) -> set[str]:
        """The sources of which it is kept what documents said before."""
        with self._read() as connection:
            return set(connection.execute(select(s.versions.c.source).distinct()).scalars())

    def items(self, source: str) -> dict[str, Row[Any]]:
        """The ledger of a source: path to row (signature, outcome, reason, document_id, redactions)."""
        with self._read() as connection:
            rows = connection.execute(select(s.items).where(s.items.c.source == source).order_by(s.items.c.path))
            return {row.path: row for row in rows}

    def listed_paths(self) -> dict[str, set[str]]:
        """Every path that a source listed, read or not, by source."""
        found: dict[str, set[str]] = {}
        with self._read() as connection:
            for row in connection.execute(select(s.items.c.source, s.items.c.path)):
                found.setdefault(row.source, set()).add(row.path)
        return found

    def any_links(self) -> dict[str, str]:
        """The link of some document of each source."""
        t = s.documents
        query = select(t.c.source, func.min(t.c.url)).where(t.c.url != "").group_by(t.c.source)
        with self._read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def refused(self, ending: str) -> dict[str, list[str]]:
        """The paths with this ending that were listed and not read, or not all of it, by source."""
        t = s.items
        unread = or_(t.c.outcome != "indexed", t.c.reason.startswith("partial:"))
        query = select(t.c.source, t.c.path).where(t.c.path.endswith(ending, autoescape=True), unread)
        found: dict[str, list[str]] = {}
        with self._read() as connection:
            for row in connection.execute(query.order_by(t.c.source, t.c.path)):
                found.setdefault(row.source, []).append(row.path)
        return found

    def item_counts(self) -> list[tuple[str, str, str, int, int]]:
        """(source, outcome, why not indexed, how many of them are held, how many) of what all sources listed."""
        t = s.items
        reason = case((t.c.outcome == "indexed", ""), else_=t.c.reason)
        held = func.sum(case((t.c.missing_since != "", 1), else_=0))
        query = select(t.c.source, t.c.outcome, reason, held, func.count()).group_by(t.c.source, t.c.outcome, reason)
        with self._read() as connection:
            return [(row[0], row[1], row[2], row[3], row[4]) for row in connection.execute(query)]

    def runs(
        self,
        limit: int = 50,
        source: str = "",
        among: Iterable[str] | None = None,
        until: tuple[str, str] | None = None,
    ) -> list[Mapping[str, Any]]:
        """The newest sync runs, newest first; with `source` those of one, with `among` those of some, with `until` (when
        one began, its source) those from there on."""
        mine = s.runs.c.source == source if source else true()
        known: ColumnElement[bool] = true() if among is None else s.runs.c.source.in_(list(among))
        order = (s.runs.c.started_at, s.runs.c.source)
        known = and_(known, tuple_(*order) <= tuple_(*until)) if until else known
        with self._read() as connection:
            rows = connection.execute(
                select(s.runs).where(mine, known).order_by(*(one.desc() for one in (*order, s.runs.c.id))).limit(limit)
            )
            return [{**row._mapping, "counts": json.loads(row.counts)} for row in rows]

    def run_counts(self) -> list[tuple[str, str, int]]:
        """(source, outcome, how many syncs of it ended so)."""
        r = s.runs
        query = (
            select(r.c.source, r.c.outcome, func.count()).where(r.c.finished_at != "").group_by(r.c.source, r.c.outcome)
        )
        with self._read() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(query)]

    def last_runs(self) -> list[tuple[str, str, str]]:
        """(source, when its last sync that ended began, when it ended)."""
        r = s.runs
        last = select(func.max(r.c.id)).where(r.c.finished_at != "").group_by(r.c.source)
        with self._read() as connection:
            rows = connection.execute(select(r.c.source, r.c.started_at, r.c.finished_at).where(r.c.id.in_(last)))
            return [(row[0], row[1], row[2]) for row in rows]

    def runs_begun(self) -> dict[str, str]:
        """When the last run of each source began."""
        query = select(s.runs.c.source, func.max(s.runs.c.started_at)).group_by(s.runs.c.source)
        with self._read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def setting(self, name: str) -> str:
        """A single value, "" if never set."""
        with self._read() as connection:
            query = select(s.settings.c.value).where(s.settings.c.name == name)
            return connection.execute(query).scalar() or ""

    def document_counts(self) -> dict[tuple[str, str], int]:
        """(source, access key) to number of documents."""
        d = s.documents
        with self._read() as connection:
            rows = connection.execute(select(d.c.source, d.c.access, func.count()).group_by(d.c.source, d.c.access))
            return {(row[0], row[1]): row[2] for row in rows}


def _mine(generation: Generation, embedded_only: bool) -> ColumnElement[bool]:
    mine = s.passages.c.splitter == generation.splitter
    return and_(mine, _embedded(generation)) if embedded_only else mine


def _embedded(generation: Generation) -> ColumnElement[bool]:
    """That a passage has a vector of the generation's model: noted where it serves, else looked up, which takes longer."""
    p, e = s.passages, s.embeddings
    if generation.serving:
        return p.c.embedded == 1
    return select(e.c.text_hash).where(e.c.model == generation.model, e.c.text_hash == p.c.text_hash).exists()


def _in_ids(connection: Connection, query: Any, ids: Iterable[str]) -> Sequence[Row[Any]]:
    """The rows of a query over these ids, which it is given as a list in SQL: bound one by one they take longer."""
    found = connection.execute(query(prepared.given("ids")), {"ids": json.dumps(list(ids))})
    return found.all()  # row by row is slower


def _document(row: Mapping[Any, Any], rules: Mapping[str, AccessRule]) -> Document:
    values = dict(row)
    values["access"] = rules.get(values["access"], AccessRule(((),)))  # a rule that is not there admits nobody
    values["notes"] = tuple(json.loads(values["notes"]))
    values["places"] = _places(values["places"])
    return Document(**values)


def _places(stored: str) -> tuple[Place, ...]:
    return tuple(Place(*values) for values in json.loads(stored))


def _version(row: Row[Any], present: Document | None, rules: Mapping[str, AccessRule]) -> Document:
    """What a document said before, of the kind and owner that it has now."""
    return Document(
        id=row.document_id, source=row.source, path=row.path, title=row.title, kind=present.kind if present else "",
        text=row.text, version=row.version, url=row.url, line_anchor=row.line_anchor, updated_at=row.updated_at,
        owner=present.owner if present else "", access=rules.get(row.access, AccessRule(((),))), content_hash="",
        places=_places(row.places),
    )  # fmt: skip


def _document_stamp(row: Any) -> str:
    return digest("stamp", row.source, row.kind, row.path, row.title, row.access, row.content_hash)


def _entry(row: Row[Any], with_vector: bool) -> Entry:
    return Entry(
        id=row.id,
        document_id=row.document_id,
        source=row.source,
        kind=row.document_kind,
        path=row.path,
        title=row.title,
        heading=" ".join(json.loads(row.heading_path)),
        text=row.text,
        access=row.access,
        stamp=row.stamp,
        vector=np.frombuffer(row.vector, dtype=np.float32) if with_vector else None,
    )
