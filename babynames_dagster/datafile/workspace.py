"""The temporary files of a download: where they live, and how those of a dead process are cleared away.

What belongs here: their names and their life. What does not: what is in them, and the final name, which only the
filesystem IO manager gives.
"""

import atexit
import errno
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from babynames_dagster.errors import ErrorCode, PipelineError

_PREFIX = ".fetching"
_ABANDONED_SECONDS = 24 * 3600.0


@contextmanager
def download_workspace(folder: Path) -> Iterator[Path]:
    """Give a download an empty folder of its own inside the download folder, and take it away afterwards.

    It lies inside, so that the finished file only has to be renamed: the same disk, and no second copy.

    Args:
        folder: The download folder; made where it is missing.

    Yields:
        The new folder.

    Raises:
        PipelineError: FILE_NOT_WRITABLE or DISK_FULL.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        workspace = folder / _new_name()
        workspace.mkdir(mode=0o700)
    except OSError as error:
        raise write_error(error, folder) from None
    try:
        yield workspace
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def hand_over(finished: Path, folder: Path) -> Path:
    """Move a finished download out of its workspace, still under a temporary name.

    Should nobody promote it, it goes when this process ends, or at the next download where this one was killed.

    Args:
        finished: The file in its workspace.
        folder: The download folder.

    Returns:
        Where it is now.
    """
    kept = folder / _new_name()
    finished.replace(kept)
    atexit.register(kept.unlink, missing_ok=True)
    return kept


def write_error(error: OSError, folder: Path) -> PipelineError:
    """Say what a failed write means.

    Args:
        error: What the operating system said.
        folder: Where it was written.
    """
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return PipelineError(ErrorCode.DISK_FULL, f"No space left in {folder}.")
    return PipelineError(ErrorCode.FILE_NOT_WRITABLE, f"Cannot write in {folder}: {error.strerror or error}.")


def _new_name() -> str:
    return f"{_PREFIX}.{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(4)}"


def _sweep(folder: Path) -> None:
    for leftover in folder.glob(f"{_PREFIX}.*"):
        with suppress(OSError):
            if _is_abandoned(leftover.name, age=time.time() - leftover.stat().st_mtime):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def _is_abandoned(name: str, *, age: float) -> bool:
    """Tell whether nobody writes to a leftover any more; of another host's processes only the age tells."""
    host, pid = name.removeprefix(f"{_PREFIX}.").rsplit(".", 2)[:2]
    if host == socket.gethostname() and pid.isdigit():
        return not is_running(int(pid))
    return age > _ABANDONED_SECONDS


def is_running(pid: int) -> bool:
    """Tell whether there is a process of this number on this host."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
