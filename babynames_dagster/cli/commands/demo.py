"""`babynames demo`: the whole graph against a sandbox."""

import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from babynames_dagster.cli.command_log import log_command
from babynames_dagster.cli.options import Json, environment_of, settings_of, verbosity_of
from babynames_dagster.cli.runs.pipeline import WantedRun
from babynames_dagster.cli.runs.running import run_and_show
from babynames_dagster.cli.terminal import err
from babynames_dagster.datafile.content.columns import BIRTHS, NAME, SEX, YEAR
from babynames_dagster.datafile.content.header import header_of
from babynames_dagster.datafile.kept import inspect_dataset
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.sandbox.home import STAND_IN, own_variables, sandbox_folder, sandbox_name
from babynames_dagster.sandbox.server import running_sandbox
from babynames_dagster.settings import Settings, load_settings


def demo(
    context: typer.Context,
    *,
    dataset: Annotated[
        Path | None, typer.Option(help="A zip or CSV that the sandbox serves.", exists=True, resolve_path=True)
    ] = None,
    json: Json = False,
) -> None:
    """Run the whole graph against a sandbox on loopback: no account needed.

    Its tables, files, logs and Dagster's records lie below `data/demo`, one folder a dataset, whatever `.env` says.
    Only DATABASE_URL in the environment itself names another database. Births by year, and their chart, are made, too,
    where the file has them.

    Examples: `babynames demo`, `DEMO_MODE=true babynames demo --dataset names.zip`
    """
    folder = sandbox_folder(settings_of(context).files.data, sandbox_name(dataset))
    with _demo(dataset, folder, environment_of(context)) as settings:
        log_command(context, settings, makes_data=True)
        with_years = dataset is None or _has_births(dataset, settings)
        run_and_show(settings, verbosity_of(context), WantedRun(with_years=with_years), json=json)
    if not json and not verbosity_of(context).quiet:
        _say_what_next(dataset, folder.name)


def _has_births(dataset: Path, settings: Settings) -> bool:
    """Say whether a file has births by year; the run itself says what else is wrong with it."""
    try:
        file = inspect_dataset(dataset, settings.fetching)
        header_of(file, settings.files, wanted=(NAME, SEX, YEAR, BIRTHS))
    except PipelineError as error:
        return error.code is not ErrorCode.CSV_COLUMN_MISSING
    return True


def _say_what_next(dataset: Path | None, name: str) -> None:
    """Say which commands show more of the demo, and which one begins with real accounts."""
    command = as_called()
    served = f" --dataset {shlex.quote(str(dataset))}" if dataset else ""
    err.print("What next:")
    for line in (
        f"{command} sandbox --ui{served}   # this demo in Dagster's UI, ready for more runs against the stand-ins",
        f"{command} status --demo {name}   # its tables, contacts, loads and runs",
        f"{command} check   # for real accounts: names the settings that .env still lacks, and tries the others",
    ):
        err.print(f"  {line}", markup=False)


def as_called() -> str:
    """Return how this command is called in this folder: by its name where that finds it, else by its path."""
    script = Path(sys.argv[0])
    found = shutil.which(script.name)
    if found is not None and Path(found).resolve() == script.resolve():
        return script.name
    with suppress(ValueError):
        return shlex.quote(str(script.absolute().relative_to(Path.cwd())))
    return shlex.quote(str(script))


@contextmanager
def _demo(dataset: Path | None, folder: Path, environment: Mapping[str, str]) -> Iterator[Settings]:
    """Serve a sandbox, and say what points the pipeline at it and at its folder."""
    given = environment.get("DATABASE_URL", "").strip()
    with running_sandbox(dataset=dataset, state=folder / STAND_IN) as sandbox:
        own = own_variables(folder) | sandbox.environment | ({"DATABASE_URL": given} if given else {})
        settings = load_settings({**environment, **own})
        if given:
            err.print(
                f"Note: DATABASE_URL is set, so the demo's names go to {settings.database_address()!r}.", markup=False
            )
        yield settings
