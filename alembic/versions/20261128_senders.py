"""senders: who sends which partition."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def ascii_text(length: int) -> sa.types.TypeEngine[str]:
    """Return a VARCHAR for ASCII, compared byte by byte."""
    return sa.String(length).with_variant(
        mysql.VARCHAR(length, charset="ascii", collation="ascii_bin"), "mysql", "mariadb"
    )


def unicode_text(length: int) -> sa.types.TypeEngine[str]:
    """Return a VARCHAR for any text, compared character by character."""
    return sa.String(length).with_variant(
        mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
    )


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "senders",
        sa.Column("portal_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("initial", ascii_text(5), nullable=False, comment="the partition"),
        sa.Column("holder", ascii_text(32), nullable=False, comment="one claim; empty where nothing is sent"),
        sa.Column("sender", unicode_text(255), nullable=False, comment="whose claim it is, for people"),
        sa.Column(
            "process", ascii_text(255), nullable=False, comment="the process that sends, as its own host knows it"
        ),
        sa.Column("expires_at", sa.Double, nullable=False, comment="seconds since 1970 by the server's clock"),
        sa.PrimaryKeyConstraint("portal_id", "initial", name="pk_senders"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        if_not_exists=True,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("senders")
