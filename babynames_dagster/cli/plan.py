"""`babynames plan` and `babynames apply`: what a run would write, for review, and writing just that."""

from pathlib import Path
from typing import Annotated, Any

import typer

from babynames_dagster.cli.app import EXIT_FAILED, Verbosity, app, exit_status
from babynames_dagster.cli.journal import begin_log
from babynames_dagster.cli.opening import opened_account
from babynames_dagster.cli.terminal import err, say, show_error, show_json, show_table, shown_progress
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.guards import Guards
from babynames_dagster.hubspot.plan.applying import Applier, ApplyReport
from babynames_dagster.hubspot.plan.making import PlanReport, Wanted
from babynames_dagster.hubspot.plan.rows import Planned, PlannedRow
from babynames_dagster.hubspot.plan.saving import save_plan
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster.names.identity import INITIALS
from babynames_dagster.resources.reporting import log_progress
from babynames_dagster.settings import load_settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
_COLUMNS = ("action", "name", "email", "what")


@app.command()
def plan(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    out: Annotated[
        Path | None, typer.Option(help="Write every row into this file, for `babynames apply`.", resolve_path=True)
    ] = None,
    partition: Annotated[
        str | None,
        typer.Option(help="Only this partition of the contacts: A..Z or other.", autocompletion=lambda: [*INITIALS]),
    ] = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="As if every contact were sent.")] = False,
    retry_rejected: Annotated[
        bool, typer.Option("--retry-rejected", help="As if rejected contacts were sent again.")
    ] = False,
    json: Json = False,
) -> None:
    """Say row by row what a run would do in HubSpot; write nothing.

    Examples: `babynames plan`, `babynames plan --out plan.jsonl`
    """
    if partition is not None and partition not in INITIALS:
        raise typer.BadParameter(f"{partition!r} is none of {INITIALS[0]}..{INITIALS[-2]} or {INITIALS[-1]}")
    settings = load_settings()
    begin_log(context, settings)
    verbosity: Verbosity = context.obj
    wanted = Wanted.from_settings(
        settings.hubspot,
        [partition] if partition else INITIALS,
        SyncOptions(full_refresh=full_refresh, retry_rejected=retry_rejected),
    )
    with opened_account(settings) as (engine, client):
        with shown_progress(quiet=verbosity.quiet):
            report = save_plan(
                client,
                engine,
                wanted,
                out,
                max_in_flight=settings.hubspot.max_in_flight,
                on_progress=log_progress,
            )
        guarded = _guarded(Guards.from_settings(settings.hubspot), report)
    if json:
        show_json({**as_json(report), "file": str(out) if out else None, "guard": guarded})
    else:
        _show(report)
        if out is not None:
            say(f"The plan is in {out}: `babynames apply {out}` writes it.")
    if guarded:
        err.print(f"Note: {guarded}", markup=False)
    if report.stopped is not None:
        show_error(report.stopped)
        raise typer.Exit(exit_status(report.stopped))


@app.command()
def apply(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A plan's file.", resolve_path=True)],
    *,
    override_guards: Annotated[
        bool, typer.Option("--override-guards", help="Write more than HUBSPOT_MAX_... allow.")
    ] = False,
    json: Json = False,
) -> None:
    """Write the rows of a plan, and no others; a row that is no longer what was reviewed is refused.

    Example: `babynames apply plan.jsonl`
    """
    settings = load_settings()
    begin_log(context, settings)
    verbosity: Verbosity = context.obj
    with opened_account(settings) as (engine, client), shown_progress(quiet=verbosity.quiet):
        report = Applier(
            client,
            engine,
            file,
            Wanted.from_settings(settings.hubspot, INITIALS),
            Guards.from_settings(settings.hubspot, overridden=override_guards),
            max_in_flight=settings.hubspot.max_in_flight,
            wait_seconds=settings.hubspot.wait,
            on_progress=log_progress,
        ).run()
    _show_applied(report, json=json)
    if report.stopped is not None:
        show_error(report.stopped)
        raise typer.Exit(exit_status(report.stopped))
    if report.failed or report.refused:
        raise typer.Exit(EXIT_FAILED)


def as_json(report: PlanReport) -> dict[str, Any]:
    """Return one flat object for `--json`."""
    return {
        "portal_id": report.portal_id,
        **{f"contacts_{action.value}": report.totals[action] for action in Planned},
        "contacts_orphaned": report.orphaned,
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


def _show_applied(report: ApplyReport, *, json: bool) -> None:
    counts = {
        "contacts_created": report.created,
        "contacts_updated": report.updated,
        "contacts_archived": report.archived,
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
                "problem": f"{report.problem.category}: {report.problem.message}" if report.problem else None,
            }
        )
        return
    show_table(f"What was done in portal {report.portal_id}", ("what", "count"), list(counts.items()))
    if refused:
        show_table("Refused, because they are no longer what was reviewed", ("email", "action", "why"), refused)
    if report.problem is not None:
        say(f"The first failure: {report.problem.category}: {report.problem.message}")


def _line(row: PlannedRow) -> tuple[str, str, str, str]:
    changes = "; ".join(f"{name}: {change.theirs!r} -> {change.ours!r}" for name, change in row.changes.items())
    return row.action.value, row.name, row.email, "; ".join(filter(None, (row.reason, changes)))
