"""The Dagster instance that `babynames run` and `make ui` share: its folder, made ready, and opened.

What belongs here: DAGSTER_HOME, and the tables that its `dagster.yaml` names. What does not: what is run in it
(`pipeline.py`).
"""

import fcntl
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import dagster as dg
from sqlalchemy.exc import SQLAlchemyError
from yaml import YAMLError

from babynames_dagster.common.file_errors import write_error
from babynames_dagster.database.connection.failures import is_damage, is_of_sqlite, meaning, remedy_of
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings.env_file import ENV_FILE, env_file
from babynames_dagster.settings.shell import lend_to_dagster

_DAMAGED = (
    "Move {home} away, and run again: another one is made. Only Dagster's history of runs is lost, and which sensors "
    "are on; tables and ledger are elsewhere."
)
_READ_AS_ADDRESS = re.compile(r"\?|%[0-9A-Fa-f]{2}")
_NAMES_VARIABLE = re.compile(r"\benv:\s*[\"']?([A-Za-z_]\w*)")


def ready_home(home: Path) -> Path:
    """Make a folder ready for a Dagster instance.

    Args:
        home: The folder; made where it is missing.

    Returns:
        The same folder.

    Raises:
        PipelineError: FILE_NOT_WRITABLE where it can't be made; INVALID_CONFIG where Dagster would miss it.
    """
    if _READ_AS_ADDRESS.search(str(home)):
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"Dagster can't keep its records in {home}: to it, `?`, and `%` with two digits, are parts of an address.",
            remedy="Name a folder without them in DAGSTER_HOME, or in DATA_DIR.",
        )
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _alone_in(home):
            if not (home / "dagster.yaml").exists():
                with resources.as_file(resources.files("babynames_dagster.orchestration") / "dagster.yaml") as packaged:
                    shutil.copy(packaged, home / "dagster.yaml")
    except OSError as error:
        raise write_error(error, home) from error
    return home


@contextmanager
def shared_instance(home: Path, file: Path = ENV_FILE) -> Iterator[dg.DagsterInstance]:
    """Open the Dagster instance that `make ui` shows; its folder is made ready first.

    Args:
        home: The folder of its records.
        file: The file of settings, which may have variables that its `dagster.yaml` names.

    Raises:
        PipelineError: FILE_NOT_WRITABLE where the folder can't be made.
    """
    with opened_instance(ready_home(home), file) as instance:
        yield instance


@contextmanager
def opened_instance(home: Path, file: Path) -> Iterator[dg.DagsterInstance]:
    """Open the Dagster instance in a folder that is ready.

    Args:
        home: The folder, with a `dagster.yaml` or what Dagster keeps there without one.
        file: As for `shared_instance`.

    Raises:
        PipelineError: FILE_NOT_WRITABLE where the folder can't be locked; INVALID_CONFIG where Dagster can't take its
            `dagster.yaml`; any DB_* code of the server that it names.
    """
    file_of_dagster = home / "dagster.yaml"
    text = file_of_dagster.read_text(encoding="utf-8") if file_of_dagster.exists() else ""
    named = set(_NAMES_VARIABLE.findall(text))
    lend_to_dagster({name: text for name, text in (env_file(file) if named else {}).items() if name in named})
    # Two processes that make Dagster's SQLite files at the same moment leave them with two heads, permanently.
    with _alone_in(home), _reporting(home):
        instance = dg.DagsterInstance.from_config(str(home))
    with instance, _reached(home):
        yield instance


def migrate_instance(home: Path, file: Path) -> tuple[str, str]:
    """Make or upgrade the tables of the Dagster instance in a folder; the folder is made ready first.

    Returns:
        What holds its records, and the revision of their tables.

    Raises:
        PipelineError: As `opened_instance`.
    """
    with opened_instance(ready_home(home), file) as instance, _reporting(home):
        instance.upgrade()
        revisions = instance.run_storage.alembic_version()
    return type(instance.run_storage).__name__, str(revisions[0] if revisions else None)


@contextmanager
def _reporting(home: Path) -> Iterator[None]:
    """Turn what goes wrong while Dagster's records are opened into errors for people, without any password."""
    file = home / "dagster.yaml"
    try:
        with _reached(home):
            yield
    except dg.DagsterInvalidConfigError as error:
        unset = re.search(r'environment variable "(\w+)" which is not set', str(error))
        found = f"it names {unset[1]}, which is not set" if unset else error.errors[0].message.splitlines()[0]
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"Dagster does not take {file}: {found}.",
            remedy=f"Set {unset[1]} in the environment or in .env." if unset else f"Correct {file}.",
        ) from None
    except YAMLError as error:
        raise PipelineError(
            ErrorCode.INVALID_CONFIG, f"{file} is no YAML: {' '.join(str(error).split())}.", remedy=f"Correct {file}."
        ) from None
    except Exception as error:  # Dagster's CheckError, which has no public name
        module = re.search(r"Couldn't import module (\w+)", str(error))
        if module is None:
            raise
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"{file} needs {module[1]}, which is not installed.",
            remedy="Install it: `pip install '.[instance]'` brings dagster-mysql.",
        ) from None


@contextmanager
def _reached(home: Path) -> Iterator[None]:
    """Turn what a server or file of Dagster's records says into errors for people; all else here is translated."""
    file = home / "dagster.yaml"
    try:
        yield
    except SQLAlchemyError as error:
        code, text = meaning(error)
        remedy: str | None = f"Start that server, or correct its address in {file} or in the variable that it names."
        if is_of_sqlite(error):
            remedy = _DAMAGED.format(home=home) if is_damage(error) else remedy_of(error)
        raise PipelineError(code, f"Dagster's records, which {file} places: {text}", remedy=remedy) from error


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep this command's other processes waiting while a folder is made ready."""
    try:
        lock = (folder / ".opening.lock").open("a")
    except OSError as error:
        raise write_error(error, folder) from error
    with lock as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
