"""`babynames migrate`: brings the database's schema to a version, and takes over another program's names."""

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import Engine

from babynames_dagster.cli.command_log import log_command
from babynames_dagster.cli.options import settings_of
from babynames_dagster.cli.terminal import say
from babynames_dagster.database.connection.engine import opened_engine
from babynames_dagster.database.schema.adoption import ASIDE, put_aside
from babynames_dagster.database.schema.migrate import migrate_to, one_migrator, upgrade, upgrade_sql
from babynames_dagster.database.schema.standing import current_revision
from babynames_dagster.names.loading.adopt import adopt_names


def migrate(
    context: typer.Context,
    *,
    to: Annotated[
        str | None, typer.Option(help="This revision instead of the newest; an older one keeps the ledger.")
    ] = None,
    sql: Annotated[bool, typer.Option("--sql", help="Only print the SQL that would be run.")] = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take over the names of another program's baby_names, which is renamed.")
    ] = False,
    instance: Annotated[
        bool, typer.Option("--instance", help="Make or upgrade the tables of Dagster's instance, too.")
    ] = False,
) -> None:
    """Bring the database's schema to its newest version.

    Examples: `babynames migrate` (the same as `alembic upgrade head`), `babynames migrate --sql > schema.sql`,
    `babynames migrate --to 0002`, `babynames migrate --adopt`, `babynames migrate --instance`
    """
    if sum((to is not None, sql, adopt)) > 1:
        raise typer.BadParameter("--to, --sql and --adopt exclude each other")
    if sql and instance:
        raise typer.BadParameter("--sql knows the pipeline's own tables only: leave --instance out")
    settings = settings_of(context)
    log_command(context, settings, makes_data=not sql)
    if sql:
        print(upgrade_sql(settings.database_address()), end="")  # noqa: T201 - for a file, without any styling
        return
    with opened_engine(settings.database_address()) as engine:
        has_names = adopt and put_aside(engine)
        before = current_revision(engine)
        if to is None:
            upgrade(engine)
        else:
            migrate_to(engine, to)
        after = current_revision(engine)
        say(f"Schema: up to date at {after}" if after == before else f"Schema: {before or 'none'} -> {after}")
        if has_names:
            rows = adopt_names(engine, settings.files.data, settings.loading)
            say(
                f"{ASIDE}: {rows.read:,} rows read, {rows.inserted:,} names inserted, "
                f"{rows.present:,} present, {rows.duplicate:,} duplicates, {rows.rejected:,} "
                "rejected. The table stays; drop it when you no longer need it."
            )
        elif adopt:
            say("There is no other program's baby_names here: nothing to take over.")
        if instance:
            _migrate_instance(engine, settings.files.records, settings.env_file)


def _migrate_instance(engine: Engine, home: Path, env_file: Path) -> None:
    from babynames_dagster.cli.runs.instance import migrate_instance  # noqa: PLC0415 - only where it is asked for

    # Dagster's MySQL storage breaks when two processes make its tables at the same moment.
    with one_migrator(engine):
        storage, revision = migrate_instance(home, env_file)
    say(f"Dagster's records: {storage}, revision {revision}, as {home / 'dagster.yaml'} says")
