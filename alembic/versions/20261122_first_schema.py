"""first schema."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIMESTAMP = sa.DateTime().with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")
MYSQL_OPTIONS: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


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
        "baby_name_years",
        sa.Column("name_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("year", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("births", sa.Integer(), nullable=False),
        sa.Column("load_id", BIG_ID, nullable=False, comment="the last load that met the row"),
        sa.PrimaryKeyConstraint("name_id", "year", name="pk_baby_name_years"),
        **MYSQL_OPTIONS,
    )
    op.create_table(
        "baby_names",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("slug", ascii_text(64), nullable=False, comment="unique key and local part of the email"),
        sa.Column("name", unicode_text(255), nullable=False),
        sa.Column("sex", sa.Enum("M", "F", name="sex", create_constraint=True), nullable=False),
        sa.Column("initial", ascii_text(5), nullable=False, comment="A..Z or other: the partition"),
        sa.Column("load_id", BIG_ID, nullable=False, comment="the load that brought the row"),
        sa.Column("source_line", BIG_ID, nullable=False, comment="the line of the file it came from"),
        sa.Column(
            "seen_load_id", BIG_ID, nullable=True, comment="a later load that met the row with its memory of pairs full"
        ),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_baby_names"),
        sa.UniqueConstraint("slug", name="uq_baby_names_slug"),
        sqlite_autoincrement=True,
        **MYSQL_OPTIONS,
    )
    op.create_index("idx_baby_names_initial", "baby_names", ["initial"], unique=False)
    op.create_index("idx_baby_names_name_sex", "baby_names", ["name", "sex"], unique=False)
    op.create_table(
        "hubspot_contacts",
        sa.Column("portal_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("name_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("initial", ascii_text(5), nullable=False, comment="the name's partition, kept when the name is gone"),
        sa.Column("email", ascii_text(254), nullable=False),
        sa.Column("fingerprint", ascii_text(64), nullable=False, comment="the payload that the outcome is about"),
        sa.Column(
            "mapping", ascii_text(64), nullable=False, comment="fingerprint of the mapping that made the payload"
        ),
        sa.Column("outcome", ascii_text(16), nullable=False, comment="synced, rejected, failed or archived"),
        sa.Column("hubspot_id", ascii_text(32), nullable=True),
        sa.Column("created_by_us", sa.Boolean(), nullable=False),
        sa.Column("category", unicode_text(64), nullable=True),
        sa.Column("message", unicode_text(1000), nullable=True),
        sa.Column("correlation_id", unicode_text(64), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("synced_at", TIMESTAMP, nullable=True),
        sa.PrimaryKeyConstraint("portal_id", "name_id", name="pk_hubspot_contacts"),
        **MYSQL_OPTIONS,
    )
    op.create_index(
        "idx_hubspot_contacts_portal_id_outcome", "hubspot_contacts", ["portal_id", "outcome"], unique=False
    )
    op.create_table(
        "loads",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("target", ascii_text(32), nullable=False, comment="the table that is loaded"),
        sa.Column("file_name", unicode_text(255), nullable=False),
        sa.Column("sha256", ascii_text(64), nullable=False),
        sa.Column("options", ascii_text(64), nullable=False, comment="fingerprint of how the file is read"),
        sa.Column("state", ascii_text(16), nullable=False, comment="running, done or failed"),
        sa.Column("rows_read", BIG_ID, server_default="0", nullable=False),
        sa.Column("rows_inserted", BIG_ID, server_default="0", nullable=False),
        sa.Column("rows_present", BIG_ID, server_default="0", nullable=False),
        sa.Column("rows_duplicate", BIG_ID, server_default="0", nullable=False),
        sa.Column("rows_rejected", BIG_ID, server_default="0", nullable=False),
        sa.Column("rows_committed", BIG_ID, server_default="0", nullable=False, comment="the resume point"),
        sa.Column("table_rows", BIG_ID, nullable=True, comment="rows of the target when the load was done"),
        sa.Column("run_id", ascii_text(64), nullable=True),
        sa.Column("error_code", ascii_text(64), nullable=True),
        sa.Column("error_message", unicode_text(1000), nullable=True),
        sa.Column("started_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("finished_at", TIMESTAMP, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_loads"),
        **MYSQL_OPTIONS,
    )
    op.create_index("idx_loads_target_sha256", "loads", ["target", "sha256"], unique=False)
    op.create_table(
        "rate_limits",
        sa.Column("app", ascii_text(64), nullable=False, comment="digest of HubSpot's address and the app's token"),
        sa.Column("portal_id", BIG_ID, nullable=True, comment="the account it belongs to, once HubSpot has told"),
        sa.Column(
            "calls", sa.LargeBinary(), nullable=False, comment="times of the last window's calls, packed doubles"
        ),
        sa.Column("calls_per_window", sa.Integer(), nullable=False),
        sa.Column("window_seconds", sa.Double(), nullable=False),
        sa.Column("paused_until", sa.Double(), nullable=False, comment="seconds since 1970 by the server's clock"),
        sa.Column("daily_remaining", sa.Integer(), nullable=True, comment="what HubSpot said last"),
        sa.Column("daily_as_of", sa.Double(), nullable=False, comment="the time of the call that it said it to"),
        sa.PrimaryKeyConstraint("app", name="pk_rate_limits"),
        **MYSQL_OPTIONS,
    )
    op.create_table(
        "rejected_rows",
        sa.Column("load_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("line", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("reason", ascii_text(64), nullable=False),
        sa.Column("raw", unicode_text(1000), nullable=False, comment="the row's text, capped"),
        sa.PrimaryKeyConstraint("load_id", "line", name="pk_rejected_rows"),
        **MYSQL_OPTIONS,
    )


def downgrade() -> None:
    """Take back, with what later versions left when they were taken back."""
    for left in ("superseded_contacts", "superseded_contacts_0008", "hubspot_contacts_0008"):
        op.drop_table(left)
    op.drop_table("rejected_rows")
    op.drop_table("rate_limits")
    op.drop_index("idx_loads_target_sha256", table_name="loads")
    op.drop_table("loads")
    op.drop_index("idx_hubspot_contacts_portal_id_outcome", table_name="hubspot_contacts")
    op.drop_table("hubspot_contacts")
    op.drop_index("idx_baby_names_name_sex", table_name="baby_names")
    op.drop_index("idx_baby_names_initial", table_name="baby_names")
    op.drop_table("baby_names")
    op.drop_table("baby_name_years")
