"""Making a finished file visible under its own name in one step.

What belongs here: the atomic rename. What does not: how the file came about.
"""

import errno
import os
from pathlib import Path

from babynames_dagster.errors import ErrorCode, PipelineError


def promote(partial: Path, final: Path) -> Path:
    """Give a finished file its final name: whoever looks sees the old file, or the whole new one.

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
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        code = ErrorCode.DISK_FULL if full else ErrorCode.FILE_NOT_WRITABLE
        raise PipelineError(code, f"{final} can't be written: {error.strerror}.") from error
    return final


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
