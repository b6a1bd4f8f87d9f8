"""`babynames plan`: what a run would write, row by row, for review."""

from pathlib import Path
from typing import Annotated, Any

import typer

from babynames_dagster.cli.app import end
from babynames_dagster.cli.chosen import Module, Sync, opened_sync
from babynames_dagster.cli.command_log import log_command
from babynames_dagster.cli.options import AnyPartition, Json, settings_of, verbosity_of
from babynames_dagster.cli.terminal import say, show_json, show_table, shown_progress, warn
from babynames_dagster.common.progress import log_progress
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.guards import Guards
from babynames_dagster.hubspot.plan.making import PlanReport, Wanted
from babynames_dagster.hubspot.plan.rows import WRITES, Planned, PlannedRow
from babynames_dagster.hubspot.plan.saving import save_plan
from babynames_dagster.hubspot.sync.report import SyncOptions

_COLUMNS = ("action", "name", "email", "what")


def plan(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    out: Annotated[
        Path | None, typer.Option(help="Write every row into this file, for `babynames apply`.", resolve_path=True)
    ] = None,
    partition: AnyPartition = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="As if every contact were sent.")] = False,
    retry_rejected: Annotated[
        bool, typer.Option("--retry-rejected", help="As if rejected contacts were sent again.")
    ] = False,
    resend_initial: Annotated[
        bool,
        typer.Option(
            "--resend-initial",
            help="As if HUBSPOT_INITIAL_PROPERTIES were sent again to contacts that were given other values.",
        ),
    ] = False,
    sync: Sync = None,
    module: Module = None,
    json: Json = False,
) -> None:
    """Say row by row what a run would do in HubSpot; write nothing.

    Examples: `babynames plan`, `babynames plan --out plan.jsonl`, `babynames plan --sync customer_contacts`
    """
    settings = settings_of(context)
    log_command(context, settings)
    with opened_sync(settings, sync, module) as chosen:
        wanted = Wanted.from_settings(
            chosen.settings,
            chosen.source,
            chosen.partitions(partition),
            SyncOptions(full_refresh=full_refresh, retry_rejected=retry_rejected, initial_values=resend_initial),
        )
        with shown_progress(quiet=verbosity_of(context).quiet):
            report = save_plan(
                chosen.client,
                wanted,
                out,
                max_in_flight=chosen.settings.max_in_flight,
                on_progress=log_progress,
            )
        guarded = _guarded(Guards.from_settings(chosen.settings), report)
    if json:
        show_json({**as_json(report), "file": str(out) if out else None, "guard": guarded})
    else:
        _show(report)
        if out is not None and any(report.totals[action] for action in WRITES):
            say(f"The plan is in {out}: `babynames apply {out}` writes it, with the same settings.")
        elif out is not None:
            say(f"The plan is in {out}; there is nothing to write in it.")
        for note in filter(None, (report.notice, guarded)):
            say(f"Note: {note}")
    if report.stopped is None and report.totals[Planned.UNANSWERED]:
        warn("Note: HubSpot did not answer for every contact: those are not in the plan. Make it again.")
    end(report.stopped, failed=bool(report.totals[Planned.UNANSWERED]))


def as_json(report: PlanReport) -> dict[str, Any]:
    """Return one flat object for `--json`."""
    return {
        "portal_id": report.portal_id,
        **{f"contacts_{action.value}": report.totals[action] for action in Planned},
        "contacts_orphaned": report.orphaned,
        "notice": report.notice or None,
        "first": [row.as_json() for row in report.first],
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
    }


def _guarded(guards: Guards, report: PlanReport) -> str | None:
    """Return what a guard says to the plan, as far as one stands in its way."""
    try:
        guards.check(report.writes, contacts=report.contacts)
    except PipelineError as error:
        return f"applying it takes --override-guards: {error.what}"
    return None


def _show(report: PlanReport) -> None:
    totals = [(action.value, count) for action in Planned if (count := report.totals[action])]
    show_table(f"What a run would do in portal {report.portal_id}", ("what", "count"), totals)
    if report.first:
        show_table("The first rows", _COLUMNS, [_line(row) for row in report.first])
    left = sum(count for action, count in report.totals.items() if action is not Planned.UNCHANGED) - len(report.first)
    if left > 0:
        say(f"... and {left:,} more rows.")
    if report.orphaned and not report.totals[Planned.ARCHIVE]:
        say(f"{report.orphaned:,} contacts are orphaned: HUBSPOT_MIRROR says what becomes of them.")


def _line(row: PlannedRow) -> tuple[str, str, str, str]:
    return row.action.value, row.name, row.email, "; ".join(filter(None, (row.reason, row.said)))
