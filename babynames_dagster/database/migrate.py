"""Bringing a database's schema to head, one migrator at a time.

What belongs here: running Alembic from code. What does not: DDL, which `alembic/versions/` owns.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

from alembic import command
from babynames_dagster.database.engine import BUSY_SECONDS, reading, writing
from babynames_dagster.errors import ErrorCode, PipelineError

_LOCK = "babynames_dagster.migrate"


@dataclass(frozen=True)
class SchemaState:
    """Where a database's schema stands.

    Attributes:
        revision: Its revision; None for a database without a schema.
        head: The revision that this code needs.
        is_known: Whether this code has a migration to that revision; if not, newer code made it.
    """

    revision: str | None
    head: str | None
    is_known: bool

    @property
    def is_newest(self) -> bool:
        """Whether it is what this code needs."""
        return self.revision == self.head


def alembic_config() -> Config:
    """Return Alembic's configuration, in a checkout or where the package's wheel put it.

    Raises:
        PipelineError: FILE_NOT_FOUND where neither has it.
    """
    checkout = Path(__file__).resolve().parents[2]
    shared = Path(sys.prefix) / "share" / "babynames_dagster"
    for folder in (checkout, shared):
        if (folder / "alembic.ini").is_file() and (folder / "alembic" / "env.py").is_file():
            config = Config(folder / "alembic.ini")
            config.set_main_option("script_location", str(folder / "alembic").replace("%", "%%"))
            return config
    raise PipelineError(
        ErrorCode.FILE_NOT_FOUND,
        f"The migrations are neither in {checkout} nor in {shared}.",
        remedy="Install the package again, or run it from a checkout.",
    )


def ensure_schema(engine: Engine, *, auto_migrate: bool) -> None:
    """Make sure that the schema is at head.

    Args:
        engine: The database.
        auto_migrate: Whether to bring an empty or older schema to head, or to refuse it.

    Raises:
        PipelineError: DB_SCHEMA_OUTDATED where it is older and must not be migrated; DB_SCHEMA_UNKNOWN where it
            is newer than this code; any DB_* code of the server.
    """
    state = schema_state(current_revision(engine))
    if not state.is_newest:
        refuse_schema(state, auto_migrate=auto_migrate)
        upgrade(engine)


def refuse_schema(state: SchemaState, *, auto_migrate: bool) -> None:
    """Raise where a schema is neither at head nor may be brought there.

    Args:
        state: Where it stands.
        auto_migrate: Whether it may be migrated.

    Raises:
        PipelineError: DB_SCHEMA_UNKNOWN, DB_SCHEMA_OUTDATED.
    """
    if not state.is_known:
        raise PipelineError(
            ErrorCode.DB_SCHEMA_UNKNOWN,
            f"The schema is at revision {state.revision}, which this version does not know.",
        )
    if not (state.is_newest or auto_migrate):
        raise PipelineError(
            ErrorCode.DB_SCHEMA_OUTDATED,
            f"The schema is at revision {state.revision or 'none'}, this version needs {state.head}, "
            "and DB_AUTO_MIGRATE is off.",
        )


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Migrate up to a revision; waits while another process migrates.

    Raises:
        PipelineError: DB_BUSY where another migrator does not end within a minute; any DB_* code of the server.
    """
    config = alembic_config()
    with _one_migrator(engine), writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def schema_state(revision: str | None) -> SchemaState:
    """Return where a schema of that revision stands.

    Args:
        revision: What `current_revision` says; None for a database without a schema.
    """
    script = ScriptDirectory.from_config(alembic_config())
    known = {None, *(item.revision for item in script.walk_revisions())}
    return SchemaState(revision, script.get_current_head(), revision in known)


def current_revision(engine: Engine) -> str | None:
    """Return the schema's revision; None for a database without one."""
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _one_migrator(engine: Engine) -> Iterator[None]:
    """Hold the migrators' lock; SQLite's own write lock, held since BEGIN IMMEDIATE, is enough there.

    A connection of its own holds it, so that it lasts until the migration is committed.
    """
    if engine.dialect.name == "sqlite":
        yield
        return
    lock = sa.text("SELECT GET_LOCK(:name, :seconds)")
    with reading(engine) as connection:
        if not connection.execute(lock, {"name": _LOCK, "seconds": BUSY_SECONDS}).scalar():
            raise PipelineError(ErrorCode.DB_BUSY, f"Another process has been migrating for over {BUSY_SECONDS} s.")
        try:
            yield
        finally:
            connection.execute(sa.text("SELECT RELEASE_LOCK(:name)"), {"name": _LOCK})
