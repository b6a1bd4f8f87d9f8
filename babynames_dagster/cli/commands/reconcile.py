"""`babynames reconcile`: what became in HubSpot of every contact, and repairing what may be repaired."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from babynames_dagster.cli.app import end
from babynames_dagster.cli.chosen import Chosen, Module, Sync, opened_sync
from babynames_dagster.cli.command_log import log_command
from babynames_dagster.cli.options import AnyPartition, Json, OverrideGuards, settings_of, verbosity_of
from babynames_dagster.cli.terminal import say, show_json, show_table, shown_progress
from babynames_dagster.common.progress import log_progress
from babynames_dagster.database.ledger.states import Finding
from babynames_dagster.hubspot.batches.policy import WritePolicy
from babynames_dagster.hubspot.guards import Guards
from babynames_dagster.hubspot.reconcile.judging import Judged
from babynames_dagster.hubspot.reconcile.report import ReconcileReport
from babynames_dagster.hubspot.reconcile.run import ReconcileOptions, Reconciler


def reconcile(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Send again what was changed, by the policy.")] = False,
    recreate: Annotated[
        bool, typer.Option("--recreate", help="Make again what users archived or deleted in HubSpot.")
    ] = False,
    partition: AnyPartition = None,
    override_guards: OverrideGuards = False,
    sync: Sync = None,
    module: Module = None,
    json: Json = False,
) -> None:
    """Read every contact of the ledger back from HubSpot, and say what became of it.

    Contacts that are right and that the ledger does not know are adopted. Without --repair and --recreate, nothing is
    written to HubSpot.

    Examples: `babynames reconcile`, `babynames reconcile --repair`, `babynames reconcile --sync customer_contacts`
    """
    settings = settings_of(context)
    log_command(context, settings)
    with opened_sync(settings, sync, module) as chosen, shown_progress(quiet=verbosity_of(context).quiet):
        report = Reconciler(
            chosen.client,
            chosen.engine,
            chosen.source,
            chosen.partitions(partition),
            WritePolicy(chosen.settings.write_policy),
            Guards.from_settings(chosen.settings, overridden=override_guards),
            max_in_flight=chosen.settings.max_in_flight,
            wait_seconds=chosen.settings.wait,
            options=ReconcileOptions(repair=repair, recreate=recreate, marker=chosen.settings.marker_property),
            on_progress=log_progress,
        ).run()
    if json:
        show_json(as_json(report))
    else:
        _show(report, chosen)
    end(report.stopped, failed=bool(report.failed or report.total[Finding.UNREAD]))


def as_json(report: ReconcileReport) -> dict[str, Any]:
    """Return one flat object for `--json`."""
    return {
        "portal_id": report.portal_id,
        **{f"contacts_{finding.value}": report.total[finding] for finding in Finding},
        **_done(report),
        "problem": str(report.problem) if report.problem else None,
        "first": [dict(zip(_COLUMNS, _line(judged), strict=True)) for judged in report.first],
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
    }


_COLUMNS = ("email", "record", "found", "what")


def _show(report: ReconcileReport, chosen: Chosen) -> None:
    found = [(finding.value, count) for finding in Finding if (count := report.total[finding])]
    if found:
        show_table(f"Contacts in portal {report.portal_id}", ("found", "count"), found)
    else:
        say(
            f"There is no contact of the {chosen.source.noun}s to read back in portal {report.portal_id}. Those that "
            f"`babynames undo` archived are not read back; {chosen.remaking} makes them again."
        )
    done = [(name.removeprefix("contacts_"), count) for name, count in _done(report).items() if count]
    if done:
        show_table("Beside them", ("what", "count"), done)
    if report.first:
        show_table("What people should look at", _COLUMNS, [_line(judged) for judged in report.first])
    left = report.news - len(report.first)
    if left > 0:
        say(f"... and {left:,} more; the column finding of hubspot_contacts has them all.")
    if report.adopted_made_by_app or report.adopted_marked:
        say(
            f"Of the adopted contacts, {report.adopted_made_by_app:,} were made by an app, says HubSpot, and "
            f"{report.adopted_marked:,} have the marker. They are ours to update, and not to undo."
        )
    if report.problem is not None:
        say(f"The first failure: {report.problem}")
    calls = "1 call" if report.requests == 1 else f"{report.requests:,} calls"
    say(f"{calls} in {report.seconds:.1f} s.")


def _done(report: ReconcileReport) -> dict[str, int]:
    return {
        "contacts_adopted": report.adopted,
        "contacts_adopted_made_by_app": report.adopted_made_by_app,
        "contacts_adopted_marked": report.adopted_marked,
        "contacts_unknown": report.unknown,
        "contacts_repaired": report.repaired,
        "contacts_recreated": report.recreated,
        "contacts_left": report.left,
        "contacts_failed": report.failed,
    }


def _line(judged: Judged) -> Sequence[str]:
    return judged.row.email, judged.row.hubspot_id, judged.finding.value, judged.detail
