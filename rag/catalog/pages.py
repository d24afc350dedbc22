"""The catalog's documents by what they are called and where they stand, without what they say. `Catalog.pages` reads; all of it
is limited to documents that the given access rules admit, inside the query.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection, func, or_, select

from rag.catalog import schema as s

_BEGINNING = 4000  # characters of a text in which its front matter ends


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


class PageTable:
    """Reads which documents there are."""

    def __init__(self, read: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._read = read

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
