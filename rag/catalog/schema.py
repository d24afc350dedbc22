"""The catalog's tables. `migrations/` makes them; `REVISION` names the schema that this program understands."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

REVISION = "0005"

metadata = MetaData()

sources = Table(
    "sources",
    metadata,
    Column("name", String, primary_key=True),
    Column("type", String, nullable=False),
    Column("location", Text, nullable=False),
    Column("head", Text, nullable=False, default=""),
    Column("state", String, nullable=False, default="new"),
    Column("message", Text, nullable=False, default=""),
    Column("listed_at", String, nullable=False, default=""),
    Column("synced_at", String, nullable=False, default=""),
)

# Single values: `pinned` is set while a person holds on to the generation that serves.
settings = Table(
    "settings",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

# What a set of indexes is made by. One serves; one may be being built beside it; one may be kept, to go back to.
generations = Table(
    "generations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("embedder", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("splitter", String, nullable=False),
    Column("state", String, nullable=False),
    Column("created_at", String, nullable=False),
    sqlite_autoincrement=True,
)

access_rules = Table(
    "access_rules",
    metadata,
    Column("key", String, primary_key=True),
    Column("clauses", Text, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("path", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("version", String, nullable=False),
    Column("url", Text, nullable=False),
    Column("line_anchor", Text, nullable=False),
    Column("updated_at", String, nullable=False),
    Column("owner", Text, nullable=False),
    Column("access", String, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("notes", Text, nullable=False, default="[]"),
    Column("outdated", Text, nullable=False, default=""),
    Column("reviewed_at", Text, nullable=False, default=""),
    Column("review_due", Text, nullable=False, default=""),
    Column("places", Text, nullable=False, default="[]"),
    Index("documents_by_path", "source", "path", unique=True),
)

# A document's passages, once for each splitter that a generation uses. `embedded` speaks of the generation that serves.
passages = Table(
    "passages",
    metadata,
    Column("id", String, primary_key=True),
    Column("splitter", String, nullable=False),
    Column("document_id", String, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("heading_path", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("start_line", Integer, nullable=False),
    Column("end_line", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("text_hash", String, nullable=False),
    Column("stamp", String, nullable=False),
    Column("access", String, nullable=False),
    Column("embedded", Integer, nullable=False, default=0),
    Index("passages_by_document", "document_id", "splitter", "ordinal"),
    Index("passages_by_text", "text_hash"),
    Index("passages_by_access", "splitter", "access", "embedded"),
)

# What a document says that a short form stands for: "SNS (Simple Notification Service)".
abbreviations = Table(
    "abbreviations",
    metadata,
    Column("document_id", String, primary_key=True),
    Column("short", String, primary_key=True),
    Column("long", Text, primary_key=True),
    Index("abbreviations_by_short", "short"),
    Index("abbreviations_by_long", "long"),
)

embeddings = Table(
    "embeddings",
    metadata,
    Column("model", String, primary_key=True),
    Column("text_hash", String, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

# What Terraform files define (`rag.terraform.records`), and what refers to what. `folder` is the module's: addresses hold in it.
symbols = Table(
    "symbols",
    metadata,
    Column("id", String, primary_key=True),
    Column("document_id", String, nullable=False),
    Column("source", String, nullable=False),
    Column("folder", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("type", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("start_line", Integer, nullable=False),
    Column("end_line", Integer, nullable=False),
    Column("comment", Text, nullable=False),
    Column("provider", String, nullable=False),
    Column("sensitive", Integer, nullable=False),
    Column("attributes", Text, nullable=False),
    Index("symbols_by_document", "document_id"),
    Index("symbols_by_address", "address"),
    Index("symbols_by_folder", "source", "folder"),
)

symbol_references = Table(
    "symbol_references",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("symbol_id", String, nullable=False),
    Column("document_id", String, nullable=False),
    Column("source", String, nullable=False),
    Column("folder", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("attribute", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Index("references_by_document", "document_id"),
    Index("references_by_target", "target"),
)

# One row for each thing a source listed: what became of it, and the signature that tells whether it changed since. `terms`: who
# may read it and whose it is, as the source says; `missing_since`: complete listings lack it since then, and its deletion is
# held; `retry_at`: a quarantined one is tried again then, and was tried `attempts` times.
items = Table(
    "items",
    metadata,
    Column("source", String, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("signature", Text, nullable=False),
    Column("outcome", String, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("document_id", String, nullable=False, default=""),
    Column("redactions", Text, nullable=False, default="[]"),
    Column("terms", Text, nullable=False, default=""),
    Column("missing_since", Text, nullable=False, default=""),
    Column("retry_at", Text, nullable=False, default=""),
    Column("attempts", Integer, nullable=False, default=0),
)

# What documents said before, so that old citations resolve; kept as long as the settings say.
versions = Table(
    "versions",
    metadata,
    Column("document_id", String, primary_key=True),
    Column("version", String, primary_key=True),
    Column("source", Text, nullable=False, default=""),
    Column("path", Text, nullable=False, default=""),
    Column("title", Text, nullable=False, default=""),
    Column("text", Text, nullable=False, default=""),
    Column("url", Text, nullable=False, default=""),
    Column("line_anchor", Text, nullable=False, default=""),
    Column("updated_at", Text, nullable=False, default=""),
    Column("access", Text, nullable=False, default=""),
    Column("places", Text, nullable=False, default="[]"),
    Column("replaced_at", Text, nullable=False, default=""),
    Index("versions_by_age", "replaced_at"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String, nullable=False),
    Column("started_at", String, nullable=False),
    Column("finished_at", String, nullable=False, default=""),
    Column("outcome", String, nullable=False, default="running"),
    Column("message", Text, nullable=False, default=""),
    Column("counts", Text, nullable=False, default="{}"),
)

# The change log. `put` and `delete` concern a passage in every index, `embed` says that its vector is there now;
# `document` says that a document changed or went: then the subject is a document's id, else a passage's.
changes = Table(
    "changes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("subject", String, nullable=False),
    Column("op", String, nullable=False),
    sqlite_autoincrement=True,
)

gaps = Table(
    "gaps",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("asked_at", String, nullable=False),
    Column("question", Text, nullable=False),
    Column("nearest", Text, nullable=False, default="[]"),
)
