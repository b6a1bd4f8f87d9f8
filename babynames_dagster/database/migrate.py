"""Bringing a database's schema to head, one migrator at a time.

What belongs here: running Alembic from code. What does not: DDL, which `alembic/versions/` owns.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from alembic import command
from babynames_dagster.database.engine import BUSY_SECONDS, reading, writing
from babynames_dagster.errors import ErrorCode, PipelineError

_LOCK = "babynames_dagster.migrate"


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
    script = ScriptDirectory.from_config(alembic_config())
    head = script.get_current_head()
    with reading(engine) as connection:
        revision = _revision(connection)
    if revision == head:
        return
    if revision is not None and revision not in {item.revision for item in script.walk_revisions()}:
        raise PipelineError(
            ErrorCode.DB_SCHEMA_UNKNOWN, f"The schema is at revision {revision}, which this version does not know."
        )
    if not auto_migrate:
        raise PipelineError(
            ErrorCode.DB_SCHEMA_OUTDATED,
            f"The schema is at revision {revision or 'none'}, this version needs {head}, and DB_AUTO_MIGRATE is off.",
        )
    upgrade(engine)


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Migrate up to a revision; waits while another process migrates.

    Raises:
        PipelineError: DB_BUSY where another migrator does not end within a minute; any DB_* code of the server.
    """
    config = alembic_config()
    with _one_migrator(engine), writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def current_revision(engine: Engine) -> str | None:
    """Return the schema's revision; None for a database without one."""
    with reading(engine) as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
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
