"""`babynames status`: tables, ledger, last loads and runs at a glance.

It keeps no log, makes and migrates no database, and opens Dagster's instance only where it has records already.
"""

from typing import Annotated

import typer

from babynames_dagster.cli.options import Json, environment_of, settings_of
from babynames_dagster.cli.overview import overview
from babynames_dagster.cli.terminal import out, show_dicts, show_json, show_table
from babynames_dagster.database.loading.loads import COUNT_COLUMNS
from babynames_dagster.sandbox.home import own_variables, sandbox_folder, sandbox_names
from babynames_dagster.settings import load_settings

_RUN_COLUMNS = ("run_id", "run", "status", "started", "seconds")
_LOAD_COLUMNS = ("target", "state", *COUNT_COLUMNS)


def _demos(context: typer.Context) -> list[str]:
    return sandbox_names(settings_of(context).files.data)


def status(
    context: typer.Context,
    *,
    demo: Annotated[
        str | None,
        typer.Option(
            help="Of this demo instead: `sample`, or a dataset's name below `data/demo`.",
            autocompletion=_demos,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Show tables, ledger, last loads and runs at a glance.

    Examples: `babynames status`, `babynames status --json`, `babynames status --demo sample`
    """
    settings = settings_of(context)
    others = sandbox_names(settings.files.data)
    if demo is not None:
        if demo not in others:
            raise typer.BadParameter(f"{demo!r} is no demo's name; there are: {', '.join(others) or 'none yet'}")
        own = own_variables(sandbox_folder(settings.files.data, demo))
        settings, others = load_settings({**environment_of(context), **own}), []
    found = overview(settings)
    if json:
        show_json(found)
        return
    for title, key in (("Database", "database"), ("Data folder", "data_dir"), ("Dagster's records", "dagster_home")):
        out.print(f"[bold]{title}[/]: ", end="")
        out.print(found[key], markup=False)
    if found["tables"]:
        show_table("Tables", ("table", "rows"), list(found["tables"].items()))
        show_dicts("Ledger", found["ledger"])
        loads = [{**load, "target": load["target"].removeprefix("baby_")} for load in found["loads"]]
        show_dicts("Last loads", loads, columns=_LOAD_COLUMNS)
    runs = [{**run, "run_id": run["run_id"][:8]} for run in found["runs"]]
    show_dicts("Last runs", runs, columns=_RUN_COLUMNS)
    if not found["tables"] and settings.keeps_tables_in_data:  # another database is a project's own
        for name in others:
            out.print(f"A demo has tables and contacts of its own: `babynames status --demo {name}`", markup=False)
