"""The catalog's Terraform symbols: what each file defines and what refers to what. `Catalog.symbols` reads, the writer writes."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, or_, select, tuple_

from rag.catalog import schema as s
from rag.records import Document, digest
from rag.terraform.records import Symbol, SymbolAttribute

Place = tuple[str, str, int, str]  # source, path, line and id of a symbol: its place in the order of all


@dataclass(frozen=True)
class StoredSymbol:
    """A symbol with where it stands: its document, and the module folder in which its address holds. References are apart."""

    id: str
    document_id: str
    source: str
    folder: str
    path: str
    symbol: Symbol

    @property
    def place(self) -> Place:
        """Where it stands in the order in which symbols are listed."""
        return (self.source, self.path, self.symbol.start, self.id)


@dataclass(frozen=True)
class StoredReference:
    """That `symbol_id` refers, in `attribute` on `line` of `path`, to the address `target` of its own module folder."""

    symbol_id: str
    document_id: str
    source: str
    folder: str
    path: str
    target: str
    attribute: str
    line: int


class Wanted(TypedDict, total=False):
    """What symbols to find: those equal to each of these that is given and not empty (a folder may be "", the top of a source);
    `prefix` is how an address begins."""

    source: str
    folder: str | None
    kind: str
    type_: str
    address: str
    name: str
    prefix: str


def put_symbols(connection: Connection, document: Document, symbols: Sequence[Symbol]) -> None:
    """Replaces what a document defines."""
    remove_symbols(connection, document.id)
    folder = posixpath.dirname(document.path)
    common = {"document_id": document.id, "source": document.source, "folder": folder}
    rows, references = [], []
    for number, symbol in enumerate(symbols):
        symbol_id = digest("symbol", document.id, symbol.address, str(number))
        attributes = [[a.path, a.start, a.end, a.expression] for a in symbol.attributes]
        rows.append(
            {
                **common, "id": symbol_id, "address": symbol.address, "kind": symbol.kind, "type": symbol.type,
                "name": symbol.name, "start_line": symbol.start, "end_line": symbol.end, "comment": symbol.comment,
                "provider": symbol.provider, "sensitive": int(symbol.sensitive), "attributes": json.dumps(attributes),
            }
        )  # fmt: skip
        references += [
            {**common, "symbol_id": symbol_id, "target": r.target, "attribute": r.attribute, "line": r.line}
            for r in symbol.references
        ]
    if rows:
        connection.execute(insert(s.symbols), rows)
    if references:
        connection.execute(insert(s.symbol_references), references)


def remove_symbols(connection: Connection, document_id: str) -> None:
    """Takes out what a document defined."""
    for table in (s.symbols, s.symbol_references):
        connection.execute(delete(table).where(table.c.document_id == document_id))


class SymbolTable:
    """Reads symbols and references, of documents that the given access rules admit alone."""

    def __init__(self, read: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._read = read

    def find(
        self, access: Sequence[str], *, after: Place | None = None, limit: int | None = None, **wanted: Unpack[Wanted]
    ) -> list[StoredSymbol]:
        """Symbols by any of what is wanted, in the order of source, path and line.

        A page of them: at most `limit`, those that come behind the place `after`.
        """
        t, d = s.symbols, s.documents
        order = (t.c.source, d.c.path, t.c.start_line, t.c.id)
        clauses = _clauses(access, wanted)
        if after is not None:
            clauses.append(tuple_(*order) > tuple_(*after))
        query = select(t, d.c.path).join(d, t.c.document_id == d.c.id).where(*clauses).order_by(*order).limit(limit)
        with self._read() as connection:
            return [_stored(row) for row in connection.execute(query)]

    def sensitive(self, source: str) -> set[str]:
        """The names of a source's variables that are declared sensitive."""
        t = s.symbols
        query = select(t.c.name).where(t.c.source == source, t.c.kind == "variable", t.c.sensitive == 1)
        with self._read() as connection:
            return set(connection.execute(query).scalars())

    def holding(self, access: Sequence[str], text: str, *, named: bool = False) -> list[StoredSymbol]:
        """Symbols some attribute of which, as it is stored, holds this text; `named`: or whose name does."""
        t, d = s.symbols, s.documents
        holds = t.c.attributes.contains(text, autoescape=True)
        query = (
            select(t, d.c.path)
            .join(d, t.c.document_id == d.c.id)
            .where(d.c.access.in_(access), or_(holds, t.c.name.contains(text, autoescape=True)) if named else holds)
            .order_by(t.c.source, d.c.path, t.c.start_line)
        )
        with self._read() as connection:
            return [_stored(row) for row in connection.execute(query)]

    def count(self, access: Sequence[str], **wanted: Unpack[Wanted]) -> int:
        """How many symbols `find` gives without a limit."""
        t, d = s.symbols, s.documents
        query = select(func.count()).select_from(t.join(d, t.c.document_id == d.c.id)).where(*_clauses(access, wanted))
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    def references_in(self, access: Sequence[str], source: str, folder: str) -> list[StoredReference]:
        """Every reference that stands in a module folder, in the order of path and line."""
        r, d = s.symbol_references, s.documents
        query = (
            select(r, d.c.path)
            .join(d, r.c.document_id == d.c.id)
            .where(d.c.access.in_(access), r.c.source == source, r.c.folder == folder)
            .order_by(d.c.path, r.c.line, r.c.id)
        )
        with self._read() as connection:
            return [_reference(row) for row in connection.execute(query)]

    def referring(
        self, access: Sequence[str], target: str, source: str = "", folder: str | None = None
    ) -> list[StoredReference]:
        """References to an address, or to what lies in it (`module.vpc` for `module.vpc.subnets`)."""
        r, d = s.symbol_references, s.documents
        clauses = [r.c.source == source] if source else []
        if folder is not None:
            clauses.append(r.c.folder == folder)
        named = or_(r.c.target == target, r.c.target.startswith(f"{target}.", autoescape=True))
        query = (
            select(r, d.c.path)
            .join(d, r.c.document_id == d.c.id)
            .where(named, d.c.access.in_(access), *clauses)
            .order_by(r.c.source, d.c.path, r.c.line)
        )
        with self._read() as connection:
            return [_reference(row) for row in connection.execute(query)]

    def references_of(self, access: Sequence[str], symbol_id: str) -> list[StoredReference]:
        """What a symbol refers to, in the order of its lines."""
        r, d = s.symbol_references, s.documents
        query = (
            select(r, d.c.path)
            .join(d, r.c.document_id == d.c.id)
            .where(r.c.symbol_id == symbol_id, d.c.access.in_(access))
            .order_by(r.c.line, r.c.target)
        )
        with self._read() as connection:
            return [_reference(row) for row in connection.execute(query)]

    def folders(self, access: Sequence[str]) -> Iterator[tuple[str, str]]:
        """(source, folder) of every module folder."""
        t, d = s.symbols, s.documents
        query = (
            select(t.c.source, t.c.folder)
            .join(d, t.c.document_id == d.c.id)
            .where(d.c.access.in_(access))
            .distinct()
            .order_by(t.c.source, t.c.folder)
        )
        with self._read() as connection:
            yield from [(row.source, row.folder) for row in connection.execute(query)]


