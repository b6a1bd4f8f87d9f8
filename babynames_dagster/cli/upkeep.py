"""Commands around the pipeline: `migrate`, `sandbox`, `login` and `clean`."""

import logging
import shlex
import shutil
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from babynames_dagster.cli.app import app
from babynames_dagster.cli.journal import begin_log
from babynames_dagster.cli.pipeline import ready_home
from babynames_dagster.cli.terminal import err, out, say
from babynames_dagster.database.adoption import ASIDE, put_aside
from babynames_dagster.database.engine import open_engine
from babynames_dagster.database.migrate import current_revision, migrate_to, upgrade, upgrade_sql
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.browser.login import sign_in_by_hand
from babynames_dagster.names.loading.adopt import adopt_names
from babynames_dagster.sandbox.home import own_variables, sandbox_folder, sandbox_name
from babynames_dagster.sandbox.server import running_sandbox
from babynames_dagster.settings import load_settings
from babynames_dagster.settings.model import ENV_FILE
from babynames_dagster.settings.sources import env_file


@app.command()
def migrate(
    context: typer.Context,
    *,
    to: Annotated[
        str | None, typer.Option(help="This revision instead of the newest; an older one keeps the ledger.")
    ] = None,
    sql: Annotated[bool, typer.Option("--sql", help="Only print the SQL that would be run.")] = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take over the names of another program's baby_names, which is renamed.")
    ] = False,
) -> None:
    """Bring the database's schema to its newest version.

    Examples: `babynames migrate` (the same as `alembic upgrade head`), `babynames migrate --sql > schema.sql`,
    `babynames migrate --to 0002`, `babynames migrate --adopt`
    """
    if sum((to is not None, sql, adopt)) > 1:
        raise typer.BadParameter("--to, --sql and --adopt exclude each other")
    settings = load_settings()
    begin_log(context, settings)
    engine = open_engine(settings.database_address())
    try:
        if sql:
            print(upgrade_sql(engine), end="")  # noqa: T201 - for a file, without any styling
            return
        has_names = adopt and put_aside(engine)
        before = current_revision(engine)
        if to is None:
            upgrade(engine)
        else:
            migrate_to(engine, to)
        say(f"Schema: {before or 'none'} -> {current_revision(engine)}")
        if has_names:
            report = adopt_names(engine, settings.files.data, settings.loading)
            say(
                f"{ASIDE}: {report.rows_read:,} rows read, {report.rows_inserted:,} names inserted, "
                f"{report.rows_present:,} present, {report.rows_duplicate:,} duplicates, {report.rows_rejected:,} "
                "rejected. The table stays; drop it when you need it no more."
            )
        elif adopt:
            say("There is no other program's baby_names here: nothing to take over.")
    finally:
        engine.dispose()


@app.command()
def login(context: typer.Context) -> None:
    """Open a window, sign in to Kaggle by hand, and keep the session for headless runs.

    For two-step verification and bot checks. Example: `babynames login`
    """
    settings = load_settings()
    begin_log(context, settings, aloud=logging.INFO)
    say(f"The session is kept in {sign_in_by_hand(settings.fetching)}")


@app.command()
def sandbox(
    *,
    dataset: Annotated[Path | None, typer.Option(help="A zip or CSV to serve.", exists=True, resolve_path=True)] = None,
    kaggle_port: Annotated[int, typer.Option(help="Port of the Kaggle-like site; 0 for any.")] = 0,
    hubspot_port: Annotated[int, typer.Option(help="Port of the HubSpot-like API; 0 for any.")] = 0,
) -> None:
    """Serve a Kaggle-like site and a HubSpot-like API on loopback until Ctrl-C.

    Prints the `export` lines that point the pipeline, and plain `dagster` commands, at it. Tables, files, logs and
    Dagster's records are those of `babynames demo` with the same dataset, whatever `.env` says.

    Example: `babynames sandbox --dataset names.zip`
    """
    folder = sandbox_folder(load_settings().files.data, sandbox_name(dataset))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with running_sandbox(
        dataset=dataset, state=folder / "stand-in", kaggle_port=kaggle_port, hubspot_port=hubspot_port
    ) as stand_ins:
        variables = own_variables(folder) | stand_ins.environment
        if "DAGSTER_HOME" in env_file(ENV_FILE):
            err.print(
                "Careful: the .env here sets DAGSTER_HOME, so that `dagster` commands refuse the sandbox's: run them "
                "in another folder.",
                markup=False,
            )
        ready_home(Path(variables["DAGSTER_HOME"]))
        for name, value in sorted(variables.items()):
            print(f"export {name}={shlex.quote(value)}", flush=True)  # noqa: T201 - for eval, without any styling
        err.print("Serving until Ctrl-C.")
        stop.wait()
    err.print("Stopped.")


@app.command()
def clean(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="The whole data folder: downloads, SQLite file, logs, session, runs.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove the demo's state; with --all, everything in the data folder.

    Examples: `babynames clean`, `babynames clean --all --yes`
    """
    data = load_settings().files.data
    target = data if everything else data / "demo"
    if not target.exists():
        out.print(f"Nothing to remove: {target} does not exist.", markup=False)
        return
    if target in {Path.home(), Path.cwd(), *Path.cwd().parents} or (target / ".git").exists():
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"{target} is not the pipeline's alone, so it is left as it is.",
            remedy="Remove by hand what is to go, or let DATA_DIR name a folder of its own.",
        )
    if not yes:
        typer.confirm(f"Remove {target}?", abort=True)
    shutil.rmtree(target)
    out.print(f"Removed {target}.", markup=False)
