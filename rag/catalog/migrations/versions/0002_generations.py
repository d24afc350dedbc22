"""Generations, abbreviations, outdated pages. What was synced before becomes generation 1, whose documents are read anew."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "generations", sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("embedder", sa.Text, nullable=False), sa.Column("model", sa.Text, nullable=False),
        sa.Column("splitter", sa.String, nullable=False), sa.Column("state", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False), sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_table(
        "abbreviations", sa.Column("document_id", sa.String, primary_key=True),
        sa.Column("short", sa.String, primary_key=True), sa.Column("long", sa.Text, primary_key=True),
    )  # fmt: skip
    op.create_index("abbreviations_by_short", "abbreviations", ["short"])
    op.create_index("abbreviations_by_long", "abbreviations", ["long"])
    op.add_column("documents", sa.Column("outdated", sa.Text, nullable=False, server_default=""))
    op.add_column("passages", sa.Column("splitter", sa.String, nullable=False, server_default="1"))
    op.drop_index("passages_by_document", "passages")
    op.drop_index("passages_by_access", "passages")
    op.create_index("passages_by_document", "passages", ["document_id", "splitter", "ordinal"])
    op.create_index("passages_by_access", "passages", ["splitter", "access", "embedded"])
    op.alter_column("changes", "passage_id", new_column_name="subject")
    op.execute(
        "INSERT INTO generations (embedder, model, splitter, state, created_at) "
        "SELECT CASE WHEN value LIKE 'hashing%' THEN 'hashing' ELSE substr(name, 1, instr(name || '@', '@') - 1) END, "
        "value, '1', 'serving', '' FROM (SELECT value, CASE WHEN value LIKE 'sentence-transformers/%' "
        "THEN substr(value, 23) ELSE value END AS name FROM settings WHERE name = 'embedder')"
    )
    op.execute("DELETE FROM settings WHERE name = 'embedder'")
