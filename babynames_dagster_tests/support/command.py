"""Running the console scripts that stand beside this interpreter, in a folder and an environment of their own."""

import io
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from babynames_dagster.cli import main
from babynames_dagster.cli.terminal import err
from babynames_dagster.common.log.files import LOGGER
from babynames_dagster.settings.env_file import CHOICE
from babynames_dagster.settings.model import VARIABLES

SCRIPTS = Path(sys.executable).parent
SECONDS = 120

Reported = Callable[..., dict[str, Any]]
"""Runs a command with --json that has to succeed, and returns what it reported."""


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's variables without any of the pipeline's, and with `extra`."""
    ours = {*VARIABLES, CHOICE, "HUBSPOT_API_KEY", "DAGSTER_HOME"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "COLUMNS": "120", **(extra or {})}


def run_script(
    name: str, *arguments: str, folder: Path, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a console script to its end, whatever its exit status."""
    return subprocess.run(  # noqa: S603 - our own scripts
        [str(SCRIPTS / name), *arguments],
        cwd=folder,
        env=clean_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def start_script(
    name: str, *arguments: str, folder: Path, environment: Mapping[str, str] | None = None
) -> "subprocess.Popen[str]":
    """Start a console script; its output is to be read from the pipes."""
    return subprocess.Popen(  # noqa: S603 - our own scripts
        [str(SCRIPTS / name), *arguments],
        cwd=folder,
        env=clean_environment(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def _own_process_state(arguments: list[str], folder: Path, environment: Mapping[str, str] | None) -> Iterator[None]:
    """Keep what a command does to its process from the tests after it: variables, folder, signals, log handlers."""
    before, where, terminate, argv = dict(os.environ), Path.cwd(), signal.getsignal(signal.SIGTERM), sys.argv
    unraisable = sys.unraisablehook
    log = logging.getLogger(LOGGER)
    handlers, level = [*log.handlers], log.level
    os.environ.clear()
    os.environ.update(clean_environment(environment))
    os.chdir(folder)
    sys.argv = arguments
    try:
        yield
    finally:
        err.quiet = False
        os.environ.clear()
        os.environ.update(before)
        os.chdir(where)
        sys.argv = argv
        signal.signal(signal.SIGTERM, terminate)
        sys.unraisablehook = unraisable
        for handler in [handler for handler in log.handlers if handler not in handlers]:
            log.removeHandler(handler)
            handler.close()
        log.setLevel(level)


def run_babynames(
    *arguments: str, folder: Path, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run the `babynames` command's entry point to its end in this process, which spares the imports of another."""
    output, errors, line = io.StringIO(), io.StringIO(), ["babynames", *arguments]
    with _own_process_state(line, folder, environment), redirect_stdout(output), redirect_stderr(errors):
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        else:
            status = 0
    return subprocess.CompletedProcess(line, status, output.getvalue(), errors.getvalue())