def _clauses(access: Sequence[str], wanted: Wanted) -> list[ColumnElement[bool]]:
    """What a symbol, and its document's access rule, must fulfil."""
    t = s.symbols.c
    columns = {"source": t.source, "kind": t.kind, "type_": t.type, "address": t.address, "name": t.name}
    clauses: list[ColumnElement[bool]] = [s.documents.c.access.in_(access)]
    clauses += [column == wanted.get(key) for key, column in columns.items() if wanted.get(key)]
    if (folder := wanted.get("folder")) is not None:
        clauses.append(t.folder == folder)
    if prefix := wanted.get("prefix"):  # LIKE would take aws_VPC for aws_vpc
        clauses.append(func.substr(t.address, 1, len(prefix)) == prefix)
    return clauses


def _stored(row: Row[Any]) -> StoredSymbol:
    attributes = tuple(SymbolAttribute(*attribute) for attribute in json.loads(row.attributes))
    symbol = Symbol(
        row.address, row.kind, row.type, row.name, row.start_line, row.end_line, row.comment, row.provider,
        bool(row.sensitive), attributes,
    )  # fmt: skip
    return StoredSymbol(row.id, row.document_id, row.source, row.folder, row.path, symbol)


def _reference(row: Row[Any]) -> StoredReference:
    return StoredReference(
        row.symbol_id, row.document_id, row.source, row.folder, row.path, row.target, row.attribute, row.line
    )
