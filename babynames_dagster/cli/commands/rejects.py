"""`babynames rejects`: lists what was left out, and can send it again. It makes and migrates no database."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Annotated, Any

import typer
from sqlalchemy.engine import URL

from babynames_dagster.cli.checks import describe_database
from babynames_dagster.cli.command_log import log_command
from babynames_dagster.cli.demos import Demo, settings_of_chosen
from babynames_dagster.cli.options import Json, verbosity_of
from babynames_dagster.cli.overview import plain
from babynames_dagster.cli.runs.pipeline import WantedRun
from babynames_dagster.cli.runs.running import run_and_show
from babynames_dagster.cli.terminal import show_dicts, show_json, warn
from babynames_dagster.database.connection.engine import opened_engine
from babynames_dagster.database.ledger.entries import refused_contacts, syncs_in_ledger
from babynames_dagster.database.ledger.key import NAMES
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.database.loading.loads import rejected_rows_of_last_loads
from babynames_dagster.database.schema.state import look_at
from babynames_dagster.errors import ErrorCode, PipelineError


def rejects(  # noqa: PLR0913 - the options of a command
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(help="Most rows to list of each kind.", min=1)] = 50,
    sync: Annotated[
        str | None, typer.Option(help="Only contacts of this sync: an asset's name in the ledger, or baby_names.")
    ] = None,
    retry: Annotated[
        bool,
        typer.Option(
            "--retry",
            help="Send the names' rejected contacts again, and look again at those that were left alone.",
        ),
    ] = False,
    demo: Demo = None,
    json: Json = False,
) -> None:
    """List rejected rows, and contacts that were rejected, failed or left alone as somebody's, with reasons.

    Examples: `babynames rejects`, `babynames rejects --retry`, `babynames rejects --sync customer_contacts`,
    `babynames rejects --demo sample`
    """
    if retry and demo is not None:
        raise typer.BadParameter("a demo's contacts are sent by the demo", param_hint="'--retry'")
    settings = settings_of_chosen(context, demo)
    log_command(context, settings, makes_data=retry)
    if retry and sync not in {None, NAMES}:
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"--retry sends the names alone, and not {sync}.",
            remedy=f"Run the asset of {sync} with `retry_rejected: true` in its config.",
        )
    if retry:
        run_and_show(
            settings,
            verbosity_of(context),
            WantedRun({"hubspot_contacts": {"retry_rejected": True}}, assets=["hubspot_contacts"]),
            json=json,
        )
        return
    rows, contacts = _rejects(settings.database_address(), sync, limit)
    if json:
        show_json({"rows": rows, "contacts": contacts})
        return
    show_dicts("Rejected rows", rows, ("load_id", "target", "file_name", "place", "reason", "raw"))
    for title, columns, shown in _by_sync(contacts):
        show_dicts(f"{title} that did not get through (failed ones are sent again by the next run)", shown, columns)


def _by_sync(contacts: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[str], list[dict[str, Any]]]]:
    """Yield title, columns and rows of one table a sync: only names have a name and a sex, the others a key."""
    if not contacts:
        yield "Contacts", [], []
    for sync, of_sync in groupby(sorted(contacts, key=lambda contact: str(contact["sync"])), lambda row: row["sync"]):
        rows = [{**contact, "portal_id": str(contact["portal_id"])} for contact in of_sync]  # a number, not an amount
        absent = {"sync", *(("key",) if sync == NAMES else ("name", "sex"))}
        columns = [column for column in rows[0] if column not in absent]
        yield "Contacts" if sync == NAMES else f"Contacts of {sync}", columns, rows


def _rejects(url: URL, sync: str | None, limit: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return rejected rows and contacts that did not get through; none, and a note, where the database is not ready."""
    found = look_at(url)
    if not found.schema.is_newest:
        warn(f"Note: {describe_database(found)}.")
        return [], []
    with opened_engine(url) as engine:
        known = {NAMES, *syncs_in_ledger(engine)}
        if sync is not None and sync not in known:
            mistake = f"the ledger has no contacts of {sync!r}; it knows {', '.join(sorted(known))}"
            raise typer.BadParameter(mistake, param_hint="'--sync'")
        rows = rejected_rows_of_last_loads(engine, limit) if sync in {None, NAMES} else []
        return (
            [{**asdict(row), "place": row.place} for row in rows],
            [
                plain(asdict(row))
                for outcome in (LedgerOutcome.REJECTED, LedgerOutcome.FAILED, LedgerOutcome.KEPT)
                for row in refused_contacts(engine, outcome, limit, sync=sync)
            ],
        )
