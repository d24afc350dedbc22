"""What Terraform files define, and what refers to what. The next sync reads those files anew."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def upgrade() -> None:
    op.create_table(
        "symbols", sa.Column("id", sa.String, primary_key=True), text("document_id"), text("source"), text("folder"),
        text("address"), text("kind"), text("type"), text("name"), number("start_line"), number("end_line"), text("comment"),
        text("provider"), number("sensitive"), text("attributes"),
    )  # fmt: skip
    op.create_index("symbols_by_document", "symbols", ["document_id"])
    op.create_index("symbols_by_address", "symbols", ["address"])
    op.create_index("symbols_by_folder", "symbols", ["source", "folder"])
    op.create_table(
        "symbol_references", sa.Column("id", sa.Integer, primary_key=True, autoincrement=True), text("symbol_id"),
        text("document_id"), text("source"), text("folder"), text("target"), text("attribute"), number("line"),
    )  # fmt: skip
    op.create_index("references_by_document", "symbol_references", ["document_id"])
    op.create_index("references_by_target", "symbol_references", ["target"])
