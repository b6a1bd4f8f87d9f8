"""`babynames run` and `babynames demo`: the whole graph, for real or against the sandbox."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from babynames_dagster.cli.app import EXIT_FAILED, EXIT_INTERRUPTED, Verbosity, app, exit_status
from babynames_dagster.cli.journal import begin_log
from babynames_dagster.cli.pipeline import WantedRun, run_pipeline, shared_instance
from babynames_dagster.cli.summary import PipelineResult
from babynames_dagster.cli.terminal import err, say, show_error, show_json, show_table, shown_progress
from babynames_dagster.errors import ErrorCode
from babynames_dagster.hubspot.sync.settings_advice import slow_settings_warning as slow_sync
from babynames_dagster.kaggle.obtain import missing_settings
from babynames_dagster.names.identity import INITIALS
from babynames_dagster.names.loading.settings_advice import slow_settings_warning as slow_load
from babynames_dagster.sandbox.home import own_variables, sandbox_folder, sandbox_name
from babynames_dagster.sandbox.server import running_sandbox
from babynames_dagster.settings import Settings, load_settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only results and errors.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Dagster's log lines, too.")]


@app.command()
def run(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    path: Annotated[
        Path | None, typer.Option(help="Another zip or CSV to load.", exists=True, resolve_path=True)
    ] = None,
    partition: Annotated[
        str | None,
        typer.Option(help="Only this partition of the contacts: A..Z or other.", autocompletion=lambda: [*INITIALS]),
    ] = None,
    force_download: Annotated[bool, typer.Option("--force-download", help="Fetch the file anew.")] = False,
    full_reload: Annotated[
        bool, typer.Option("--full-reload", help="Load a file again that was loaded before.")
    ] = False,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Send every contact, changed or not.")] = False,
    retry_rejected: Annotated[bool, typer.Option("--retry-rejected", help="Send rejected contacts again.")] = False,
    override_guards: Annotated[
        bool, typer.Option("--override-guards", help="Write more than HUBSPOT_MAX_... allow.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what HubSpot would get.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Run the whole graph for real: Kaggle to table to HubSpot.

    Examples: `babynames run`, `babynames run --dry-run`, `babynames run --partition J --json`
    """
    if partition is not None and partition not in INITIALS:
        raise typer.BadParameter(f"{partition!r} is none of {INITIALS[0]}..{INITIALS[-2]} or {INITIALS[-1]}")
    op_config: dict[str, dict[str, Any]] = {
        "raw_zip": {"force_download": force_download} | ({"path": str(path)} if path else {}),
        "baby_names_table": {"full_reload": full_reload},
        "baby_name_years": {"full_reload": full_reload},
        "hubspot_contacts": {
            "full_refresh": full_refresh,
            "retry_rejected": retry_rejected,
            "dry_run": dry_run,
            "override_guards": override_guards,
        },
    }
    settings = load_settings()
    context.obj = _louder_or_quieter(context.obj, quiet=quiet, verbose=verbose)
    begin_log(context, settings)
    run_and_show(settings, context.obj, WantedRun(op_config, partition=partition), json=json)


@app.command()
def demo(
    context: typer.Context,
    *,
    dataset: Annotated[
        Path | None, typer.Option(help="A zip or CSV that the sandbox serves.", exists=True, resolve_path=True)
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Run the whole graph against a sandbox on loopback: no account needed.

    Its tables, files, logs and Dagster's records lie below `data/demo`, one folder a dataset, whatever `.env` says.
    Only DATABASE_URL in the environment itself names another database.

    Examples: `babynames demo`, `DEMO_MODE=true babynames demo --dataset names.zip`
    """
    folder = sandbox_folder(load_settings().files.data, sandbox_name(dataset))
    context.obj = _louder_or_quieter(context.obj, quiet=quiet, verbose=verbose)
    with _demo(dataset, folder) as settings:
        begin_log(context, settings)
        run_and_show(settings, context.obj, WantedRun(), json=json)


def _louder_or_quieter(given: Verbosity, *, quiet: bool, verbose: bool) -> Verbosity:
    """Take what was said before the command's name together with what was said behind it."""
    return Verbosity(quiet=given.quiet or quiet, verbose=given.verbose or verbose)


@contextmanager
def _demo(dataset: Path | None, folder: Path) -> Iterator[Settings]:
    """Serve a sandbox, and say what points the pipeline at it and at its folder."""
    given = os.environ.get("DATABASE_URL", "").strip()
    with running_sandbox(dataset=dataset, state=folder / "stand-in") as sandbox:
        own = own_variables(folder) | sandbox.environment | ({"DATABASE_URL": given} if given else {})
        settings = load_settings({**os.environ, **own})
        if given:
            err.print(
                f"Note: DATABASE_URL is set, so the demo's names go to {settings.database_address()!r}.", markup=False
            )
        yield settings


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
    settings.require_for_run({} if wanted.has_file else missing_settings(settings.fetching))
    if not verbosity.quiet:
        for warning in filter(None, (slow_load(settings.loading), slow_sync(settings.hubspot))):
            err.print(f"Note: {warning}", markup=False)
    with shared_instance(settings.files.records) as instance, shown_progress(quiet=verbosity.quiet):
        result = run_pipeline(instance, settings, wanted, verbose=verbosity.verbose)
    _finish(result, json=json)


def _finish(result: PipelineResult, *, json: bool) -> None:
    """Show the result, then the error if there is one, and leave with its status."""
    if json:
        show_json(result.as_json())
    else:
        if result.file is not None:
            say(f"File: {result.file}")
        title = "What happened; contacts: what would happen" if result.dry_run else "What happened"
        show_table(title, ("what", "count"), list(result.counts.items()))
        show_table("How long it took", ("asset", "seconds"), list(result.seconds.items()))
    for check in result.failed_checks:
        err.print(f"Check failed: {result.with_details(check)}", markup=False)
    for check in result.warnings:
        err.print(f"Warning: {result.with_details(check)}", markup=False)
    if result.error is not None and result.error.code is ErrorCode.INTERRUPTED:
        raise typer.Exit(EXIT_INTERRUPTED)
    if result.error is not None:
        show_error(result.error)
        raise typer.Exit(exit_status(result.error))
    if not result.success:
        raise typer.Exit(EXIT_FAILED)
