"""What it means that the operating system refused to read or to write."""

import errno
from pathlib import Path

from babynames_dagster.errors import ErrorCode, PipelineError


def write_error(error: OSError, place: Path | str, *, remedy: str | None = None) -> PipelineError:
    """Say what a failed write means: a full disk takes another remedy than a missing right.

    Args:
        error: What the operating system said.
        place: Where it was written.
        remedy: What to do where it is not the disk that is full; the code's own where None.
    """
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return PipelineError(ErrorCode.DISK_FULL, f"{place} can't be written: no space left.")
    return PipelineError(
        ErrorCode.FILE_NOT_WRITABLE, f"{place} can't be written: {error.strerror or error}.", remedy=remedy
    )


def read_error(error: OSError, path: Path, where: str | None = None) -> PipelineError:
    """Say what a failed read means.

    Args:
        error: What the operating system said.
        path: What was read.
        where: What to call it, where that is more than the path.
    """
    if isinstance(error, FileNotFoundError):
        return PipelineError(ErrorCode.FILE_NOT_FOUND, f"There is no file {path}.")
    return PipelineError(ErrorCode.FILE_NOT_READABLE, f"{where or path} can't be read: {error.strerror or error}.")
