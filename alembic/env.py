"""Alembic's environment: the database of the settings, or the connection that the pipeline hands over."""

from alembic import context
from sqlalchemy.engine import Connection

from babynames_dagster.database.connection.engine import open_engine, writing
from babynames_dagster.database.schema.resuming import make_resumable
from babynames_dagster.database.schema.versions import VERSION_TABLE, carry_over_version, revisions
from babynames_dagster.database.tables import metadata
from babynames_dagster.settings import load_settings


def _run(connection: Connection) -> None:
    carry_over_version(connection, revisions())
    context.configure(connection=connection, target_metadata=metadata, compare_type=True, version_table=VERSION_TABLE)
    make_resumable(context.get_context())
    with context.begin_transaction():
        context.run_migrations()


def _run_offline() -> None:
    context.configure(
        dialect_name=(context.config.attributes.get("url") or load_settings().database_address()).get_backend_name(),
        target_metadata=metadata,
        literal_binds=True,
        version_table=VERSION_TABLE,
    )
    with context.begin_transaction():
        context.run_migrations()


handed_over = context.config.attributes.get("connection")
if context.is_offline_mode():
    _run_offline()
elif handed_over is not None:
    _run(handed_over)
else:
    with writing(open_engine(load_settings().database_address())) as opened:
        _run(opened)
