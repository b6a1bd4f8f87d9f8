"""A file's content as a digest.

What belongs here: hashing, and when to give it up. What does not: whose digest it should be.
"""

import hashlib
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

from babynames_dagster.common.file_errors import read_error
from babynames_dagster.datafile.content.inspect import DataFile
from babynames_dagster.errors import ErrorCode, PipelineError

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class HashedFile:
    """A file and its content, as the steps pass it on.

    Attributes:
        file: What it is and where.
        sha256: What it holds, as 64 hexadecimal digits.
    """

    file: DataFile
    sha256: str


def hashed(file: DataFile) -> HashedFile:
    """Read a file through for its SHA-256.

    Raises:
        PipelineError: FILE_NOT_FOUND, FILE_NOT_READABLE or FILE_CHANGED.
    """
    return HashedFile(file, sha256_of(file.path))


def sha256_of(path: Path) -> str:
    """Return the file's SHA-256 as 64 hexadecimal digits.

    Raises:
        PipelineError: FILE_NOT_FOUND, FILE_NOT_READABLE or FILE_CHANGED.
    """
    digest = sha256_within(path, math.inf)
    assert digest is not None  # noqa: S101 - there is no limit
    return digest


def sha256_within(path: Path, seconds: float) -> str | None:
    """Return the file's SHA-256, or None where reading it takes longer than `seconds`.

    Raises:
        PipelineError: FILE_NOT_FOUND or FILE_NOT_READABLE; FILE_CHANGED where it is still being written.
    """
    digest = hashlib.sha256()
    deadline = time.monotonic() + seconds
    try:
        with path.open("rb") as stream:
            before = os.fstat(stream.fileno())
            while block := stream.read(_BLOCK_BYTES):
                digest.update(block)
                if time.monotonic() > deadline:
                    return None
            after = path.stat()
    except OSError as error:
        raise read_error(error, path) from error
    if _content_marks(after) != _content_marks(before):
        raise PipelineError(
            ErrorCode.FILE_CHANGED,
            f"{path} changed while it was read.",
            remedy="Wait until it is written to its end, then run again.",
        )
    return digest.hexdigest()


def _content_marks(status: os.stat_result) -> tuple[int, ...]:
    """Return what differs where a file was written to, or replaced by another one, meanwhile."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
