"""Running the console scripts that stand beside this interpreter, in a folder and an environment of their own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from babynames_dagster.settings import Settings

SCRIPTS = Path(sys.executable).parent
SECONDS = 120


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's variables without any of the pipeline's, and with `extra`."""
    ours = {name.upper() for name in Settings.model_fields} | {"HUBSPOT_API_KEY", "DAGSTER_HOME"}
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
