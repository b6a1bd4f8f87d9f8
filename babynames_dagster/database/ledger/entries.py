"""The ledger in counts and lists: what HubSpot acknowledged, refused or never answered.

What belongs here: reading `hubspot_contacts` for people and decisions. What does not: writing it (`writing.py`), and
what an outcome means for sending, which `hubspot/` decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from babynames_dagster.database.connection.engine import reading
from babynames_dagster.database.ledger.candidates import name_of_entry
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.database.tables import baby_names, hubspot_contacts

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class OutcomeCount:
    """How many contacts of a portal and source have one outcome."""

    portal_id: int
    sync: str
    outcome: str
    contacts: int


@dataclass(frozen=True)
class RefusedContact:
    """A contact whose last try did not get through, and why.

    Attributes:
        portal_id: The account.
        sync: The source.
        key: The row's key in it.
        outcome: `rejected`, `failed`, or `kept` where it is somebody's by now.
        email: The email that was sent.
        name: The name; None where the table no longer has it, and for other sources' rows.
        sex: The name's sex; None likewise.
        category: The reason in one word of HubSpot's.
        message: The same in a sentence.
        correlation_id: What HubSpot's support asks for.
        attempts: How often it was sent.
        updated_at: When it was sent last, in UTC.
    """

    portal_id: int
    sync: str
    key: str
    outcome: str
    email: str
    name: str | None
    sex: str | None
    category: str | None
    message: str | None
    correlation_id: str | None
    attempts: int
    updated_at: datetime


def outcome_counts(engine: Engine) -> list[OutcomeCount]:
    """Count the ledger's contacts by portal, source and outcome.

    Raises:
        PipelineError: Any DB_* code.
    """
    key = (hubspot_contacts.c.portal_id, hubspot_contacts.c.sync, hubspot_contacts.c.outcome)
    statement = sa.select(*key, sa.func.count()).group_by(*key).order_by(*key)
    with reading(engine) as connection:
        return [OutcomeCount(*row) for row in connection.execute(statement)]


def syncs_in_ledger(engine: Engine, portal_id: int | None = None) -> set[str]:
    """Return the names of the sources of which the ledger has entries in an account or any, whatever their number.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    with reading(engine) as connection:
        portals = _distinct(connection, entry.portal_id, sa.true()) if portal_id is None else [portal_id]
        return {sync for portal in portals for sync in _distinct(connection, entry.sync, entry.portal_id == portal)}


def _distinct(connection: Connection, column: sa.ColumnElement[_Value], where: sa.ColumnElement[bool]) -> list[_Value]:
    """Return the values of a column of the primary key; each minimum is one look into it."""
    found: list[_Value] = []
    least = sa.select(sa.func.min(column)).where(where)
    while (value := connection.execute(least.where(column > found[-1]) if found else least).scalar()) is not None:
        found.append(value)
    return found


def ledger_counts(engine: Engine, ledger: Ledger) -> dict[str, int]:
    """Count a ledger's contacts by outcome; an outcome that none has is left out.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = sa.select(entry.outcome, sa.func.count()).where(ledger.owns(hubspot_contacts)).group_by(entry.outcome)
    with reading(engine) as connection:
        return {row[0]: row[1] for row in connection.execute(statement)}


def refused_contacts(
    engine: Engine, outcome: LedgerOutcome, limit: int, *, sync: str | None = None
) -> list[RefusedContact]:
    """List the contacts whose last try ended in an outcome, by portal, source and key, each with its reason.

    Args:
        engine: The database.
        outcome: REJECTED, FAILED, or KEPT; of the latter those with a reason, which HUBSPOT_WRITE_POLICY gives none.
        limit: Most contacts listed.
        sync: The source whose contacts are listed; None for all.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = (
        sa.select(
            entry.portal_id,
            entry.sync,
            entry.row_key.label("key"),
            entry.outcome,
            entry.email,
            baby_names.c.name,
            baby_names.c.sex,
            entry.category,
            entry.message,
            entry.correlation_id,
            entry.attempts,
            entry.updated_at,
        )
        .select_from(hubspot_contacts.outerjoin(baby_names, name_of_entry()))
        .where(
            entry.outcome == outcome.value,
            entry.category.is_not(None),
            sa.true() if sync is None else entry.sync == sync,
        )
        .order_by(entry.portal_id, entry.sync, *by_key())
        .limit(limit)
    )
    with reading(engine) as connection:
        return [RefusedContact(**row) for row in connection.execute(statement).mappings()]


def by_key() -> tuple[sa.ColumnElement[Any], ...]:
    """Return the order of entries for people: numbers come in their own order."""
    return sa.func.length(hubspot_contacts.c.row_key), hubspot_contacts.c.row_key


def contacts_in_ledger(engine: Engine, ledger: Ledger, partitions: Sequence[str] | None = None) -> int:
    """Count the contacts that an account has by the ledger: acknowledged, and not archived since.

    Args:
        engine: The database.
        ledger: Whose entries.
        partitions: Which partitions; None for all, former ones included.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = sa.select(sa.func.count()).where(
        ledger.owns(hubspot_contacts),
        entry.hubspot_id.is_not(None),
        entry.outcome != LedgerOutcome.ARCHIVED.value,
        sa.true() if partitions is None else entry.partition_key.in_(list(partitions)),
    )
    with reading(engine) as connection:
        count: int = connection.execute(statement).scalar_one()
        return count


def contacts_elsewhere(engine: Engine, ledger: Ledger) -> dict[int, int]:
    """Count the contacts that a source has by the ledger in other portals than this one, by portal.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = (
        sa.select(entry.portal_id, sa.func.count())
        .where(
            entry.portal_id != ledger.portal_id,
            entry.sync == ledger.sync,
            entry.hubspot_id.is_not(None),
            entry.outcome != LedgerOutcome.ARCHIVED.value,
        )
        .group_by(entry.portal_id)
    )
    with reading(engine) as connection:
        return {row[0]: row[1] for row in connection.execute(statement)}


def rows_sharing_a_contact(engine: Engine, ledger: Ledger) -> int:
    """Count how many more acknowledged rows than contacts a ledger has.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = sa.select(sa.func.count() - sa.func.count(entry.hubspot_id.distinct())).where(
        ledger.owns(hubspot_contacts), entry.outcome == LedgerOutcome.SYNCED.value, entry.hubspot_id.is_not(None)
    )
    with reading(engine) as connection:
        count: int = connection.execute(statement).scalar_one()
        return count
