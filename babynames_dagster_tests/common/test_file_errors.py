"""A write that the operating system refused says what to do: free space, or give the right."""

import errno
import os

import pytest

from babynames_dagster.common.file_errors import write_error
from babynames_dagster.errors import ErrorCode


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, ErrorCode.DISK_FULL),
        (errno.EDQUOT, ErrorCode.DISK_FULL),
        (errno.EACCES, ErrorCode.FILE_NOT_WRITABLE),
        (errno.EROFS, ErrorCode.FILE_NOT_WRITABLE),
    ],
)
def test_a_full_disk_is_no_missing_right(number: int, code: ErrorCode) -> None:
    error = write_error(OSError(number, os.strerror(number)), "/var/logs", remedy="Make it writable.")
    assert error.code is code
    assert "/var/logs" in error.what
    assert (error.remedy == "Make it writable.") is (code is ErrorCode.FILE_NOT_WRITABLE)
