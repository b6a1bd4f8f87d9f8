"""The temporary files of a download, from their first byte to their final name.

What belongs here: their names and their life, and how those of a dead process are cleared away. What does not: what is
in them.
"""

import atexit
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from babynames_dagster.common.file_errors import write_error
from babynames_dagster.errors import ErrorCode, PipelineError

_PREFIX = ".fetching"
_ABANDONED_SECONDS = 24 * 3600.0


@contextmanager
def download_workspace(folder: Path) -> Iterator[Path]:
    """Give a download an empty folder of its own inside the download folder, and take it away afterwards.

    It is inside, so that the finished file only has to be renamed: the same disk, and no second copy.

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

    If it is not promoted, it is removed when this process ends, or at the next download where this one was killed.

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


def promote(partial: Path, final: Path) -> Path:
    """Give a finished file its final name: a reader sees the old file, or the whole new one.

    Content and rename are flushed to the disk, so that a power cut leaves no empty file under the final name.

    Args:
        partial: The finished file.
        final: Its name from now on, in the same folder: only there is a rename atomic.

    Returns:
        `final`.

    Raises:
        PipelineError: FILE_NOT_FOUND, FILE_NOT_WRITABLE or DISK_FULL.
    """
    if partial.resolve().parent != final.resolve().parent:
        raise PipelineError(ErrorCode.FILE_NOT_WRITABLE, f"{partial} and {final} are not in one folder.")
    try:
        _flush(partial)
        partial.replace(final)
        _flush(final.parent)
    except FileNotFoundError as error:
        raise PipelineError(ErrorCode.FILE_NOT_FOUND, f"There is no file {partial}.") from error
    except OSError as error:
        raise write_error(error, final.parent) from error
    return final


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _new_name() -> str:
    return f"{_PREFIX}.{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(4)}"


def _sweep(folder: Path) -> None:
    for leftover in folder.glob(f"{_PREFIX}.*"):
        with suppress(OSError):
            if _is_abandoned(leftover.name, age=time.time() - leftover.stat().st_mtime):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def _is_abandoned(name: str, *, age: float) -> bool:
    """Return whether a leftover has no writer any more; for another host's process, its age decides."""
    host, pid = name.removeprefix(f"{_PREFIX}.").rsplit(".", 2)[:2]
    if host == socket.gethostname() and pid.isdigit():
        return not is_running(int(pid))
    return age > _ABANDONED_SECONDS


def is_running(pid: int) -> bool:
    """Return whether there is a process of this number on this host."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
