"""Making files and loading them, as the tests of the load do it."""

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from babynames_dagster.common.progress import ProgressListener, ignore_progress
from babynames_dagster.database.connection.engine import reading
from babynames_dagster.database.loading.loads import RowCounts, rejects_of_load
from babynames_dagster.database.tables import baby_name_years, baby_names
from babynames_dagster.datafile.content.inspect import inspect_file
from babynames_dagster.datafile.digest import hashed
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.names.csv.reading import ReadOptions, stream_file
from babynames_dagster.names.loading import targets
from babynames_dagster.names.loading.load import load_stream
from babynames_dagster.names.loading.report import LoadReport
from babynames_dagster.names.stream import NAMES, YEARS, RowStream
from babynames_dagster.settings import Settings, load_settings

HEADER = b"YearOfBirth,Name,Sex,Number\n"
WANTED = "babyNamesUSYOB-full.csv"


def settings_of(**values: Any) -> Settings:  # noqa: ANN401 - the fields' own types
    """Return settings that nothing outside of the test touches, with pauses too short to wait for."""
    return load_settings(**{"retry_delay": 10, "reject_limit": 1.0, **values})


def csv_file(folder: Path, body: bytes, *, header: bytes = HEADER, name: str = "names.csv") -> Path:
    """Write a plain CSV."""
    path = folder / name
    path.write_bytes(header + body)
    return path


def zip_file(folder: Path, members: Iterable[tuple[str, bytes]], *, name: str = "names.zip") -> Path:
    """Write a zip."""
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members:
            archive.writestr(member, content)
    return path


def load(
    engine: Engine,
    path: Path,
    *,
    target: str = NAMES,
    full_reload: bool = False,
    on_progress: ProgressListener = ignore_progress,
    **values: Any,  # noqa: ANN401 - the fields' own types
) -> LoadReport:
    """Load a file's names, with settings by field name."""
    stream = stream_of(path, target=target, full_reload=full_reload, **values)
    return load_stream(stream, engine, run_id=None, settings=settings_of(**values).loading, on_progress=on_progress)


def load_births(engine: Engine, path: Path, **values: Any) -> LoadReport:  # noqa: ANN401 - those of `load`
    """Load a file's births by year; arguments as `load`."""
    return load(engine, path, target=YEARS, **values)


def stream_of(
    path: Path,
    *,
    target: str = NAMES,
    full_reload: bool = False,
    **values: Any,  # noqa: ANN401 - the fields' own types
) -> RowStream:
    """Return a file's stream, with settings by field name."""
    settings = settings_of(**values)
    file = inspect_file(path, wanted=settings.kaggle.file, max_uncompressed=settings.files.max_uncompressed_bytes)
    options = ReadOptions.from_settings(settings.files)
    return stream_file(target, hashed(file), options=options, full_reload=full_reload)


def read(path: Path, **values: Any) -> tuple[set[tuple[str, str]], list[tuple[int, str]]]:  # noqa: ANN401 - the fields' own types
    """Return a file's names with their sexes, and its rejects' lines and reasons, without a database."""
    chunks = list(stream_of(path, **values))
    return (
        {(row["name"], row["sex"]) for chunk in chunks for row in chunk.rows.to_pylist()},
        [(reject.line, reject.reason.value) for chunk in chunks for reject in chunk.rejects],
    )


def names_in(engine: Engine) -> set[tuple[str, str]]:
    """Return the table's names and sexes."""
    with reading(engine) as connection:
        return {(name, sex) for name, sex in connection.execute(sa.select(baby_names.c.name, baby_names.c.sex))}


def rows_in(engine: Engine) -> list[tuple[Any, ...]]:
    """Return all that a file decides about the table's rows, by slug."""
    columns = (baby_names.c[name] for name in ("slug", "name", "sex", "initial", "source_line"))
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(baby_names.c.slug))]


def births_in(engine: Engine) -> dict[tuple[str, int], int]:
    """Return births by slug and year."""
    statement = sa.select(baby_names.c.slug, baby_name_years.c.year, baby_name_years.c.births).join_from(
        baby_name_years, baby_names, baby_names.c.id == baby_name_years.c.name_id
    )
    with reading(engine) as connection:
        return {(slug, year): births for slug, year, births in connection.execute(statement)}


def rejects(engine: Engine, report: LoadReport) -> Sequence[tuple[int, str]]:
    """Return lines and reasons of a load's rejects."""
    return [(row.line, row.reason) for row in rejects_of_load(engine, report.load.id, 1000)]


def counts(report: LoadReport) -> tuple[int, int, int, int, int]:
    """Return rows read, inserted, present, duplicate and rejected."""
    rows = report.load.rows
    return rows.read, rows.inserted, rows.present, rows.duplicate, rows.rejected


def many_names(count: int, *, start: int = 0, times: int = 1) -> bytes:
    """Return rows of that many names, all of them over and over."""
    return b"".join(b"1880,Name%05d,F,7\n" % number for number in range(start, start + count)) * times


def load_interrupted(engine: Engine, path: Path, *, batches: int = 3, **options: Any) -> None:  # noqa: ANN401 - of load
    """Load a file until the database goes away after some batches of 160 rows."""
    write, left = targets.NamesTarget.write, batches

    def failing(
        self: targets.NamesTarget, connection: Connection, rows: pa.Table, *, load_id: int, all_new: bool
    ) -> RowCounts:
        nonlocal left
        if not left:
            raise PipelineError(ErrorCode.DB_ERROR, "The server is on fire.")
        left -= 1
        return write(self, connection, rows, load_id=load_id, all_new=all_new)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(targets.NamesTarget, "write", failing)
        with pytest.raises(PipelineError, match="on fire"):
            load(engine, path, batch_size=160, **options)
