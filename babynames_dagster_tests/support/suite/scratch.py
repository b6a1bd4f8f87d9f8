"""Where tests keep their files: in memory where there is room, since each commit to a database waits for a disk."""

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - Linux's file system in memory
_ROOM = 4 * 1024**3
"""Bytes: a MariaDB of each process takes some 200 MB, and a few tests start one more."""


def keep_temporary_files_in_memory() -> None:
    """Make a file system in memory the place of temporary files, of this process and of those that it starts.

    TMPDIR, where it is set, says otherwise, and so does a file system that is small or that runs no programs.
    """
    if "TMPDIR" not in os.environ and _is_fit(_MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


def _is_fit(folder: Path) -> bool:
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        return False
    runs_programs = not os.statvfs(folder).f_flag & os.ST_NOEXEC
    return runs_programs and shutil.disk_usage(folder).free >= _ROOM
