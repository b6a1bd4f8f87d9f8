"""Taking over the names of another program's `baby_names`, as a load like any other."""

import csv
from pathlib import Path

from sqlalchemy.engine import Engine

from babynames_dagster.database.schema.adoption import ASIDE, names_aside
from babynames_dagster.datafile.content.inspect import inspect_file
from babynames_dagster.datafile.digest import hashed
from babynames_dagster.names.csv.reading import ReadOptions, stream_file
from babynames_dagster.names.loading.load import load_stream
from babynames_dagster.names.loading.report import LoadReport
from babynames_dagster.names.stream import NAMES
from babynames_dagster.settings.views import LoadingSettings


def adopt_names(engine: Engine, folder: Path, settings: LoadingSettings) -> LoadReport:
    """Load the names of the table that was put aside; it stays as it is.

    Args:
        engine: The database, its schema at head.
        folder: Where the names are written as a CSV, for the load to read; an interrupted adoption resumes.
        settings: How to load.

    Raises:
        PipelineError: As `load_stream`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{ASIDE}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("Name", "Sex"))
        writer.writerows(names_aside(engine))
    options = ReadOptions()
    found = inspect_file(path, wanted=path.name, max_uncompressed=options.max_uncompressed)
    stream = stream_file(NAMES, hashed(found), options=options)
    report = load_stream(stream, engine, run_id=None, settings=settings)
    path.unlink()
    return report
