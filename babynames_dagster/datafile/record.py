"""Which file a run settled on: kept beside the downloads, so that a later step reads that very file.

What belongs here: writing, finding and pruning those records. What does not: what is in the file.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from typing_extensions import Self

from babynames_dagster.common.file_errors import read_error, write_error
from babynames_dagster.datafile.digest import HashedFile

FOLDER = ".records"
LATEST = "latest"
KEPT = 50


@dataclass(frozen=True)
class FileRecord:
    """A file's identity when a run settled on it.

    Attributes:
        path: Where it is, absolute.
        sha256: What it holds.
        size: Bytes.
        modified_ns: When it was last written, in ns since the epoch.
    """

    path: str
    sha256: str
    size: int
    modified_ns: int

    @classmethod
    def of(cls, found: HashedFile) -> Self:
        """Record a file as it is."""
        file = found.file
        return cls(str(file.path), found.sha256, file.size, file.path.stat().st_mtime_ns)

    def looks_the_same(self) -> bool:
        """Return, without reading it, whether the file seems to be the recorded one.

        Raises:
            PipelineError: FILE_NOT_FOUND or FILE_NOT_READABLE.
        """
        path = Path(self.path)
        try:
            status = path.stat()
        except OSError as error:
            raise read_error(error, path) from error
        return (status.st_size, status.st_mtime_ns) == (self.size, self.modified_ns)


def write_record(downloads: Path, run_id: str, record: FileRecord) -> None:
    """Keep a run's record, and make it the latest; the oldest are pruned.

    Raises:
        PipelineError: FILE_NOT_WRITABLE or DISK_FULL where the download folder can't be written.
    """
    folder = downloads / FOLDER
    text = json.dumps(asdict(record))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (run_id, LATEST):
            partial = folder / f".{name}.{os.getpid()}.part"
            partial.write_text(text, encoding="utf-8")
            partial.replace(folder / f"{name}.json")
        _prune(folder)
    except OSError as error:
        raise write_error(error, folder) from error


def read_record(downloads: Path, run_ids: Sequence[str]) -> FileRecord | None:
    """Return the record of the first of these runs that has one, else the latest; None where there is none."""
    records = (read_run_record(downloads, name) for name in (*run_ids, LATEST))
    return next((record for record in records if record is not None), None)


def read_run_record(downloads: Path, run_id: str) -> FileRecord | None:
    """Return the record of one run; None where it has none, or none that can be read."""
    try:
        return FileRecord(**json.loads((downloads / FOLDER / f"{run_id}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _prune(folder: Path) -> None:
    by_age = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in by_age[KEPT:]:
        path.unlink(missing_ok=True)
