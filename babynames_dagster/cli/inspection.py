"""Commands that look: `check`, `status`, and `rejects`, which can also send again.

What belongs here: asking and drawing. None of them makes or migrates a database; `status` keeps no log, and
opens Dagster's instance only where a `dagster.yaml` is already.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from babynames_dagster.cli.app import app, exit_status
from babynames_dagster.cli.checks import check_database, check_hubspot_account, check_kaggle_site, describe_database
from babynames_dagster.cli.journal import begin_log
from babynames_dagster.cli.overview import overview, plain
from babynames_dagster.cli.pipeline import WantedRun
from babynames_dagster.cli.runs import run_and_show
from babynames_dagster.cli.terminal import err, out, say, show_error, show_json, show_table
from babynames_dagster.database.engine import open_engine
from babynames_dagster.database.ledger.entries import rejected_contacts
from babynames_dagster.database.loads import rejected_rows_of_last_loads
from babynames_dagster.database.state import look_at
from babynames_dagster.errors import PipelineError
from babynames_dagster.sandbox.home import own_variables, sandbox_folder, sandbox_names
from babynames_dagster.settings import Settings, load_settings

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
    context: typer.Context,
    what: Annotated[
        str | None,
        typer.Argument(help="`db`, `kaggle` or `hubspot`; all where left out.", autocompletion=lambda: list(_CHECKS)),
    ] = None,
) -> None:
    """Try each connection for real: what is wrong, and what to do.

    Examples: `babynames check`, `babynames check hubspot`
    """
    if what is not None and what not in _CHECKS:
        raise typer.BadParameter(f"{what!r} is none of {', '.join(_CHECKS)}")
    settings = load_settings()
    begin_log(context, settings)
    status = 0
    for name in [what] if what else list(_CHECKS):
        try:
            answer = _CHECKS[name](settings)
        except PipelineError as error:
            err.print(f"[bold red]✗[/] {name}")
            show_error(error)
            status = max(status, exit_status(error))
        else:
            out.print("[bold green]✓[/] ", end="")
            say(f"{name}: {answer}")
    raise typer.Exit(status)


@app.command()
def status(
    *,
    demo: Annotated[
        str | None,
        typer.Option(
            help="Of this demo instead: `sample`, or a dataset's name below `data/demo`.",
            autocompletion=lambda: sandbox_names(load_settings().files.data),
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Show tables, ledger, last loads and runs at a glance.

    Examples: `babynames status`, `babynames status --json`, `babynames status --demo sample`
    """
    settings = load_settings()
    others = sandbox_names(settings.files.data)
    if demo is not None:
        if demo not in others:
            raise typer.BadParameter(f"{demo!r} is no demo's name; there are: {', '.join(others) or 'none yet'}")
        own = own_variables(sandbox_folder(settings.files.data, demo))
        settings, others = load_settings({**os.environ, **own}), []
    found = overview(settings)
    if json:
        show_json(found)
        return
    for title, key in (("Database", "database"), ("Data folder", "data_dir"), ("Dagster's records", "dagster_home")):
        out.print(f"[bold]{title}[/]: ", end="")
        out.print(found[key], markup=False)
    if found["tables"]:
        show_table("Tables", ("table", "rows"), list(found["tables"].items()))
        _show_dicts("Ledger", found["ledger"])
        _show_dicts("Last loads", found["loads"], columns=_LOAD_COLUMNS)
    _show_dicts("Last runs", [{**run, "run_id": run["run_id"][:8]} for run in found["runs"]])
    for name in others:
        out.print(f"A demo has tables and contacts of its own: `babynames status --demo {name}`", markup=False)


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
    settings = load_settings()
    begin_log(context, settings)
    if retry:
        run_and_show(
            settings,
            context.obj,
            WantedRun({"hubspot_contacts": {"retry_rejected": True}}, assets=["hubspot_contacts"]),
            json=json,
        )
        return
    rows, contacts = _rejects(settings, limit)
    if json:
        show_json({"rows": rows, "contacts": contacts})
        return
    _show_dicts("Rejected rows", rows)
    _show_dicts("Rejected contacts", contacts)


def _rejects(settings: Settings, limit: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return rejected rows and contacts; none, and a note, where the database is not ready to have any."""
    url = settings.database_address()
    found = look_at(url)
    if not found.schema.is_newest:
        err.print(f"Note: {describe_database(found)}.", markup=False)
        return [], []
    engine = open_engine(url)
    try:
        return (
            [plain(asdict(row)) for row in rejected_rows_of_last_loads(engine, limit)],
            [plain(asdict(row)) for row in rejected_contacts(engine, limit)],
        )
    finally:
        engine.dispose()


def _show_dicts(title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
    if not rows:
        out.print(f"[bold]{title}[/]: none")
        return
    shown = columns or list(rows[0])
    show_table(title, [name.removeprefix("rows_") for name in shown], [[row[name] for name in shown] for row in rows])
