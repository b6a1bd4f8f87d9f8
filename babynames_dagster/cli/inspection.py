"""Commands that look and change nothing: `check` and `status`, and `rejects`, which can send again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from babynames_dagster.cli.app import app, exit_status
from babynames_dagster.cli.checks import check_database, check_hubspot_account, check_kaggle_site
from babynames_dagster.cli.overview import overview
from babynames_dagster.cli.pipeline import WantedRun, shared_instance
from babynames_dagster.cli.runs import run_and_show
from babynames_dagster.cli.terminal import err, out, show_error, show_json, show_table
from babynames_dagster.database.engine import open_engine
from babynames_dagster.database.ledger import rejected_contacts
from babynames_dagster.database.loads import rejected_rows_of_last_loads
from babynames_dagster.database.migrate import ensure_schema
from babynames_dagster.errors import PipelineError
from babynames_dagster.settings import Settings, current_settings

_CHECKS: dict[str, Callable[[Settings], str]] = {
    "db": check_database,
    "kaggle": check_kaggle_site,
    "hubspot": check_hubspot_account,
}

_LOAD_COLUMNS = (
    "target",
    "state",
    "rows_read",
    "rows_inserted",
    "rows_present",
    "rows_duplicate",
    "rows_rejected",
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]


@app.command()
def check(
    what: Annotated[str | None, typer.Argument(help="`db`, `kaggle` or `hubspot`; all where left out.")] = None,
) -> None:
    """Try each connection for real: what is wrong, and what to do.

    Examples: `babynames check`, `babynames check hubspot`
    """
    if what is not None and what not in _CHECKS:
        raise typer.BadParameter(f"{what!r} is none of {', '.join(_CHECKS)}")
    settings = current_settings()
    status = 0
    for name in [what] if what else list(_CHECKS):
        try:
            answer = _CHECKS[name](settings)
        except PipelineError as error:
            err.print(f"[bold red]✗[/] {name}")
            show_error(error)
            status = max(status, exit_status(error))
        else:
            out.print(f"[bold green]✓[/] {name}: ", end="")
            out.print(answer, markup=False)
    raise typer.Exit(status)


@app.command()
def status(*, json: Json = False) -> None:
    """Show tables, ledger, last loads and runs at a glance.

    Examples: `babynames status`, `babynames status --json`
    """
    settings = current_settings()
    engine = open_engine(settings.sqlalchemy_url())
    try:
        ensure_schema(engine, auto_migrate=settings.db_auto_migrate)
        with shared_instance(settings.data) as instance:
            found = overview(engine, instance)
    finally:
        engine.dispose()
    if json:
        show_json(found)
        return
    show_table("Tables", ("table", "rows"), list(found["tables"].items()))
    _show_dicts("Ledger", found["ledger"])
    _show_dicts("Last loads", found["loads"], columns=_LOAD_COLUMNS)
    _show_dicts("Last runs", [{**run, "run_id": run["run_id"][:8]} for run in found["runs"]])


@app.command()
def rejects(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(help="Most rows to list of each kind.", min=1)] = 50,
    retry: Annotated[bool, typer.Option("--retry", help="Send the rejected contacts again.")] = False,
    json: Json = False,
) -> None:
    """List rejected rows of the file and rejected contacts, with reasons.

    Examples: `babynames rejects`, `babynames rejects --retry`
    """
    settings = current_settings()
    if retry:
        run_and_show(
            settings,
            context.obj,
            WantedRun({"hubspot_contacts": {"retry_rejected": True}}, assets=["hubspot_contacts"]),
            json=json,
        )
        return
    engine = open_engine(settings.sqlalchemy_url())
    try:
        ensure_schema(engine, auto_migrate=settings.db_auto_migrate)
        rows = [asdict(row) for row in rejected_rows_of_last_loads(engine, limit)]
        contacts = [asdict(row) for row in rejected_contacts(engine, limit)]
    finally:
        engine.dispose()
    if json:
        show_json({"rows": rows, "contacts": contacts})
        return
    _show_dicts("Rejected rows", rows)
    _show_dicts("Rejected contacts", contacts)


def _show_dicts(title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
    if not rows:
        out.print(f"[bold]{title}[/]: none")
        return
    shown = columns or list(rows[0])
    show_table(title, [name.removeprefix("rows_") for name in shown], [[row[name] for name in shown] for row in rows])
