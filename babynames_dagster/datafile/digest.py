"""A file's content as a digest.

What belongs here: hashing, and when to give it up. What does not: whose digest it should be.
"""

import hashlib
import math
import time
from dataclasses import dataclass
from pathlib import Path

from babynames_dagster.datafile.content.inspect import DataFile
from babynames_dagster.datafile.failures import read_error

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
        PipelineError: FILE_NOT_FOUND or FILE_NOT_READABLE.
    """
    return HashedFile(file, sha256_of(file.path))


def sha256_of(path: Path) -> str:
    """Return the file's SHA-256 as 64 hexadecimal digits.

    Raises:
        PipelineError: FILE_NOT_FOUND or FILE_NOT_READABLE.
    """
    digest = sha256_within(path, math.inf)
    assert digest is not None  # noqa: S101 - there is no limit
    return digest


def sha256_within(path: Path, seconds: float) -> str | None:
    """Return the file's SHA-256, or None where reading it takes longer than `seconds`.

    Raises:
        PipelineError: FILE_NOT_FOUND or FILE_NOT_READABLE.
    """
    digest = hashlib.sha256()
    deadline = time.monotonic() + seconds
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                digest.update(block)
                if time.monotonic() > deadline:
                    return None
    except OSError as error:
        raise read_error(error, path) from error
    return digest.hexdigest()
