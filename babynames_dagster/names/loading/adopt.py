"""Taking over the names of another program's `baby_names`, as a load like any other."""

import csv
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy.engine import Engine

from babynames_dagster.common.file_errors import write_error
from babynames_dagster.database.loading.loads import RowCounts
from babynames_dagster.database.schema.adoption import ASIDE, names_aside
from babynames_dagster.datafile.content.inspect import inspect_file
from babynames_dagster.datafile.digest import hashed
from babynames_dagster.names.csv.reading import ReadOptions, stream_file
from babynames_dagster.names.loading.load import load_stream
from babynames_dagster.names.stream import NAMES
from babynames_dagster.settings.views import LoadingSettings


def adopt_names(engine: Engine, folder: Path, settings: LoadingSettings) -> RowCounts:
    """Load the names of the table that was put aside; it stays as it is.

    Args:
        engine: The database, its schema at head.
        folder: Where the names are written as a CSV, for the load to read; an interrupted adoption resumes.
        settings: How to load.

    Raises:
        PipelineError: FILE_NOT_WRITABLE or DISK_FULL; as `load_stream`.
    """
    path = folder / f"{ASIDE}.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        count = _write(path, names_aside(engine))
    except OSError as error:
        raise write_error(error, folder) from error
    if not count:
        path.unlink()
        return RowCounts()
    options = ReadOptions()
    found = inspect_file(path, wanted=path.name, max_uncompressed=options.max_uncompressed)
    stream = stream_file(NAMES, hashed(found), options=options)
    report = load_stream(stream, engine, run_id=None, settings=settings)
    path.unlink()
    return report.load.rows


def _write(path: Path, names: Iterable[tuple[str, str]]) -> int:
    """Write names with their sexes as a CSV, and return how many there are."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("Name", "Sex"))
        for count, name in enumerate(names, start=1):  # noqa: B007 - the count is what is wanted
            writer.writerow(name)
    return count
