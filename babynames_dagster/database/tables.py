"""The tables as SQLAlchemy sees them; `alembic/` owns the DDL, and a test proves that the two agree.

What belongs here: columns, keys, indexes and what they are for. What does not: statements.
There are no foreign keys: bulk writes would pay for each check, and the ledger outlives the rows it is about.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

MYSQL_OPTIONS: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A BIGINT that SQLite, too, can count up by itself."""

Timestamp = sa.DateTime().with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")
"""A moment in UTC, to the millisecond."""


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


metadata = sa.MetaData(
    naming_convention={
        "ix": "idx_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

baby_names = sa.Table(
    "baby_names",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("slug", ascii_text(64), nullable=False, comment="unique key and local part of the email"),
    sa.Column("name", unicode_text(255), nullable=False),
    sa.Column("sex", sa.Enum("M", "F", name="sex", create_constraint=True), nullable=False),
    sa.Column("initial", ascii_text(5), nullable=False, comment="A..Z or other: the partition"),
    sa.Column("load_id", BigId, nullable=False, comment="the load that brought the row"),
    sa.Column("source_line", BigId, nullable=False, comment="the line of the file it came from"),
    sa.Column(
        "seen_load_id", BigId, nullable=True, comment="a later load that met the row with its memory of pairs full"
    ),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("updated_at", Timestamp, nullable=False),
    sa.UniqueConstraint("slug", name="uq_baby_names_slug"),
    sa.Index("idx_baby_names_name_sex", "name", "sex"),
    sa.Index("idx_baby_names_initial", "initial"),
    sqlite_autoincrement=True,  # as on a server, no id is used again: years and ledger keep those of names that go
    **MYSQL_OPTIONS,
)

baby_name_years = sa.Table(
    "baby_name_years",
    metadata,
    sa.Column("name_id", BigId, primary_key=True, autoincrement=False),
    sa.Column("year", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("births", sa.Integer, nullable=False),
    sa.Column("load_id", BigId, nullable=False, comment="the last load that met the row"),
    **MYSQL_OPTIONS,
)

loads = sa.Table(
    "loads",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("target", ascii_text(32), nullable=False, comment="the table that is loaded"),
    sa.Column("file_name", unicode_text(255), nullable=False),
    sa.Column("sha256", ascii_text(64), nullable=False),
    sa.Column("options", ascii_text(64), nullable=False, comment="fingerprint of how the file is read"),
    sa.Column("state", ascii_text(16), nullable=False, comment="running, done or failed"),
    sa.Column("rows_read", BigId, nullable=False, server_default="0"),
    sa.Column("rows_inserted", BigId, nullable=False, server_default="0"),
    sa.Column("rows_present", BigId, nullable=False, server_default="0"),
    sa.Column("rows_duplicate", BigId, nullable=False, server_default="0"),
    sa.Column("rows_rejected", BigId, nullable=False, server_default="0"),
    sa.Column("rows_committed", BigId, nullable=False, server_default="0", comment="the resume point"),
    sa.Column("table_rows", BigId, nullable=True, comment="rows of the target when the load was done"),
    sa.Column("run_id", ascii_text(64), nullable=True),
    sa.Column("error_code", ascii_text(64), nullable=True),
    sa.Column("error_message", unicode_text(1000), nullable=True),
    sa.Column("started_at", Timestamp, nullable=False),
    sa.Column("updated_at", Timestamp, nullable=False),
    sa.Column("finished_at", Timestamp, nullable=True),
    sa.Index("idx_loads_target_sha256", "target", "sha256"),
    **MYSQL_OPTIONS,
)

rejected_rows = sa.Table(
    "rejected_rows",
    metadata,
    sa.Column("load_id", BigId, primary_key=True, autoincrement=False),
    sa.Column("line", BigId, primary_key=True, autoincrement=False),
    sa.Column("reason", ascii_text(64), nullable=False),
    sa.Column("raw", unicode_text(1000), nullable=False, comment="the row's text, capped"),
    sa.Column(
        "member", unicode_text(255), nullable=True, comment="the file's name, in a zip whose files are read as one"
    ),
    sa.Column("member_line", BigId, nullable=True, comment="the line of that file"),
    **MYSQL_OPTIONS,
)

hubspot_contacts = sa.Table(
    "hubspot_contacts",
    metadata,
    sa.Column("portal_id", BigId, primary_key=True, autoincrement=False),
    sa.Column("sync", ascii_text(64), primary_key=True, comment="which source's entries: its name"),
    sa.Column("row_key", unicode_text(255), primary_key=True, comment="the row's key in its source, as text"),
    sa.Column("partition_key", unicode_text(100), nullable=False, comment="the row's partition, kept when it is gone"),
    sa.Column("email", ascii_text(254), nullable=False),
    sa.Column("fingerprint", ascii_text(64), nullable=False, comment="the payload that the outcome is about"),
    sa.Column("mapping", ascii_text(64), nullable=False, comment="fingerprint of the mapping that made the payload"),
    sa.Column("outcome", ascii_text(16), nullable=False, comment="synced, rejected, failed or archived"),
    sa.Column("hubspot_id", ascii_text(32), nullable=True),
    sa.Column("hubspot_email", ascii_text(254), nullable=True, comment="the email that HubSpot acknowledged"),
    sa.Column("initial_sent", ascii_text(64), nullable=True, comment="the initial values that the contact was given"),
    sa.Column("created_by_us", sa.Boolean, nullable=False),
    sa.Column("category", unicode_text(64), nullable=True),
    sa.Column("message", unicode_text(1000), nullable=True),
    sa.Column("correlation_id", unicode_text(64), nullable=True),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("updated_at", Timestamp, nullable=False),
    sa.Column("synced_at", Timestamp, nullable=True),
    sa.Column("finding", ascii_text(16), nullable=True, comment="what reconciling found the contact to be, last"),
    sa.Column("finding_detail", unicode_text(1000), nullable=True, comment="the same in words"),
    sa.Column("accepted", unicode_text(2000), nullable=True, comment="values that the account rewrites, as JSON"),
    sa.Column("read_at", Timestamp, nullable=True, comment="when it was read back last"),
    sa.Index(
        "idx_hubspot_contacts_portal_id_sync_outcome_partition_key", "portal_id", "sync", "outcome", "partition_key"
    ),
    sa.Index("idx_hubspot_contacts_portal_id_hubspot_id", "portal_id", "hubspot_id"),
    **MYSQL_OPTIONS,
)

superseded_contacts = sa.Table(
    "superseded_contacts",
    metadata,
    sa.Column("portal_id", BigId, primary_key=True, autoincrement=False),
    sa.Column("hubspot_id", ascii_text(32), primary_key=True, comment="created by us, under an email of before"),
    sa.Column("sync", ascii_text(64), nullable=False, comment="which source's entries: its name"),
    sa.Column("row_key", unicode_text(255), nullable=False, comment="the row's key in its source, as text"),
    sa.Column("email", ascii_text(254), nullable=False),
    sa.Column("superseded_at", Timestamp, nullable=False),
    **MYSQL_OPTIONS,
)

senders = sa.Table(
    "senders",
    metadata,
    sa.Column("portal_id", BigId, primary_key=True, autoincrement=False),
    sa.Column("sync", ascii_text(64), primary_key=True, comment="which source's entries: its name"),
    sa.Column("partition_key", unicode_text(100), primary_key=True, comment="the partition"),
    sa.Column("holder", ascii_text(32), nullable=False, comment="one claim; empty where nothing is sent"),
    sa.Column("sender", unicode_text(255), nullable=False, comment="whose claim it is, for people"),
    sa.Column("process", ascii_text(255), nullable=False, comment="the process that sends, as its own host knows it"),
    sa.Column("expires_at", sa.Double, nullable=False, comment="seconds since 1970 by the server's clock"),
    **MYSQL_OPTIONS,
)

rate_limits = sa.Table(
    "rate_limits",
    metadata,
    sa.Column("app", ascii_text(64), primary_key=True, comment="digest of HubSpot's address and the app's token"),
    sa.Column("portal_id", BigId, nullable=True, comment="the account it belongs to, once HubSpot has told"),
    sa.Column("calls", sa.LargeBinary, nullable=False, comment="times of the last window's calls, packed doubles"),
    sa.Column("calls_per_window", sa.Integer, nullable=False),
    sa.Column("window_seconds", sa.Double, nullable=False),
    sa.Column("paused_until", sa.Double, nullable=False, comment="seconds since 1970 by the server's clock"),
    sa.Column("daily_remaining", sa.Integer, nullable=True, comment="what HubSpot said last"),
    sa.Column("daily_as_of", sa.Double, nullable=False, comment="the time of the call that it said it to"),
    sa.Column("calls_refused", BigId, nullable=False, server_default="0", comment="calls refused for their rate, ever"),
    sa.Column("call_seconds", sa.LargeBinary, nullable=True, comment="how long all answers took, a packed histogram"),
    **MYSQL_OPTIONS,
)
