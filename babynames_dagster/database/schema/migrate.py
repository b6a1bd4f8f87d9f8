"""Bringing a database's schema to head, one migrator at a time.

What belongs here: running Alembic from code. What does not: DDL, which `alembic/versions/` owns.
"""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from babynames_dagster.database.connection.engine import reading, writing
from babynames_dagster.database.connection.locks import lock_name, named_lock
from babynames_dagster.database.connection.reach import timeout_of
from babynames_dagster.database.connection.retrying import retried_transaction
from babynames_dagster.database.schema.resuming import Step, make_resumable
from babynames_dagster.database.schema.standing import SchemaState, Standing, current_revision, refuse_schema
from babynames_dagster.database.schema.versions import carry_over_sql, revision_of, revisions
from babynames_dagster.errors import ErrorCode, PipelineError

# Alembic's `op` is one for the whole process.
_ALEMBIC = threading.Lock()


def alembic_config() -> Config:
    """Return Alembic's configuration: `alembic/` is in the package as `migrations`, by a link in a checkout."""
    config = Config()
    config.set_main_option("script_location", f"{__package__.partition('.')[0]}:migrations")
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Migrate up to a revision; waits while another process migrates, and resumes what was interrupted.

    Raises:
        PipelineError: DB_TABLE_FOREIGN or DB_SCHEMA_UNKNOWN, before anything is changed; DB_LOCK_TIMEOUT where another
            migrator does not end within DB_TIMEOUT; any DB_* code of the server.
    """
    _run(engine, lambda config: command.upgrade(config, revision))


def downgrade(engine: Engine, revision: str) -> None:
    """Migrate down to a revision, for an older version of this project. The ledger stays.

    Args:
        engine: The database.
        revision: A revision, or `-1` for the one before.

    Raises:
        PipelineError: As `upgrade`.
    """
    _run(engine, lambda config: command.downgrade(config, revision))


def migrate_to(engine: Engine, revision: str) -> None:
    """Migrate up or down to a revision; down for an older version of this project, which the ledger outlives.

    Raises:
        PipelineError: INVALID_CONFIG where there is no such revision; else as `upgrade`.
    """
    order = revisions()[::-1]
    if revision not in order:
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"There is no revision {revision} of the schema.",
            remedy=f"Name one of {', '.join(reversed(order))}.",
        )
    current = current_revision(engine)
    if current in order and order.index(current) < order.index(revision):
        downgrade(engine, revision)
    else:
        upgrade(engine, revision)


def upgrade_sql(engine: Engine) -> str:
    """Return the SQL that `upgrade` would run on this database; nothing is changed.

    Raises:
        PipelineError: As `upgrade`.
    """
    config, output = alembic_config(), io.StringIO()
    config.output_buffer = output
    config.attributes["url"] = engine.url
    state = unfinished_state(engine)
    refuse_schema(state, auto_migrate=True)
    with _ALEMBIC, reading(engine) as connection:
        output.write(carry_over_sql(connection, revisions()))
        if not state.is_newest:
            command.upgrade(config, f"{state.revision or 'base'}:head", sql=True)
    return output.getvalue()


def _run(engine: Engine, alembic: Callable[[Config], None]) -> None:
    config = alembic_config()
    with _ALEMBIC, one_migrator(engine), writing(engine) as connection:
        state = _state(connection)
        refuse_schema(state, auto_migrate=True)
        config.attributes["connection"] = connection
        alembic(config)


def unfinished_state(engine: Engine) -> SchemaState:
    """Return where a schema stands that is not at head, by what its tables look like.

    While another process migrates, tables of a later revision would look like another program's: the look is repeated.

    Raises:
        PipelineError: DB_BUSY where another process keeps migrating; any DB_* code of the server.
    """

    def look() -> SchemaState:
        with _ALEMBIC, reading(engine) as connection:
            state = _state(connection)
        if current_revision(engine) != state.revision:
            raise PipelineError(ErrorCode.DB_BUSY, "Another process migrates the database.")
        return state

    return retried_transaction(look)


def _state(connection: Connection) -> SchemaState:
    known = revisions()
    revision, head = revision_of(connection, known), known[-1]
    if revision not in {None, *known}:
        return SchemaState(revision, head, is_known=False, standing=Standing.OURS)
    steps = _steps(connection, revision)
    foreign = tuple(dict.fromkeys(step.table for step in steps if step.missing))
    if foreign:
        standing = Standing.OTHERS
    elif any(step.is_done for step in steps):
        standing = Standing.HALF_MADE
    else:
        standing = Standing.EMPTY if revision is None else Standing.OURS
    return SchemaState(revision, head, standing=standing, foreign=foreign)


def _steps(connection: Connection, revision: str | None) -> list[Step]:
    """Look which steps of the migrations after a revision are done."""
    steps: list[Step] = []
    context = MigrationContext.configure(connection)
    make_resumable(context, steps=steps)
    found = ScriptDirectory.from_config(alembic_config()).iterate_revisions("heads", revision or "base")
    pending = [item for item in found if item.revision != revision]
    with Operations.context(context):
        for item in reversed(pending):
            item.module.upgrade()
    return steps


@contextmanager
def one_migrator(engine: Engine) -> Iterator[None]:
    """Hold the migrators' lock; SQLite's own write lock, held since BEGIN IMMEDIATE, is enough there.

    A connection of its own holds it, so that it lasts until the migration is committed.

    Raises:
        PipelineError: DB_LOCK_TIMEOUT where another migrator does not end within DB_TIMEOUT; any DB_* code.
    """
    if engine.dialect.name == "sqlite":
        yield
        return
    seconds = timeout_of(engine.url)
    with named_lock(engine, lock_name(engine, "migrate"), seconds=seconds) as taken:
        if not taken:
            raise PipelineError(ErrorCode.DB_LOCK_TIMEOUT, f"Another process has been migrating for over {seconds} s.")
        yield
