"""call counts: every HubSpot call is counted in the database; contacts are counted by partition from an index alone."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SHORT, LONG = "idx_hubspot_contacts_portal_id_outcome", "idx_hubspot_contacts_portal_id_outcome_initial"


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "rate_limits",
        sa.Column(
            "calls_refused", BIG_ID, nullable=False, server_default="0", comment="calls refused for their rate, ever"
        ),
    )
    op.add_column(
        "rate_limits",
        sa.Column(
            "call_seconds", sa.LargeBinary, nullable=True, comment="how long all answers took, a packed histogram"
        ),
    )
    op.create_index(LONG, "hubspot_contacts", ["portal_id", "outcome", "initial"])
    op.drop_index(SHORT, "hubspot_contacts")


def downgrade() -> None:
    """Take back."""
    op.create_index(SHORT, "hubspot_contacts", ["portal_id", "outcome"])
    op.drop_index(LONG, "hubspot_contacts")
    for name in ("call_seconds", "calls_refused"):
        op.drop_column("rate_limits", name)
