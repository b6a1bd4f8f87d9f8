"""The kept signed-in session: a browser's cookies, which make the next login unnecessary.

What belongs here: keeping, reading and forgetting them, for the owner's eyes only. What does not: whether Kaggle still
honours them, which only a visit shows.
"""

import json
import logging
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from babynames_dagster.common.file_errors import write_error
from babynames_dagster.errors import PipelineError
from babynames_dagster.settings import FetchSettings

if TYPE_CHECKING:
    from playwright.async_api import StorageState

_OWNER_ONLY = 0o600
_log = logging.getLogger(__name__)


def session_file(settings: FetchSettings) -> Path:
    """Return where the session is kept."""
    return settings.files.data / "kaggle_session.json"


def kept_session(settings: FetchSettings) -> Path | None:
    """Return the session's file, if there is a usable one, readable by its owner only.

    Args:
        settings: Where the data folder is.
    """
    path = session_file(settings)
    try:
        path.chmod(_OWNER_ONLY)
        state = json.loads(path.read_text("utf-8"))
        usable = bool(state["cookies"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError) as error:
        _log.warning("The session kept in %s is unusable (%s).", path, type(error).__name__)
        return None
    return path if usable else None


def keep_session(settings: FetchSettings, state: "StorageState") -> Path:
    """Keep a browser's session, mode 0600 from its first byte on.

    Args:
        settings: Where the data folder is.
        state: What the browser context holds.

    Returns:
        Where it is kept.

    Raises:
        PipelineError: FILE_NOT_WRITABLE or DISK_FULL.
    """
    path = session_file(settings)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "w") as stream:
                json.dump(state, stream)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise write_error(error, path.parent) from None
    return path


def keep_session_if_possible(settings: FetchSettings, state: "StorageState") -> None:
    """Keep a session where a download must not fail only because it can't be kept."""
    try:
        keep_session(settings, state)
    except PipelineError as error:
        _log.warning("The session is not kept: %s", error.what)


def forget_session(settings: FetchSettings) -> None:
    """Delete a session that the browser does not take.

    Args:
        settings: Where the data folder is.
    """
    path = session_file(settings)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("The browser does not take the session kept in %s, which stays: %s.", path, error.strerror)
    else:
        _log.warning("The browser does not take the session that was kept in %s: it is forgotten.", path)
