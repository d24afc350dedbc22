"""A data folder that an older Waypost wrote: upgraded by the first writer, whatever kills it meanwhile."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event

import rag.catalog
from api.owner import open_owner
from api.settings import Settings
from rag.catalog import Catalog
from rag.errors import SettingsError
from rag.records import Viewer
from tests.conftest import configure, write

MIGRATIONS = Path(rag.catalog.__file__).parent / "migrations"


@pytest.fixture
def old(settings: Settings, tmp_path: Path) -> Settings:
    """A data folder of schema 0001 with 12 pages, one of them empty, and their vectors; indexes where they once lay."""
    pages = {f"{n}.md": f"# Page {n}\n\nalpaca word{n}\n" for n in range(11)}
    configure(
        settings, {"name": "wiki", "type": "folder", "path": str(write(tmp_path / "wiki", {**pages, "empty.md": ""}))}
    )
    with open_owner(settings, "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
    with sqlite3.connect(settings.home / "catalog.db") as connection:
        for statement in (
            "drop table symbols", "drop table symbol_references", "drop table generations", "drop table abbreviations",
            "alter table documents drop column outdated", "drop table versions",
            *(f"alter table documents drop column {name}" for name in ("reviewed_at", "review_due", "places")),
            *(f"alter table items drop column {name}" for name in ("terms", "missing_since", "retry_at", "attempts")),
            "drop index passages_by_document", "drop index passages_by_access", "alter table passages drop column splitter",
            "create index passages_by_document on passages (document_id, ordinal)",
            "create index passages_by_access on passages (access, embedded)",
            "alter table changes rename column subject to passage_id",
            "update passages set id = 'old' || id", "update changes set passage_id = 'old' || passage_id where op != 'document'",
            "insert into settings values ('embedder', 'hashing-384')", "update alembic_version set version_num = '0001'",
        ):  # fmt: skip
            connection.execute(statement)
    connection.close()
    (settings.home / "generation-1").rename(settings.home / "lexical")
    return settings


def test_a_reader_says_what_to_do(old: Settings) -> None:
    with pytest.raises(SettingsError, match="run `waypost sync` once"):
        Catalog(old.catalog_url, read_only=True)


def test_what_was_there_is_found_at_once_and_nothing_is_embedded_again(old: Settings) -> None:
    with open_owner(old, "serve") as owner:  # before any sync
        found = owner.reader().retriever.search("word7", Viewer())
        assert (found.passages[0].document.path, found.coverage.complete) == ("7.md", True)
        report = owner.sync([], lambda step: None, lambda: False)
        assert report.embedded == 0
        assert "splits documents in another way" in report.generation
        found = owner.reader().retriever.search("word7", Viewer())
        assert (found.passages[0].document.path, found.coverage.complete) == ("7.md", True)
        assert not (old.home / "lexical").exists()
        assert owner.use_generation(1, lambda step: None, lambda: False)  # the empty page does not stand in the way


class KilledError(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize("statement", range(1, 16))
def test_an_upgrade_that_is_killed_at_any_statement_begins_anew(old: Settings, statement: int) -> None:
    engine = create_engine(old.catalog_url)
    left = iter(range(statement))

    def kill(*_: object) -> None:
        if next(left, None) is None:
            raise KilledError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    event.listen(engine, "before_cursor_execute", kill)
    with pytest.raises(KilledError), engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
    catalog = Catalog(old.catalog_url)
    assert [generation.model for generation in catalog.generations()] == ["hashing-384"]
    catalog.close()
