"""`babynames sandbox`: serves the stand-ins on loopback."""

import shlex
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from babynames_dagster.cli.instance import ready_home
from babynames_dagster.cli.terminal import err
from babynames_dagster.sandbox.home import own_variables, sandbox_folder, sandbox_name
from babynames_dagster.sandbox.server import running_sandbox
from babynames_dagster.settings import load_settings
from babynames_dagster.settings.sources import ENV_FILE, env_file


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
