"""The catalog's documents as lists, by where they stand and what they are called, and passages with their neighbours.

`Catalog.listed` reads them, for the access rules that are given alone: what they don't admit is left out by the query, so that it
costs what a missing one costs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypedDict, Unpack

from sqlalchemy import ColumnElement, Connection, func, or_, select, tuple_

from rag.catalog import schema as s
from rag.catalog.prepared import PASSAGE
from rag.errors import NotFoundError
from rag.records import Passage

_BEGINNING = 4000  # characters of a text in which its front matter ends
Behind = tuple[str, str]  # source and path of a document: its place in the order of all


@dataclass(frozen=True)
class ListedDocument:
    """A document without its text."""

    id: str
    source: str
    path: str
    title: str
    kind: str
    version: str
    url: str
    updated_at: str
    owner: str
    outdated: str


@dataclass(frozen=True)
class PageRow:
    """A document as others name it; `beginning` are its first characters."""

    id: str
    source: str
    path: str
    title: str
    kind: str
    url: str
    version: str
    outdated: bool
    beginning: str


class WantedDocuments(TypedDict, total=False):
    """What documents to find: those equal to each of these that is given and not empty; `path` is a regular expression that the
    whole path matches."""

    source: str
    kind: str
    owner: str
    path: str


class DocumentTable:
    """Reads lists of documents, and passages in their surroundings."""

    def __init__(self, read: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._read = read

    def find(
        self, access: Sequence[str], *, after: Behind, limit: int, **wanted: Unpack[WantedDocuments]
    ) -> list[ListedDocument]:
        """At most `limit` documents that come behind the place `after`, in the order of source and path."""
        d = s.documents
        columns = [d.c[name] for name in ListedDocument.__dataclass_fields__]
        behind = tuple_(d.c.source, d.c.path) > tuple_(*after)
        query = select(*columns).where(*_clauses(access, wanted), behind).order_by(d.c.source, d.c.path).limit(limit)
        with self._read() as connection:
            return [ListedDocument(**row._mapping) for row in connection.execute(query)]

    def count(self, access: Sequence[str], **wanted: Unpack[WantedDocuments]) -> int:
        """How many documents `find` gives without a limit."""
        query = select(func.count()).select_from(s.documents).where(*_clauses(access, wanted))
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    def of_kinds(self, access: Sequence[str], kinds: Sequence[str] = ()) -> list[PageRow]:
        """The documents of these kinds, of any without; by source and path."""
        d = s.documents
        columns = (d.c.id, d.c.source, d.c.path, d.c.title, d.c.kind, d.c.url, d.c.version, d.c.outdated)
        query = select(*columns, func.substr(d.c.text, 1, _BEGINNING)).where(d.c.access.in_(access))
        if kinds:
            query = query.where(d.c.kind.in_(kinds))
        with self._read() as connection:
            rows = connection.execute(query.order_by(d.c.source, d.c.path)).all()
        return [PageRow(*row[:7], bool(row[7]), row[8]) for row in rows]

    def holding(self, access: Sequence[str], texts: Sequence[str], endings: Sequence[str]) -> list[str]:
        """The ids of the documents whose path has one of these endings and whose text holds one of these, by source and path."""
        d = s.documents
        ends = or_(*(d.c.path.endswith(ending, autoescape=True) for ending in endings))
        held = or_(*(func.instr(d.c.text, text) > 0 for text in texts))
        query = select(d.c.id).where(d.c.access.in_(access), ends, held)
        with self._read() as connection:
            return list(connection.execute(query.order_by(d.c.source, d.c.path)).scalars())

    def passage(self, access: Sequence[str], passage_id: str, around: int) -> tuple[list[Passage], int]:
        """A passage among those that stand before and after it in its document, at most `around` each, and its place in the list.

        Raises: NotFoundError when there is none that these rules admit.
        """
        p = s.passages
        with self._read() as connection:
            row = connection.execute(select(p).where(p.c.id == passage_id, p.c.access.in_(access))).first()
            if row is None:
                raise NotFoundError(f"no passage {passage_id}")
            near = (
                select(*PASSAGE)
                .where(
                    p.c.document_id == row.document_id,
                    p.c.splitter == row.splitter,
                    p.c.ordinal.between(row.ordinal - around, row.ordinal + around),
                    p.c.access.in_(access),
                )
                .order_by(p.c.ordinal, p.c.id)
            )
            found = [passage_of(one) for one in connection.execute(near)]
        return found, next(at for at, one in enumerate(found) if one.id == passage_id)


def passage_of(row: Sequence[Any]) -> Passage:
    """A passage of its row, whose columns are those of `rag.catalog.prepared`."""
    passage_id, document_id, ordinal, headings, text, start, end, kind = row
    return Passage(passage_id, document_id, ordinal, _headings(headings), text, start, end, kind)


@lru_cache(4096)
def _headings(stored: str) -> tuple[str, ...]:
    return tuple(json.loads(stored))  # the same for many passages


def _clauses(access: Sequence[str], wanted: WantedDocuments) -> list[ColumnElement[bool]]:
    d = s.documents
    clauses: list[ColumnElement[bool]] = [d.c.access.in_(access)]
    clauses += [d.c[name] == wanted[name] for name in ("source", "kind", "owner") if wanted.get(name)]
    if path := wanted.get("path"):
        clauses.append(d.c.path.regexp_match(rf"^(?:{path})$"))
    return clauses
