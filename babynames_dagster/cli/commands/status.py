"""`babynames status`: tables, ledger, last loads and runs at a glance.

It keeps no log, makes and migrates no database, and opens Dagster's instance only where it has records already.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from babynames_dagster.cli.app import end
from babynames_dagster.cli.command_log import notes_on
from babynames_dagster.cli.demos import Demo, settings_of_chosen
from babynames_dagster.cli.options import Json, verbosity_of
from babynames_dagster.cli.overview import last_runs, overview
from babynames_dagster.cli.terminal import out, show_dicts, show_json, show_table, warn
from babynames_dagster.database.loading.loads import COUNT_COLUMNS
from babynames_dagster.database.loading.refused_names import RefusedNames
from babynames_dagster.errors import PipelineError
from babynames_dagster.sandbox.home import sandbox_names
from babynames_dagster.settings import Settings

_RUN_COLUMNS = ("run_id", "run", "status", "started", "seconds")
_LOAD_COLUMNS = ("target", "state", *COUNT_COLUMNS)


def status(
    context: typer.Context,
    *,
    demo: Demo = None,
    json: Json = False,
) -> None:
    """Show tables, ledger, last loads and runs at a glance.

    Examples: `babynames status`, `babynames status --json`, `babynames status --demo sample`
    """
    settings = settings_of_chosen(context, demo)
    others = [] if demo else sandbox_names(settings.files.data)
    for note in notes_on(settings) if not verbosity_of(context).quiet else ():
        warn(f"Note: {note}")
    found, failure = overview(settings), None
    try:
        found["runs"] = last_runs(settings)
    except PipelineError as error:  # the rest is known all the same
        found["runs"], failure = None, error
    if json:
        show_json(found)
    else:
        _show(found, settings, others)
    end(failure, failed=False)


def _show(found: Mapping[str, Any], settings: Settings, others: Sequence[str]) -> None:
    for title, key in (("Database", "database"), ("Data folder", "data_dir"), ("Dagster's records", "dagster_home")):
        out.print(f"[bold]{title}[/]: ", end="")
        out.print(found[key], markup=False)
    if found["tables"]:
        show_table("Tables", ("table", "rows"), list(found["tables"].items()))
        show_dicts("Ledger", found["ledger"])
        loads = [{**load, "target": load["target"].removeprefix("baby_")} for load in found["loads"]]
        show_dicts("Last loads", loads, columns=_LOAD_COLUMNS)
        for names in found["refused"]:
            out.print(f"In the table: {RefusedNames(**names)}.", markup=False)
    runs = [{**run, "run_id": run["run_id"][:8]} for run in found["runs"] or ()]
    show_dicts("Last runs", runs, columns=_RUN_COLUMNS)
    if not found["tables"] and settings.keeps_tables_in_data:  # another database is a project's own
        for name in others:
            out.print(f"A demo has tables and contacts of its own: `babynames status --demo {name}`", markup=False)
