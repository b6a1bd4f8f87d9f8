"""`babynames undo`: takes back in HubSpot what this pipeline created there."""

from typing import Annotated

import typer

from babynames_dagster.cli.app import end
from babynames_dagster.cli.chosen import Module, Sync, opened_sync
from babynames_dagster.cli.command_log import log_command
from babynames_dagster.cli.options import settings_of, verbosity_of
from babynames_dagster.cli.terminal import say, shown_progress
from babynames_dagster.common.progress import log_progress
from babynames_dagster.database.ledger.entries import contacts_in_ledger
from babynames_dagster.hubspot.archive.archiving import ArchiveReport
from babynames_dagster.hubspot.archive.undo import contacts_to_undo, undo_created
from babynames_dagster.hubspot.guards import Guards, Writes


def undo(
    context: typer.Context,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    override_guards: Annotated[
        bool, typer.Option("--override-guards", help="Archive more than HUBSPOT_MAX_ARCHIVES allows.")
    ] = False,
    sync: Sync = None,
    module: Module = None,
) -> None:
    """Archive in HubSpot the contacts that this pipeline created; never those it only updated.

    Each is looked at first: one that was merged, or whose email was changed, stays.

    Examples: `babynames undo --override-guards`, `babynames undo --sync customer_contacts`
    """
    settings = settings_of(context)
    log_command(context, settings)
    with opened_sync(settings, sync, module) as chosen:
        client, engine, ledger, source = chosen.client, chosen.engine, chosen.ledger, chosen.source
        count = contacts_to_undo(engine, ledger)
        if not count:
            say(
                f"Nothing to undo in portal {client.portal_id}: it has no contact of a {source.noun} that this "
                "pipeline created."
            )
            return
        guards = Guards.from_settings(chosen.settings, overridden=override_guards)
        guards.check(Writes(archives=count), contacts=contacts_in_ledger(engine, ledger))
        if not yes:
            whose = f" for {sync}" if source.option else ""
            typer.confirm(
                f"Archive {count:,} contacts that were created{whose} in portal {client.portal_id}?", abort=True
            )
        with shown_progress(quiet=verbosity_of(context).quiet):
            report = undo_created(
                client,
                engine,
                ledger,
                partitions=source.partitions,
                settings=chosen.settings,
                on_progress=log_progress,
            )
        say(summary(report, client.portal_id))
        if report.archived:
            remaking = chosen.remaking
            say(f"{remaking[0].upper()}{remaking[1:]} makes them again.")
    for kept in report.first_kept:
        say(f"Kept: {kept}")
    end(report.stopped, failed=bool(report.failed))


def summary(report: ArchiveReport, portal_id: int) -> str:
    """Say in a line what became of contacts that were to be archived."""
    parts = [f"Archived {report.archived:,} contacts in portal {portal_id}"]
    if report.absent:
        parts.append(f"{report.absent:,} were not there any more")
    if report.kept:
        parts.append(f"{report.kept.total():,} are no longer ours and stay")
    reason = f" ({report.problem})" if report.problem else ""
    return "; ".join([*parts, f"{report.failed:,} failed{reason}."])
