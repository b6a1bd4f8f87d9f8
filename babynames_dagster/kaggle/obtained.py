"""The dataset's file as the steps get it: which one, and how it came."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from babynames_dagster.datafile.digest import HashedFile

How = Literal["fetched", "kept", "given", "resumed"]
Method = Literal["browser", "api", "file"]


@dataclass(frozen=True)
class Obtained:
    """The dataset's file, and how it came.

    Attributes:
        found: The kept or given file; or the finished download, still under a temporary name in DOWNLOAD_DIR.
        final: The name that a finished download is to be given; its own for a kept or given file.
        how: Fetched (in one go), resumed (a broken download was completed), kept from before, or given by path.
        method: By which way; `file` where nothing was fetched.
    """

    found: HashedFile
    final: Path
    how: How
    method: Method

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.found.file.path
