"""findings: what reconciling found each contact to be in HubSpot."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TIMESTAMP = sa.DateTime().with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")


def text(length: int, charset: str) -> sa.types.TypeEngine[str]:
    """Return a VARCHAR that is compared byte by byte."""
    return sa.String(length).with_variant(
        mysql.VARCHAR(length, charset=charset, collation=f"{charset}_bin"), "mysql", "mariadb"
    )


def upgrade() -> None:
    """Apply."""
    for column in (
        sa.Column(
            "finding", text(16, "ascii"), nullable=True, comment="what reconciling found the contact to be, last"
        ),
        sa.Column("finding_detail", text(1000, "utf8mb4"), nullable=True, comment="the same in words"),
        sa.Column(
            "accepted", text(2000, "utf8mb4"), nullable=True, comment="values that the account rewrites, as JSON"
        ),
        sa.Column("read_at", TIMESTAMP, nullable=True, comment="when it was read back last"),
    ):
        op.add_column("hubspot_contacts", column)


def downgrade() -> None:
    """Take nothing away: the version before passes over it, and what was accepted is known from nowhere else."""
