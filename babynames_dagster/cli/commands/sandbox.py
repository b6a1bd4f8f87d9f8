"""`babynames sandbox`: serves the stand-ins on loopback, and Dagster's UI over them."""

import shlex
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from babynames_dagster.cli.options import environment_of, settings_of
from babynames_dagster.cli.runs.instance import ready_home
from babynames_dagster.cli.runs.ui import free_port, serving_ui
from babynames_dagster.cli.terminal import err, out
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.sandbox.home import STAND_IN, own_variables, sandbox_folder, sandbox_name
from babynames_dagster.sandbox.server import is_serving, running_sandbox
from babynames_dagster.settings.env_file import CHOICE, ENV_FILE
from babynames_dagster.settings.env_file import env_file as texts_of
from babynames_dagster.settings.sandbox_file import is_sandbox_file, sandbox_file_text

_LOOK_SECONDS = 1.0


def sandbox(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    dataset: Annotated[Path | None, typer.Option(help="A zip or CSV to serve.", exists=True, resolve_path=True)] = None,
    ui: Annotated[bool, typer.Option("--ui", help="Serve Dagster's UI, too, with settings that fit.")] = False,
    env_file: Annotated[
        Path | None,
        typer.Option(
            "--env-file",
            help="Write the settings into this file, for other commands, instead of printing `export` lines.",
            dir_okay=False,
            resolve_path=True,
        ),
    ] = None,
    kaggle_port: Annotated[int, typer.Option(help="Port of the Kaggle-like site; 0 for any.")] = 0,
    hubspot_port: Annotated[int, typer.Option(help="Port of the HubSpot-like API; 0 for any.")] = 0,
    ui_port: Annotated[int, typer.Option(help="Port of Dagster's UI, where it is free.")] = 3000,
) -> None:
    """Serve a Kaggle-like site and a HubSpot-like API on loopback until Ctrl-C.

    With `--ui`, Dagster's UI over them is served as well. Else the `export` lines are printed that point the pipeline,
    and plain `dagster` commands, at the stand-ins; with `--env-file` they are a file, which is refused while another
    sandbox serves what it names. Tables, files, logs and Dagster's records are those of `babynames demo` with the same
    dataset, whatever `.env` says.

    Examples: `babynames sandbox --ui`, `babynames sandbox --env-file sandbox.env`
    """
    settings = settings_of(context)
    folder = sandbox_folder(settings.files.data, sandbox_name(dataset))
    if env_file is not None:
        _require_place(env_file)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` has it
            signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        stand_ins = stack.enter_context(
            running_sandbox(
                dataset=dataset,
                state=folder / STAND_IN,
                kaggle_port=kaggle_port or _same_port(env_file, "KAGGLE_BASE_URL"),
                hubspot_port=hubspot_port or _same_port(env_file, "HUBSPOT_BASE_URL"),
            )
        )
        variables = own_variables(folder) | stand_ins.environment
        ready_home(Path(variables["DAGSTER_HOME"]))
        # What `.env` says beside the sandbox's settings counts in the UI, too.
        below = {CHOICE: str(settings.env_file)} if settings.env_file.exists() else {}
        environment = environment_of(context) | variables | below
        is_alive = stack.enter_context(_shown_ui(folder, environment, ui_port)) if ui else lambda: True
        if env_file is not None:
            _write(env_file, dataset, variables)
        elif not ui:
            _print_exports(variables)
        err.print("Serving until Ctrl-C.")
        while not stop.wait(_LOOK_SECONDS) and is_alive():
            pass
        if not stop.is_set():
            raise PipelineError(
                ErrorCode.RUN_LOST, "Dagster's UI ended by itself.", remedy=f"Read why in {_ui_log(folder)}."
            )
    if env_file is not None:
        err.print(f"{env_file} stays: the same command serves at its addresses again.", markup=False, soft_wrap=True)
    err.print("Stopped.")


@contextmanager
def _shown_ui(folder: Path, environment: Mapping[str, str], port: int) -> Iterator[Callable[[], bool]]:
    """Serve the UI in the sandbox's folder, and say where."""
    err.print("Starting Dagster's UI ...")
    with serving_ui(folder, environment, port=port, log=_ui_log(folder)) as served:
        out.print(f"Dagster's UI: {served.url}", markup=False)
        yield served.is_alive


def _ui_log(folder: Path) -> Path:
    return folder / "logs" / "dagster-dev.log"


def _print_exports(variables: Mapping[str, str]) -> None:
    if "DAGSTER_HOME" in texts_of(ENV_FILE):
        err.print(
            "Careful: the .env here sets DAGSTER_HOME, so that `dagster` commands refuse the sandbox's: run them "
            "in another folder.",
            markup=False,
        )
    for name, value in sorted(variables.items()):
        print(f"export {name}={shlex.quote(value)}", flush=True)  # noqa: T201 - for eval, without any styling


def _write(path: Path, dataset: Path | None, variables: Mapping[str, str]) -> None:
    """Write the settings where `babynames --env-file`, dotenv and a shell read them, and say how."""
    quoted = shlex.quote(str(path))
    served = f" --dataset {shlex.quote(str(dataset))}" if dataset else ""
    ways = (f"babynames --env-file {quoted} run", f"set -a; . {quoted}; set +a; dagster ...")
    text = sandbox_file_text(f"babynames sandbox --env-file {quoted}{served}", ways, variables)
    path.write_text(text, encoding="utf-8")
    for way in ways:
        out.print(f"In another shell: {way}", markup=False)


def _same_port(path: Path | None, variable: str) -> int:
    """Return the port that a file of an earlier sandbox names, where it is free, so that its users need no other."""
    named = texts_of(path).get(variable) if path is not None and path.exists() else None
    return free_port(urlsplit(named).port or 0) if named else 0


def _require_place(path: Path) -> None:
    """Raise where a file would be overwritten that this command did not write, or whose sandbox still serves."""
    if not path.exists():
        return
    if not is_sandbox_file(path):
        raise PipelineError(
            ErrorCode.FILE_NOT_WRITABLE,
            f"{path} is there, and was not written by `babynames sandbox`: it is left as it is.",
            remedy="Name another file in --env-file.",
        )
    served = texts_of(path).get("HUBSPOT_BASE_URL", "")
    if is_serving(served):
        raise PipelineError(
            ErrorCode.FILE_NOT_WRITABLE,
            f"{path} names the sandbox that serves {served} at this moment: it is left as it is.",
            remedy="Use that sandbox, end it with Ctrl-C first, or name another file in --env-file.",
        )
