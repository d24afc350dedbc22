"""The first schema: sources, documents, passages, embeddings, ledger, change log, gaps."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, primary_key=True)


def upgrade() -> None:
    op.create_table(
        "sources", key("name"), text("type"), text("location"), text("head", ""), text("state", "new"),
        text("message", ""), text("listed_at", ""), text("synced_at", ""),
    )  # fmt: skip
    op.create_table("settings", key("name"), text("value"))
    op.create_table("access_rules", key("key"), text("clauses"))
    op.create_table(
        "documents", key("id"), text("source"), text("path"), text("title"), text("kind"), text("text"),
        text("version"), text("url"), text("line_anchor"), text("updated_at"), text("owner"), text("access"),
        text("content_hash"), text("notes", "[]"),
    )  # fmt: skip
    op.create_index("documents_by_path", "documents", ["source", "path"], unique=True)
    op.create_table(
        "passages", key("id"), text("document_id"), sa.Column("ordinal", sa.Integer, nullable=False),
        text("heading_path"), text("text"), sa.Column("start_line", sa.Integer, nullable=False),
        sa.Column("end_line", sa.Integer, nullable=False), text("kind"), text("text_hash"), text("stamp"),
        text("access"), sa.Column("embedded", sa.Integer, nullable=False, server_default="0"),
    )  # fmt: skip
    op.create_index("passages_by_document", "passages", ["document_id", "ordinal"])
    op.create_index("passages_by_text", "passages", ["text_hash"])
    op.create_index("passages_by_access", "passages", ["access", "embedded"])
    op.create_table("embeddings", key("model"), key("text_hash"), sa.Column("vector", sa.LargeBinary, nullable=False))
    op.create_table(
        "items", key("source"), key("path"), text("signature"), text("outcome"), text("reason", ""),
        text("document_id", ""), text("redactions", "[]"),
    )  # fmt: skip
    op.create_table(
        "runs", sa.Column("id", sa.Integer, primary_key=True, autoincrement=True), text("source"),
        text("started_at"), text("finished_at", ""), text("outcome", "running"), text("message", ""),
        text("counts", "{}"),
    )  # fmt: skip
    op.create_table(
        "changes", sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True), text("passage_id"), text("op"),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_table(
        "gaps", sa.Column("id", sa.Integer, primary_key=True, autoincrement=True), text("asked_at"),
        text("question"), text("nearest", "[]"),
    )  # fmt: skip
