"""Where a database's schema stands, and whether it can be used.

What belongs here: what a run, a probe or a status asks. What does not: changing the schema (`migrate.py`), which is
imported where it must be changed only: with it comes Alembic, which takes longer than all of this.
"""

from dataclasses import dataclass
from enum import Enum

from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading
from babynames_dagster.database.schema.versions import revision_of, revisions
from babynames_dagster.errors import ErrorCode, PipelineError

_ADOPTABLE = "baby_names"
"""The table of another program whose names can be taken over (`adoption.py`)."""


class Standing(Enum):
    """What a database is to this project."""

    EMPTY = "empty"
    """It has no table of ours."""
    OURS = "ours"
    """It has our schema, at the revision that it names."""
    HALF_MADE = "half-made"
    """A migration stopped before its end; migrating again resumes it."""
    OTHERS = "another program's"
    """It has a table of a name that ours needs, and with other columns."""


@dataclass(frozen=True)
class SchemaState:
    """Where a database's schema stands.

    Attributes:
        revision: Its revision; None for a database without a schema.
        head: The revision that this code needs.
        is_known: Whether this code has a migration to that revision; if not, newer code made it.
        standing: What it is to this project.
        foreign: Tables of another program that stand in the way.
    """

    revision: str | None
    head: str | None
    is_known: bool = True
    standing: Standing = Standing.EMPTY
    foreign: tuple[str, ...] = ()

    @property
    def is_newest(self) -> bool:
        """Whether it is what this code needs."""
        return self.revision == self.head


def ensure_schema(engine: Engine, *, auto_migrate: bool) -> None:
    """Make sure that the schema is at head.

    Args:
        engine: The database.
        auto_migrate: Whether to bring an empty or older schema to head, or to refuse it.

    Raises:
        PipelineError: DB_SCHEMA_OUTDATED where it is older and must not be migrated; DB_SCHEMA_UNKNOWN where it
            is newer than this code; any DB_* code of the server.
    """
    if current_revision(engine) == revisions()[-1]:
        return
    if not auto_migrate:
        refuse_schema(schema_state(engine), auto_migrate=False)
        return
    from babynames_dagster.database.schema.migrate import upgrade  # noqa: PLC0415 - Alembic, which is seldom needed

    upgrade(engine)


def refuse_schema(state: SchemaState, *, auto_migrate: bool) -> None:
    """Raise where a schema is neither at head nor may be brought there.

    Args:
        state: Where it stands.
        auto_migrate: Whether it may be migrated.

    Raises:
        PipelineError: DB_SCHEMA_UNKNOWN, DB_SCHEMA_OUTDATED, DB_TABLE_FOREIGN.
    """
    if not state.is_known:
        raise PipelineError(
            ErrorCode.DB_SCHEMA_UNKNOWN,
            f"The schema is at revision {state.revision}, which this version does not know.",
        )
    if state.foreign:
        raise PipelineError(
            ErrorCode.DB_TABLE_FOREIGN,
            f"Another program made {' and '.join(state.foreign)} in this database: columns of ours are missing there.",
            remedy=None if state.foreign == (_ADOPTABLE,) else "Name another database in DB_NAME (or DATABASE_URL).",
        )
    if not (state.is_newest or auto_migrate):
        raise PipelineError(
            ErrorCode.DB_SCHEMA_OUTDATED,
            f"The schema is {state.standing.value}, at revision {state.revision or 'none'}; this version needs "
            f"{state.head}, and DB_AUTO_MIGRATE is off.",
        )


def schema_state(engine: Engine) -> SchemaState:
    """Return where a database's schema stands; nothing is changed.

    Raises:
        PipelineError: Any DB_* code of the server.
    """
    known = revisions()
    with reading(engine) as connection:
        revision = revision_of(connection, known)
    if revision == known[-1]:
        return SchemaState(revision, revision, standing=Standing.OURS)
    if revision not in {None, *known}:
        return SchemaState(revision, known[-1], is_known=False, standing=Standing.OURS)
    from babynames_dagster.database.schema.migrate import unfinished_state  # noqa: PLC0415 - Alembic, as above

    return unfinished_state(engine)


def unmade_schema() -> SchemaState:
    """Return the state of a database that is still to be made."""
    return SchemaState(None, revisions()[-1])


def current_revision(engine: Engine) -> str | None:
    """Return the schema's revision; None for a database without one."""
    with reading(engine) as connection:
        return revision_of(connection, revisions())
