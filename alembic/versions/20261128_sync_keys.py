"""sync keys: the ledger's key is (portal, sync, key of the row as text), so that it holds the rows of any source.

A server changes a table's key in one statement. SQLite can't: there, each table is made under another name, filled, and
renamed, all in one transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIMESTAMP = sa.DateTime().with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")
OPTIONS: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
KEPT = "_0008"
"""What going down adds to the name of a table with what the version before can't hold; going up finds it."""
NAMES = "sync = 'baby_names'"
OLD_INDEX = "idx_hubspot_contacts_portal_id_outcome_initial"
NEW_INDEX = "idx_hubspot_contacts_portal_id_sync_outcome_partition_key"
RECORD_INDEX = "idx_hubspot_contacts_portal_id_hubspot_id"


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


def portal() -> sa.Column[Any]:
    """Return the first column of each key."""
    return sa.Column("portal_id", BIG_ID, autoincrement=False, nullable=False)


def ledger_rest() -> list[sa.Column[Any]]:
    """Return the columns of `hubspot_contacts` that stay as they are."""
    return [
        sa.Column("email", ascii_text(254), nullable=False),
        sa.Column("fingerprint", ascii_text(64), nullable=False, comment="the payload that the outcome is about"),
        sa.Column(
            "mapping", ascii_text(64), nullable=False, comment="fingerprint of the mapping that made the payload"
        ),
        sa.Column("outcome", ascii_text(16), nullable=False, comment="synced, rejected, failed or archived"),
        sa.Column("hubspot_id", ascii_text(32), nullable=True),
        sa.Column("hubspot_email", ascii_text(254), nullable=True, comment="the email that HubSpot acknowledged"),
        sa.Column(
            "initial_sent", ascii_text(64), nullable=True, comment="the initial values that the contact was given"
        ),
        sa.Column("created_by_us", sa.Boolean(), nullable=False),
        sa.Column("category", unicode_text(64), nullable=True),
        sa.Column("message", unicode_text(1000), nullable=True),
        sa.Column("correlation_id", unicode_text(64), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("synced_at", TIMESTAMP, nullable=True),
        sa.Column("finding", ascii_text(16), nullable=True, comment="what reconciling found the contact to be, last"),
        sa.Column("finding_detail", unicode_text(1000), nullable=True, comment="the same in words"),
        sa.Column("accepted", unicode_text(2000), nullable=True, comment="values that the account rewrites, as JSON"),
        sa.Column("read_at", TIMESTAMP, nullable=True, comment="when it was read back last"),
    ]


def superseded_rest() -> list[sa.Column[Any]]:
    """Return the columns of `superseded_contacts` that stay as they are."""
    return [
        sa.Column("hubspot_id", ascii_text(32), nullable=False, comment="created by us, under an email of before"),
        sa.Column("email", ascii_text(254), nullable=False),
        sa.Column("superseded_at", TIMESTAMP, nullable=False),
    ]


def senders_rest() -> list[sa.Column[Any]]:
    """Return the columns of `senders` that stay as they are."""
    return [
        sa.Column("holder", ascii_text(32), nullable=False, comment="one claim; empty where nothing is sent"),
        sa.Column("sender", unicode_text(255), nullable=False, comment="whose claim it is, for people"),
        sa.Column(
            "process", ascii_text(255), nullable=False, comment="the process that sends, as its own host knows it"
        ),
        sa.Column("expires_at", sa.Double, nullable=False, comment="seconds since 1970 by the server's clock"),
    ]


@dataclass(frozen=True)
class Renewed:
    """A table whose key columns change.

    Attributes:
        name: The table.
        rest: The columns that are the same before and after.
        old: The others before, beside the portal.
        new: The others after.
        old_key: The primary key before.
        new_key: The primary key after.
        old_indexes: Indexes before, by name.
        new_indexes: Indexes after.
        keeps_others: Whether the rows of other sources are worth keeping.
    """

    name: str
    rest: Callable[[], list[sa.Column[Any]]]
    old: Callable[[], list[sa.Column[Any]]]
    new: Callable[[], list[sa.Column[Any]]]
    old_key: Sequence[str]
    new_key: Sequence[str]
    old_indexes: dict[str, Sequence[str]]
    new_indexes: dict[str, Sequence[str]]
    keeps_others: bool = True


def sync() -> sa.Column[Any]:
    """Return the column that names the source."""
    return sa.Column("sync", ascii_text(64), nullable=False, comment="which source's entries: its name")


def row_key() -> sa.Column[Any]:
    """Return the column that takes the place of the name's id."""
    return sa.Column("row_key", unicode_text(255), nullable=False, comment="the row's key in its source, as text")


def partition_key(comment: str) -> sa.Column[Any]:
    """Return the column that takes the place of the initial."""
    return sa.Column("partition_key", unicode_text(100), nullable=False, comment=comment)


def name_id() -> sa.Column[Any]:
    """Return the name's id."""
    return sa.Column("name_id", BIG_ID, autoincrement=False, nullable=False)


def initial(comment: str) -> sa.Column[Any]:
    """Return the name's initial."""
    return sa.Column("initial", ascii_text(5), nullable=False, comment=comment)


TABLES = (
    Renewed(
        "hubspot_contacts",
        ledger_rest,
        lambda: [name_id(), initial("the name's partition, kept when the name is gone")],
        lambda: [sync(), row_key(), partition_key("the row's partition, kept when it is gone")],
        ("portal_id", "name_id"),
        ("portal_id", "sync", "row_key"),
        {OLD_INDEX: ("portal_id", "outcome", "initial")},
        {NEW_INDEX: ("portal_id", "sync", "outcome", "partition_key"), RECORD_INDEX: ("portal_id", "hubspot_id")},
    ),
    Renewed(
        "superseded_contacts",
        superseded_rest,
        lambda: [name_id()],
        lambda: [sync(), row_key()],
        ("portal_id", "hubspot_id"),
        ("portal_id", "hubspot_id"),
        {},
        {},
    ),
    Renewed(
        "senders",
        senders_rest,
        lambda: [initial("the partition")],
        lambda: [sync(), partition_key("the partition")],
        ("portal_id", "initial"),
        ("portal_id", "sync", "partition_key"),
        {},
        {},
        keeps_others=False,
    ),
)
SUCCESSORS = {"name_id": "row_key", "initial": "partition_key"}


def upgrade() -> None:
    """Apply: what is there are the entries of the names."""
    for table in TABLES:
        if _has_column(table.name, table.old()[0].name):
            _up_in_place(table) if _is_server() else _up_by_copying(table)
        if _is_server():
            op.execute(f"ALTER TABLE {table.name} ALTER COLUMN sync DROP DEFAULT")
        kept = f"{table.name}{KEPT}"
        if _has_column(kept, "sync") and not op.get_context().as_sql:
            columns = _listed("portal_id", *_names(table.new()), *_names(table.rest()))
            ignore = "INSERT IGNORE" if _is_server() else "INSERT OR IGNORE"
            op.execute(f"{ignore} INTO {table.name} ({columns}) SELECT {columns} FROM {kept} WHERE NOT {NAMES}")  # noqa: S608 - no input is in it
            op.drop_table(kept)


def downgrade() -> None:
    """Take back; what belongs to other sources than the names stays under another name, and upgrading finds it."""
    for table in TABLES:
        if _has_column(table.name, "sync"):
            if table.keeps_others and _has_others(table.name):
                _keep_others(table)
            op.execute(f"DELETE FROM {table.name} WHERE NOT {NAMES}")  # noqa: S608 - as above
            _down_in_place(table) if _is_server() else _down_by_copying(table)


def _up_in_place(table: Renewed) -> None:
    """Change a table of a server; `sync` has a default while the rows that are there get it."""
    added = _definition(table.new()[0], default="'baby_names'")
    changed = [
        f"CHANGE {old} {_definition(new)}"
        for old, successor in SUCCESSORS.items()
        for new in table.new()
        if new.name == successor and old in _names(table.old())
    ]
    _alter(
        table, [f"ADD COLUMN {added} AFTER portal_id", *changed], table.old_indexes, table.new_key, table.new_indexes
    )


def _down_in_place(table: Renewed) -> None:
    changed = [
        f"CHANGE {successor} {_definition(old)}"
        for name, successor in SUCCESSORS.items()
        for old in table.old()
        if old.name == name and successor in _names(table.new())
    ]
    _alter(table, ["DROP COLUMN sync", *changed], table.new_indexes, table.old_key, table.old_indexes)


def _alter(
    table: Renewed,
    changes: list[str],
    drop: dict[str, Sequence[str]],
    primary: Sequence[str],
    indexes: dict[str, Sequence[str]],
) -> None:
    clauses = [
        *(f"DROP INDEX {index}" for index in drop),
        "DROP PRIMARY KEY",
        *changes,
        f"ADD PRIMARY KEY ({_listed(*primary)})",
        *(f"ADD INDEX {index} ({_listed(*columns)})" for index, columns in indexes.items()),
    ]
    op.execute(f"ALTER TABLE {table.name} {', '.join(clauses)}")


def _up_by_copying(table: Renewed) -> None:
    values = ["'baby_names'", *("CAST(name_id AS VARCHAR)" if n == "name_id" else n for n in _names(table.old()))]
    _copy(table, table.new(), values, table.new_key, table.new_indexes)


def _down_by_copying(table: Renewed) -> None:
    values = ["CAST(row_key AS INTEGER)" if n == "row_key" else n for n in _names(table.new())[1:]]
    _copy(table, table.old(), values, table.old_key, table.old_indexes)


def _copy(
    table: Renewed,
    keys: list[sa.Column[Any]],
    values: list[str],
    primary: Sequence[str],
    indexes: dict[str, Sequence[str]],
) -> None:
    made, rest = f"{table.name}_renewed", _names(table.rest())
    constraint = sa.PrimaryKeyConstraint(*primary, name=f"pk_{table.name}")
    op.create_table(made, portal(), *keys, *table.rest(), constraint)
    columns, filled = _listed("portal_id", *_names(keys), *rest), _listed("portal_id", *values, *rest)
    op.execute(f"INSERT INTO {made} ({columns}) SELECT {filled} FROM {table.name}")  # noqa: S608 - as above
    op.drop_table(table.name)
    op.rename_table(made, table.name)
    for index, indexed in indexes.items():
        op.create_index(index, table.name, list(indexed))


def _keep_others(table: Renewed) -> None:
    """Keep the rows of other sources beside the table; can be done again."""
    kept = f"{table.name}{KEPT}"
    constraint = sa.PrimaryKeyConstraint(*table.new_key, name=f"pk_{table.name}")
    op.create_table(kept, portal(), *table.new(), *table.rest(), constraint, **OPTIONS)
    columns = _listed("portal_id", *_names(table.new()), *_names(table.rest()))
    ignore = "INSERT IGNORE" if _is_server() else "INSERT OR IGNORE"
    op.execute(f"{ignore} INTO {kept} ({columns}) SELECT {columns} FROM {table.name} WHERE NOT {NAMES}")  # noqa: S608 - as above


def _definition(column: sa.Column[Any], *, default: str = "") -> str:
    """Return a column as a server's ALTER TABLE takes it."""
    kind = column.type.compile(op.get_context().dialect)
    comment = f" COMMENT '{column.comment.replace(chr(39), chr(39) * 2)}'" if column.comment else ""
    return f"{column.name} {kind} NOT NULL{f' DEFAULT {default}' if default else ''}{comment}"


def _names(columns: list[sa.Column[Any]]) -> list[str]:
    return [column.name for column in columns]


def _listed(*names: str) -> str:
    return ", ".join(names)


def _is_server() -> bool:
    return op.get_context().dialect.name != "sqlite"


def _has_column(table: str, column: str) -> bool:
    if op.get_context().as_sql:
        return True
    inspector = sa.inspect(op.get_bind())
    return inspector.has_table(table) and column in {found["name"] for found in inspector.get_columns(table)}


def _has_others(table: str) -> bool:
    """Return whether a table has rows of other sources."""
    if op.get_context().as_sql:
        return True
    return op.get_bind().exec_driver_sql(f"SELECT 1 FROM {table} WHERE NOT {NAMES} LIMIT 1").first() is not None  # noqa: S608 - as above
