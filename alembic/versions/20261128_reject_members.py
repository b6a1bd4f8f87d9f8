"""reject members: in which file of a zip a rejected row is."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def unicode_text(length: int) -> sa.types.TypeEngine[str]:
    """Return a VARCHAR for any text, compared character by character."""
    return sa.String(length).with_variant(
        mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
    )


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "rejected_rows",
        sa.Column(
            "member", unicode_text(255), nullable=True, comment="the file's name, in a zip whose files are read as one"
        ),
    )
    op.add_column("rejected_rows", sa.Column("member_line", BIG_ID, nullable=True, comment="the line of that file"))


def downgrade() -> None:
    """Take back."""
    for name in ("member_line", "member"):
        op.drop_column("rejected_rows", name)
