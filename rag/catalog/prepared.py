"""Queries that every search asks: written like all others, compiled once, their rows plain tuples. What SQLAlchemy makes of a
statement and of its rows each time costs several times what SQLite takes (docs/decisions/0043-search-processes.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, func, or_, select
from sqlalchemy.engine.interfaces import Dialect

from rag.catalog import schema as s

_FORMS = 3  # other forms of a question's words that are looked for too
# The text of a query, the names of what it is given, the values that it has.
_Compiled = tuple[str, Sequence[str], Mapping[str, Any]]


def given(name: str) -> Select[Any]:
    """The values of a list that is given under this name in JSON: bound one by one they take longer."""
    return select(func.json_each(bindparam(name)).table_valued("value").c.value)


class Prepared:
    """A query over what is given by name: texts (`bindparam`) and lists (`given`)."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}  # by the name of the dialect

    def rows(self, connection: Connection, **values: str | Iterable[str]) -> list[tuple[Any, ...]]:
        """All rows, with the columns as the query has them. Raises: KeyError when something isn't given."""
        text, names, own = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        known = {
            **own,
            **{name: one if isinstance(one, str) else json.dumps(list(one)) for name, one in values.items()},
        }
        row = tuple(known[name] for name in names)
        with closing(connection.connection.cursor()) as cursor:
            try:
                cursor.execute(text, row)
                return list(cursor.fetchall())
            except connection.dialect.loaded_dbapi.Error:
                return [tuple(one) for one in connection.exec_driver_sql(text, row)]  # raises it as SQLAlchemy does

    def _compile(self, dialect: Dialect) -> _Compiled:
        made: Any = self._statement.compile(dialect=dialect)
        own = {name: value for name, value in made.params.items() if value is not None}
        self._compiled[dialect.name] = (str(made), tuple(made.positiontup), own)
        return self._compiled[dialect.name]


def _other_forms() -> Select[Any]:
    a, d = s.abbreviations, s.documents
    return (
        select(a.c.short, a.c.long, a.c.short.in_(given("words")))
        .join(d, a.c.document_id == d.c.id)
        .where(or_(a.c.short.in_(given("words")), a.c.long.in_(given("runs"))), d.c.access.in_(given("access")))
        .group_by(a.c.short, a.c.long)
        .order_by(func.count().desc(), a.c.short, a.c.long)
        .limit(_FORMS)
    )


_P, _D = s.passages.c, s.documents.c
# What `passage_of` reads.
PASSAGE = (_P.id, _P.document_id, _P.ordinal, _P.heading_path, _P.text, _P.start_line, _P.end_line, _P.kind)
_MINE = and_(_P.document_id == bindparam("document"), _P.splitter == bindparam("splitter"))
RULES = Prepared(select(s.access_rules.c.key, s.access_rules.c.clauses))
PASSAGES = Prepared(select(*PASSAGE).where(_P.id.in_(given("ids"))))
PASSAGES_OF = Prepared(select(*PASSAGE).where(_MINE).order_by(_P.ordinal))
STANDINGS = Prepared(select(_D.id, _D.kind, _D.outdated, _D.title, _D.path).where(_D.id.in_(given("ids"))))
DOCUMENTS = Prepared(select(s.documents).where(_D.id.in_(given("ids"))))
OTHER_FORMS = Prepared(_other_forms())
LAST_CHANGE = Prepared(select(func.max(s.changes.c.seq)))
