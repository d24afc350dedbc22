"""A ledger to trust: what a listing lacked, when a quarantined thing is tried again, when a document was reviewed and must be,
and the versions that documents had before."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def upgrade() -> None:
    for name in ("terms", "missing_since", "retry_at"):
        op.add_column("items", text(name))
    op.add_column("items", sa.Column("attempts", sa.Integer, nullable=False, server_default="0"))
    for name in ("reviewed_at", "review_due"):
        op.add_column("documents", text(name))
    op.create_table(
        "versions", sa.Column("document_id", sa.String, primary_key=True), sa.Column("version", sa.String, primary_key=True),
        text("source"), text("path"), text("title"), text("text"), text("url"), text("line_anchor"), text("updated_at"),
        text("access"), text("replaced_at"),
    )  # fmt: skip
    op.create_index("versions_by_age", "versions", ["replaced_at"])
