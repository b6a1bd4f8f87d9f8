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
from sqlalchemy.engine import URL, Connection, Engine

from babynames_dagster.database.connection.engine import is_unmade, opened_engine, reading, writing
from babynames_dagster.database.connection.locks import lock_name, named_lock
from babynames_dagster.database.connection.reach import timeout_of
from babynames_dagster.database.connection.retrying import retried_transaction
from babynames_dagster.database.schema.resuming import Step, make_resumable
from babynames_dagster.database.schema.standing import (
    SchemaState,
    Standing,
    current_revision,
    refuse_schema,
    unmade_schema,
)
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


def upgrade_sql(url: URL) -> str:
    """Return the SQL that `upgrade` would run on this database; nothing is changed, and no file is made.

    Raises:
        PipelineError: As `upgrade`.
    """
    config, output = alembic_config(), io.StringIO()
    config.output_buffer = output
    config.attributes["url"] = url
    state = unmade_schema()
    if not is_unmade(url):
        with opened_engine(url) as engine:
            state = unfinished_state(engine)
            refuse_schema(state, auto_migrate=True)
            with reading(engine) as connection:
                output.write(carry_over_sql(connection, revisions()))
    if not state.is_newest:
        with _ALEMBIC:
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
    pending = _pending(connection, revision)
    foreign = tuple(dict.fromkeys(step.table for steps in pending for step in steps if step.missing))
    if foreign:
        standing = Standing.OTHERS
    elif any(_is_half_done(steps) for steps in pending):
        standing = Standing.HALF_MADE
    elif revision is not None:
        standing = Standing.OURS
    else:
        standing = Standing.HALF_MADE if any(step.is_done for steps in pending for step in steps) else Standing.EMPTY
    return SchemaState(revision, head, standing=standing, foreign=foreign)


def _is_half_done(steps: list[Step]) -> bool:
    """Say whether a migration stopped before its end. Done as a whole, it may be one whose downgrade keeps all."""
    return len({step.is_done for step in steps}) > 1


def _pending(connection: Connection, revision: str | None) -> list[list[Step]]:
    """Look which steps are done, for each migration after a revision."""
    steps: list[Step] = []
    pending: list[list[Step]] = []
    context = MigrationContext.configure(connection)
    make_resumable(context, steps=steps)
    found = ScriptDirectory.from_config(alembic_config()).iterate_revisions("heads", revision or "base")
    migrations = [item for item in found if item.revision != revision]
    with Operations.context(context):
        for migration in reversed(migrations):
            before = len(steps)
            migration.module.upgrade()
            pending.append(steps[before:])
    return pending


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
