"""Where the lines of a rendered document stand in its original: a page, a cell, lines."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for table in ("documents", "versions"):
        op.add_column(table, sa.Column("places", sa.Text, nullable=False, server_default="[]"))
