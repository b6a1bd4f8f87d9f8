"""superseded contacts: what undo has to archive beside the ledger's own entries."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIMESTAMP = sa.DateTime().with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")


def ascii_text(length: int) -> sa.types.TypeEngine[str]:
    """Return a VARCHAR for ASCII, compared byte by byte."""
    return sa.String(length).with_variant(
        mysql.VARCHAR(length, charset="ascii", collation="ascii_bin"), "mysql", "mariadb"
    )


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "hubspot_contacts",
        sa.Column("hubspot_email", ascii_text(254), nullable=True, comment="the email that HubSpot acknowledged"),
    )
    op.execute("UPDATE hubspot_contacts SET hubspot_email = email WHERE synced_at IS NOT NULL")
    op.create_table(
        "superseded_contacts",
        sa.Column("portal_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("hubspot_id", ascii_text(32), nullable=False, comment="created by us, under an email of before"),
        sa.Column("name_id", BIG_ID, nullable=False),
        sa.Column("email", ascii_text(254), nullable=False),
        sa.Column("superseded_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "hubspot_id", name="pk_superseded_contacts"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def downgrade() -> None:
    """Take nothing away: the version before passes over both, and what they hold can be had from nowhere else."""
