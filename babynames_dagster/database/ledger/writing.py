"""Writing the ledger: what HubSpot said of each row, as soon as it is known.

What belongs here: the statements that change `hubspot_contacts`. What does not: reading it
(`entries.py` and the rooms beside it).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import utc_now, writing
from babynames_dagster.database.connection.retrying import through_a_restart
from babynames_dagster.database.ledger.created import CreatedContact
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.states import LOST, LedgerOutcome
from babynames_dagster.database.ledger.superseded import Acknowledged, keep_superseded
from babynames_dagster.database.tables import hubspot_contacts

_REPLACED = (
    "outcome",
    "partition_key",
    "email",
    "fingerprint",
    "mapping",
    "category",
    "message",
    "correlation_id",
    "updated_at",
)


_SETTLED_BY_SENDING = ("changed", "pending", "archived", "gone")
"""Findings that are no longer true once HubSpot has acknowledged the row again."""


@dataclass(frozen=True)
class LedgerEntry:
    """What became of one row in one run.

    Attributes:
        key: The row's key in its source.
        partition: Its partition.
        email: The email that was sent. Only an acknowledged one becomes the entry's `hubspot_email`.
        fingerprint: The payload that was sent.
        outcome: What the ledger is to say of it.
        created: Whether HubSpot said that this very request made the contact.
        initial_sent: Fingerprint of the initial values that the contact was given with it; empty where it was made
            without any, None where it had been given some before.
        hubspot_id: The contact's record id, where HubSpot gave it.
        category: Why it was rejected or failed, in one word of HubSpot's.
        message: The same in a sentence.
        correlation_id: What HubSpot's support asks for.
    """

    key: str
    partition: str
    email: str
    fingerprint: str
    outcome: LedgerOutcome
    created: bool = False
    initial_sent: str | None = None
    hubspot_id: str | None = None
    category: str | None = None
    message: str | None = None
    correlation_id: str | None = None


def record(engine: Engine, ledger: Ledger, mapping: str, entries: Sequence[LedgerEntry]) -> None:
    """Write outcomes in one transaction.

    Args:
        engine: The database.
        ledger: The source, and the account that answered.
        mapping: Fingerprint of the mapping that made the payloads.
        entries: The outcomes.

    Raises:
        PipelineError: Any DB_* code, after some tries where a retry can help.
    """
    if not entries:
        return
    now = utc_now()
    rows = [
        {
            **ledger._asdict(),
            "row_key": entry.key,
            "partition_key": entry.partition,
            "email": _as_ascii(entry.email),
            "fingerprint": entry.fingerprint,
            "mapping": mapping,
            "outcome": entry.outcome.value,
            "hubspot_id": entry.hubspot_id,
            "hubspot_email": entry.email if entry.outcome is LedgerOutcome.SYNCED else None,
            "initial_sent": entry.initial_sent,
            "created_by_us": entry.created,
            "category": _cut(entry.category, "category"),
            "message": _cut(entry.message, "message"),
            "correlation_id": _cut(entry.correlation_id, "correlation_id"),
            "attempts": 1,
            "created_at": now,
            "updated_at": now,
            "synced_at": now if entry.outcome is LedgerOutcome.SYNCED else None,
        }
        # One order for all writers keeps them from waiting for each other in a circle.
        for entry in sorted(entries, key=lambda entry: entry.key)
    ]
    acknowledged = {
        entry.key: Acknowledged(entry.email, entry.hubspot_id)
        for entry in entries
        if entry.hubspot_id is not None and entry.outcome is LedgerOutcome.SYNCED
    }

    def write() -> None:
        with writing(engine) as connection:
            ours = keep_superseded(connection, ledger, acknowledged) if acknowledged else set()
            owned = [{**row, "created_by_us": row["created_by_us"] or row["hubspot_id"] in ours} for row in rows]
            connection.execute(_upsert(engine), owned)

    through_a_restart(write)


def mark_archived(engine: Engine, ledger: Ledger, contacts: Sequence[CreatedContact]) -> None:
    """Record that contacts were archived in HubSpot, and are no longer this ledger's own.

    What reconciling had found of them is no longer true, but that users had archived or deleted them before. An entry
    that a sync has moved on to another record meanwhile stays as it is.

    Raises:
        PipelineError: Any DB_* code, after some tries where a retry can help.
    """
    finding = hubspot_contacts.c.finding
    lost: list[sa.ColumnElement[Any]] = [sa.literal_column(f"'{found.value}'") for found in LOST]
    _change(
        engine,
        ledger,
        contacts,
        outcome=LedgerOutcome.ARCHIVED.value,
        created_by_us=False,
        initial_sent=None,
        finding=sa.case((finding.in_(lost), finding), else_=sa.null()),
    )


def let_go(engine: Engine, ledger: Ledger, contacts: Sequence[CreatedContact]) -> None:
    """Record that contacts are no longer this ledger's own, although HubSpot has them.

    Raises:
        PipelineError: Any DB_* code, after some tries where a retry can help.
    """
    _change(engine, ledger, contacts, created_by_us=False)


def _change(engine: Engine, ledger: Ledger, contacts: Sequence[CreatedContact], **values: object) -> None:
    """Change the entries of contacts, as far as each still means the same record."""
    if not contacts:
        return
    entry = hubspot_contacts.c
    statement = (
        sa.update(hubspot_contacts)
        .where(
            ledger.owns(hubspot_contacts),
            entry.row_key == sa.bindparam("of_row"),
            entry.hubspot_id == sa.bindparam("of_record"),
        )
        .values(updated_at=utc_now(), **values)
    )
    ordered = sorted(contacts, key=lambda contact: contact.key)
    keys = [{"of_row": contact.key, "of_record": contact.hubspot_id} for contact in ordered]
    through_a_restart(lambda: _execute(engine, statement, keys))


def _cut(text: str | None, column: str) -> str | None:
    """Shorten a text of HubSpot's to what its column holds. JSON may carry half a surrogate pair, UTF-8 can't."""
    clean = text and text.encode("utf-8", "backslashreplace").decode()
    return clean and clean[: hubspot_contacts.c[column].type.length]  # type: ignore[attr-defined]  # all are VARCHARs


def _as_ascii(email: str) -> str:
    """Return an email as its column can keep it: what HubSpot takes is kept as it is."""
    return email.encode("ascii", "backslashreplace").decode()[: hubspot_contacts.c.email.type.length]  # type: ignore[attr-defined]  # a VARCHAR


def _execute(engine: Engine, statement: sa.Executable, rows: Sequence[Mapping[str, Any]]) -> None:
    with writing(engine) as connection:
        connection.execute(statement, rows)


def _upsert(engine: Engine) -> sa.Insert:
    if engine.dialect.name == "sqlite":
        insert = sqlite.insert(hubspot_contacts)
        return insert.on_conflict_do_update(set_=dict(_assignments(dict(insert.excluded.items()))))
    # VALUES(column), not a row alias: MariaDB knows none, and PyMySQL sends only this form as one statement a batch.
    new = {column.name: sa.func.VALUES(column) for column in hubspot_contacts.c}
    return mysql.insert(hubspot_contacts).on_duplicate_key_update(_assignments(new))


def _assignments(new: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return what an outcome changes in an entry that is there already.

    A contact that this ledger created stays its own only while its record id stays the same; a rejected or failed
    try changes neither. MySQL evaluates assignments in order, so ownership is decided before the id changes.
    """
    old = hubspot_contacts.c
    # No bound values here: PyMySQL sends a batch as one statement only where they are all in VALUES (...).
    none: sa.ColumnElement[str] = sa.literal_column("''")
    settled: sa.ColumnElement[Any] = sa.literal_column("'synced'")
    cleared: list[sa.ColumnElement[Any]] = [sa.literal_column(f"'{finding}'") for finding in _SETTLED_BY_SENDING]
    same_id = sa.func.coalesce(new["hubspot_id"], old.hubspot_id, none) == sa.func.coalesce(old.hubspot_id, none)
    # "It exists already" is no word against what was acknowledged: another request of ours was quicker. The outcome
    # is assigned first, so that this means the same in all assignments after it.
    late = sa.and_(
        new["category"] == sa.literal_column("'CONFLICT'"),
        old.outcome == settled,
        old.fingerprint == new["fingerprint"],
    )
    return [
        ("created_by_us", sa.or_(new["created_by_us"], sa.and_(old.created_by_us, same_id))),
        ("hubspot_id", sa.func.coalesce(new["hubspot_id"], old.hubspot_id)),
        ("initial_sent", sa.func.coalesce(new["initial_sent"], old.initial_sent)),
        ("hubspot_email", sa.func.coalesce(new["hubspot_email"], old.hubspot_email)),
        (
            "finding",
            sa.case((sa.and_(new["outcome"] == settled, old.finding.in_(cleared)), sa.null()), else_=old.finding),
        ),
        ("attempts", old.attempts + new["attempts"]),
        ("synced_at", sa.func.coalesce(new["synced_at"], old.synced_at)),
        *((name, sa.case((late, old[name]), else_=new[name])) for name in _REPLACED),
    ]
