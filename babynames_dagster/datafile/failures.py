"""What the operating system's errors about files mean."""

from pathlib import Path

from babynames_dagster.errors import ErrorCode, PipelineError


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
