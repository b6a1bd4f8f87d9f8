"""Running the graph in this process and showing what happened, for the commands that do so."""

import typer
from sqlalchemy.engine import URL

from babynames_dagster.cli.app import EXIT_INTERRUPTED, end
from babynames_dagster.cli.options import Verbosity
from babynames_dagster.cli.required import require
from babynames_dagster.cli.runs.instance import shared_instance
from babynames_dagster.cli.runs.pipeline import WantedRun, run_pipeline
from babynames_dagster.cli.runs.summary import PipelineResult
from babynames_dagster.cli.terminal import say, show_json, show_table, shown_progress, warn
from babynames_dagster.database.connection.engine import opened_engine
from babynames_dagster.database.loading.loads import COUNT_COLUMNS, last_loads
from babynames_dagster.database.schema.state import look_at
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.sync.settings_advice import slow_settings_warning as slow_sync
from babynames_dagster.names.loading.settings_advice import slow_settings_warning as slow_load
from babynames_dagster.names.stream import NAMES
from babynames_dagster.settings import Settings

_LOADS_LOOKED_AT = 5
"""More than a run makes; others may load at the same time."""


def run_and_show(settings: Settings, verbosity: Verbosity, wanted: WantedRun, *, json: bool) -> None:
    """Run the main job, or some of its assets, and show what happened.

    Args:
        settings: The run's settings.
        verbosity: How much to say meanwhile.
        wanted: What to run.
        json: Whether to print one JSON object instead of tables.

    Raises:
        Exit: With the error's status where the run failed.
    """
    require(settings, "hubspot", "db", *(() if wanted.has_file else ("kaggle",)))
    if not verbosity.quiet:
        for warning in filter(None, (slow_load(settings.loading), slow_sync(settings.hubspot))):
            warn(f"Note: {warning}")
    with shared_instance(settings.files.records, settings.env_file) as instance, shown_progress(quiet=verbosity.quiet):
        result = run_pipeline(instance, settings, wanted, verbose=verbosity.verbose)
    _finish(_with_what_the_table_knows(result, settings.database_address()), json=json)


def _with_what_the_table_knows(result: PipelineResult, url: URL) -> PipelineResult:
    """Return the result with the counts of a load that broke off: they are in the database, if that answers."""
    if result.counts[COUNT_COLUMNS[0]] is not None or "baby_names_table" not in result.selected:
        return result
    try:
        if not look_at(url).schema.is_newest:
            return result
        with opened_engine(url) as engine:
            loads = last_loads(engine, _LOADS_LOOKED_AT)
    except PipelineError:
        return result
    rows = [load.rows for load in loads if (load.run_id, load.target) == (result.run_id, NAMES)]
    return result.with_load(rows[0]) if rows and rows[0].read else result


def _finish(result: PipelineResult, *, json: bool) -> None:
    """Show the result, then the error if there is one, and leave with its status."""
    if json:
        show_json(result.as_json())
    else:
        if result.file is not None:
            say(f"File: {result.file}")
        title = "What happened; contacts: what would happen" if result.dry_run else "What happened"
        if result.known:
            counts = [(what, "unknown" if count is None else count) for what, count in result.known.items()]
            show_table(title, ("what", "count"), counts)
        for line in result.notes:
            say(line)
        show_table("How long the run took", ("asset", "seconds"), list(result.seconds.items()))
    for check in result.failed_checks:
        warn(f"Check failed: {result.with_details(check)}")
    for check in result.warnings:
        warn(f"Warning: {result.with_details(check)}")
    if result.error is not None and result.error.code is ErrorCode.INTERRUPTED:
        raise typer.Exit(EXIT_INTERRUPTED)
    end(result.error, failed=not result.success)
