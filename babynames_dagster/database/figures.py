"""Counts for monitoring: read in short transactions that lock nothing.

What belongs here: statements whose cost stays small as the tables grow. What does not: names and units of metrics.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading
from babynames_dagster.database.loading.loads import LoadRow, last_finished_load
from babynames_dagster.database.tables import hubspot_contacts, loads

TARGETS = ("baby_names", "baby_name_years")


@dataclass(frozen=True)
class ContactCount:
    """Contacts of one portal, source and partition whose last try had one outcome."""

    portal_id: int
    sync: str
    outcome: str
    partition: str
    contacts: int


@dataclass(frozen=True)
class LoadCount:
    """Loads into one table that are in one state."""

    target: str
    state: str
    loads: int


def contact_counts(engine: Engine) -> Sequence[ContactCount]:
    """Count the ledger's contacts; an index alone answers.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    key = (entry.portal_id, entry.sync, entry.outcome, entry.partition_key)
    with reading(engine) as connection:
        return [ContactCount(*row) for row in connection.execute(sa.select(*key, sa.func.count()).group_by(*key))]


def load_counts(engine: Engine) -> Sequence[LoadCount]:
    """Count the loads by table and state.

    Raises:
        PipelineError: Any DB_* code.
    """
    key = (loads.c.target, loads.c.state)
    with reading(engine) as connection:
        return [LoadCount(*row) for row in connection.execute(sa.select(*key, sa.func.count()).group_by(*key))]


def finished_loads(engine: Engine) -> Sequence[LoadRow]:
    """Return the last finished load of each table that has one.

    Raises:
        PipelineError: Any DB_* code.
    """
    return [load for target in TARGETS if (load := last_finished_load(engine, target)) is not None]
