"""`babynames undo`: takes back in HubSpot what this pipeline created there."""

from typing import Annotated

import typer

from babynames_dagster.cli.app import EXIT_FAILED, Verbosity, app
from babynames_dagster.cli.journal import begin_log
from babynames_dagster.cli.terminal import say, show_error, shown_progress
from babynames_dagster.database.engine import open_engine
from babynames_dagster.database.migrate import ensure_schema
from babynames_dagster.hubspot.api.client import open_client
from babynames_dagster.hubspot.upkeep.undo import contacts_to_undo, undo_created
from babynames_dagster.resources.reporting import log_progress
from babynames_dagster.settings import current_settings


@app.command()
def undo(
    context: typer.Context,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Archive in HubSpot the contacts that this pipeline created; never those it only updated.

    Example: `babynames undo`
    """
    settings = current_settings()
    begin_log(context, settings)
    verbosity: Verbosity = context.obj
    engine = open_engine(settings.sqlalchemy_url())
    try:
        ensure_schema(engine, auto_migrate=settings.db_auto_migrate)
        with open_client(settings, engine) as client:
            count = contacts_to_undo(engine, client.portal_id)
            if not count:
                say(f"Nothing to undo in portal {client.portal_id}.")
                return
            if not yes:
                typer.confirm(f"Archive {count:,} contacts that were created in portal {client.portal_id}?", abort=True)
            with shown_progress(quiet=verbosity.quiet):
                report = undo_created(client, engine, settings=settings, on_progress=log_progress)
        say(f"Archived {report.archived:,} contacts in portal {client.portal_id}; {report.failed:,} failed.")
        if report.stopped is not None:
            show_error(report.stopped)
        if report.failed or report.stopped is not None:
            raise typer.Exit(EXIT_FAILED)
    finally:
        engine.dispose()
