"""initial values: which of them a contact was given."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def ascii_text(length: int) -> sa.types.TypeEngine[str]:
    """Return a VARCHAR for ASCII, compared byte by byte."""
    return sa.String(length).with_variant(
        mysql.VARCHAR(length, charset="ascii", collation="ascii_bin"), "mysql", "mariadb"
    )


def upgrade() -> None:
    """Apply. Every contact that was acknowledged so far was given some initial values, whichever they were."""
    op.add_column(
        "hubspot_contacts",
        sa.Column(
            "initial_sent", ascii_text(64), nullable=True, comment="the initial values that the contact was given"
        ),
    )
    op.execute(
        "UPDATE hubspot_contacts SET initial_sent = 'unknown' "
        "WHERE hubspot_email IS NOT NULL AND outcome <> 'archived' AND initial_sent IS NULL"
    )


def downgrade() -> None:
    """Take nothing away: the version before passes over it, and what was given is known from nowhere else."""
