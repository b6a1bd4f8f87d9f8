"""`babynames apply`: writes what a plan says, and no more."""

from pathlib import Path
from typing import Annotated

import typer

from babynames_dagster.cli.app import end
from babynames_dagster.cli.chosen import Module, Sync, opened_sync
from babynames_dagster.cli.command_log import log_command
from babynames_dagster.cli.options import Json, OverrideGuards, settings_of, verbosity_of
from babynames_dagster.cli.terminal import say, show_json, show_table, shown_progress
from babynames_dagster.common.progress import log_progress
from babynames_dagster.hubspot.guards import Guards
from babynames_dagster.hubspot.plan.apply_report import ApplyReport
from babynames_dagster.hubspot.plan.applying import Applier
from babynames_dagster.hubspot.plan.files import sync_of
from babynames_dagster.hubspot.plan.making import Wanted


def apply(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A plan's file.", resolve_path=True)],
    *,
    override_guards: OverrideGuards = False,
    sync: Sync = None,
    module: Module = None,
    json: Json = False,
) -> None:
    """Write the rows of a plan, and no others; a row that is no longer what was reviewed is refused.

    A plan says which sync it is about; --sync only makes sure that it is the one that is meant.

    What is as planned already is counted and left, so that the same plan can be applied again after an interruption.

    Example: `babynames apply plan.jsonl`
    """
    settings = settings_of(context)
    log_command(context, settings)
    with (
        opened_sync(settings, sync or sync_of(file), module) as chosen,
        shown_progress(quiet=verbosity_of(context).quiet),
    ):
        report = Applier(
            chosen.client,
            chosen.engine,
            file,
            Wanted.from_settings(chosen.settings, chosen.source, chosen.source.partitions),
            Guards.from_settings(chosen.settings, overridden=override_guards),
            max_in_flight=chosen.settings.max_in_flight,
            wait_seconds=chosen.settings.wait,
            on_progress=log_progress,
        ).run()
    _show_applied(report, json=json)
    end(report.stopped, failed=bool(report.failed or report.refused))


def _show_applied(report: ApplyReport, *, json: bool) -> None:
    counts = {
        "contacts_created": report.created,
        "contacts_updated": report.updated,
        "contacts_archived": report.archived,
        "contacts_already": report.already,
        "contacts_refused": report.refused,
        "contacts_failed": report.failed,
    }
    refused = [(item.row.email, item.row.action.value, item.why) for item in report.first_refused]
    if json:
        columns = ("email", "action", "why")
        show_json(
            {
                "portal_id": report.portal_id,
                **counts,
                "first_refused": [dict(zip(columns, row, strict=True)) for row in refused],
                "problem": str(report.problem) if report.problem else None,
            }
        )
        return
    if report.was_applied:
        say(f"Already applied: HubSpot has all {report.already:,} rows of the plan as they are to be.")
        return
    if not any(counts.values()) and report.stopped is None:
        say("Nothing to write: the plan has no rows.")
        return
    show_table(f"What was done in portal {report.portal_id}", ("what", "count"), list(counts.items()))
    if refused:
        show_table("Refused, because they are no longer what was reviewed", ("email", "action", "why"), refused)
    if report.refused > len(refused):
        say(f"... and {report.refused - len(refused):,} more that were refused.")
    if refused:
        say("What to do: make a plan again with `babynames plan --out FILE`, look at it, and apply that one.")
    if report.problem is not None:
        say(f"The first failure: {report.problem}")
