"""The Dagster instance that `babynames run` and `make ui` share: its folder, made ready, and opened.

What belongs here: DAGSTER_HOME. What does not: what is run in it (`pipeline.py`).
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import dagster as dg

from babynames_dagster.errors import ErrorCode, PipelineError


def ready_home(home: Path) -> Path:
    """Make a folder ready for a Dagster instance.

    Args:
        home: The folder; made where it is missing.

    Returns:
        The same folder.

    Raises:
        PipelineError: FILE_NOT_WRITABLE where it can't be made.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _alone_in(home):
            if not (home / "dagster.yaml").exists():
                with resources.as_file(resources.files("babynames_dagster") / "dagster.yaml") as packaged:
                    shutil.copy(packaged, home / "dagster.yaml")
    except OSError as error:
        raise _not_writable(home, error) from error
    return home


@contextmanager
def shared_instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """Open the Dagster instance that `make ui` shows; its folder is made ready first.

    Args:
        home: The folder of its records.

    Raises:
        PipelineError: FILE_NOT_WRITABLE where the folder can't be made.
    """
    with opened_instance(ready_home(home)) as instance:
        yield instance


@contextmanager
def opened_instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """Open the Dagster instance in a folder that is ready.

    Args:
        home: The folder, with a `dagster.yaml`.

    Raises:
        PipelineError: FILE_NOT_WRITABLE where the folder can't be locked.
    """
    # Two processes that make Dagster's SQLite files at the same moment leave them with two heads, for good.
    with _alone_in(home):
        instance = dg.DagsterInstance.from_config(str(home))
    with instance:
        yield instance


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep this command's other processes waiting while a folder is made ready."""
    try:
        lock = (folder / ".opening.lock").open("a")
    except OSError as error:
        raise _not_writable(folder, error) from error
    with lock as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _not_writable(folder: Path, error: OSError) -> PipelineError:
    return PipelineError(ErrorCode.FILE_NOT_WRITABLE, f"{folder} can't be written: {error.strerror}.")
