"""Names that came with a load which ended with TOO_MANY_REJECTS: they are in the table, and a sync sends them."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading
from babynames_dagster.database.ledger.candidates import names_with_entries
from babynames_dagster.database.loading.loads import FAILED
from babynames_dagster.database.tables import baby_names, hubspot_contacts, loads
from babynames_dagster.errors import ErrorCode


@dataclass(frozen=True)
class RefusedNames:
    """Names of one refused load.

    Attributes:
        load_id: The load.
        file_name: Its file.
        names: How many of the names that it brought are meant.
    """

    load_id: int
    file_name: str
    names: int

    def __str__(self) -> str:
        """Say what came with which file, and how it is taken out."""
        return (
            f"{self.names:,} names came with {self.file_name}, which was refused ({ErrorCode.TOO_MANY_REJECTS.name}); "
            f"`{taking_out(self.load_id)}` takes them out"
        )


def taking_out(load_id: int) -> str:
    """Return the statement that takes the names of a load out of the table."""
    return f"DELETE FROM {baby_names.name} WHERE load_id = {load_id}"  # noqa: S608 - shown, and a number


def names_of_refused_loads(engine: Engine, *, unknown_to: int | None = None) -> list[RefusedNames]:
    """Return the names that refused loads brought, by load; a file that was accepted later is not refused.

    Args:
        engine: The database.
        unknown_to: Only names without a ledger entry for this portal.

    Raises:
        PipelineError: Any DB_* code.
    """
    refused = sa.select(loads.c.id, loads.c.file_name).where(
        loads.c.target == baby_names.name,
        loads.c.state == FAILED,
        loads.c.error_code == ErrorCode.TOO_MANY_REJECTS.name,
    )
    with reading(engine) as connection:
        files = {row.id: row.file_name for row in connection.execute(refused.order_by(loads.c.id))}
        if not files:
            return []
        counted = sa.select(baby_names.c.load_id, sa.func.count()).where(baby_names.c.load_id.in_(files))
        if unknown_to is not None:
            entry = hubspot_contacts.c.row_key
            counted = counted.select_from(names_with_entries(unknown_to)).where(entry.is_(None))
        counts = {row[0]: row[1] for row in connection.execute(counted.group_by(baby_names.c.load_id))}
    return [RefusedNames(load_id, file, counts[load_id]) for load_id, file in files.items() if load_id in counts]
