"""Processes that are killed and servers that go away: the next load ends in the same state."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection as PipeEnd
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.common.progress import Progress
from babynames_dagster.database.connection.engine import open_engine, writing
from babynames_dagster.database.loading.loads import DONE, FAILED, last_loads
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster.database.tables import baby_name_years, baby_names, loads, rejected_rows
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.names.loading.report import LoadReport
from babynames_dagster_tests.support.loading import (
    births_in,
    counts,
    csv_file,
    load,
    load_births,
    names_in,
    rejects,
    rows_in,
)
from babynames_dagster_tests.support.processes import processes
from babynames_dagster_tests.support.servers.mariadb import MariaDB, StartMariaDB

pytestmark = pytest.mark.slow

KILLS = 24
KILLS_OF_YEARS = 8
BATCH_SIZE = 8
Loading = Callable[..., LoadReport]


def body() -> bytes:
    """Return a file with new names, duplicates and rejects all over."""
    names = [b"1880,Name%05d,%s,7\n" % (number * 7919 % 4500, b"MFX"[number % 3 :][:1]) for number in range(9000)]
    return b"".join(names)


def load_in_process(url: str, path: str, loading: Loading, batch_size: int, progress: PipeEnd) -> None:
    """Load a file in small batches, and report each."""
    engine = open_engine(make_url(url))
    loading(engine, Path(path), batch_size=batch_size, on_progress=lambda step: progress.send(step.done))


def started(url: str, path: Path, loading: Loading, batch_size: int) -> tuple[ForkServerProcess, PipeEnd]:
    """Start a process that loads a file; return it, and the pipe that reports its progress."""
    ours, theirs = processes().Pipe(duplex=False)
    process = processes().Process(target=load_in_process, args=(url, str(path), loading, batch_size, theirs))
    process.start()
    theirs.close()
    return process, ours


def killed_midway(url: str, path: Path, moments: random.Random, loading: Loading) -> bool:
    """Start a load, and kill it after some batches and a moment more; return whether it was still running."""
    process, progress = started(url, path, loading, BATCH_SIZE)
    with progress, suppress(EOFError):
        for _ in range(moments.randrange(30)):
            progress.recv()
    process.join(timeout=moments.uniform(0, 0.01))
    killed = process.is_alive()
    process.kill()
    process.join()
    return killed


def empty(engine: Engine, *tables: sa.Table) -> None:
    """Take everything out of the tables."""
    with writing(engine) as connection:
        for table in tables:
            connection.execute(sa.delete(table))


def test_a_load_that_is_killed_again_and_again_ends_like_an_undisturbed_one(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    path = csv_file(tmp_path, body())
    undisturbed = load(engine, path)
    expected = rows_in(engine), counts(undisturbed), rejects(engine, undisturbed)
    empty(engine, baby_names, loads, rejected_rows)
    moments = random.Random(20)  # noqa: S311 - which moments they are is no secret
    kills = 0
    resume_points = []
    while kills < KILLS:
        kills += killed_midway(database_url, path, moments, load)
        resume_points += [row.rows_committed for row in last_loads(engine, 1)]
    assert len(set(resume_points)) > KILLS / 2
    report = load(engine, path, batch_size=BATCH_SIZE)
    assert report.resumed_at == resume_points[-1]
    assert (rows_in(engine), counts(report), rejects(engine, report)) == expected


def test_births_whose_load_is_killed_again_and_again_end_like_those_of_an_undisturbed_one(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    births = b"".join(
        b"%d,Name%03d,%s,%d\n" % (1900 + index * 31 % 90, index % 50, b"MFX"[index % 3 :][:1], index)
        for index in range(6000)
    )
    path = csv_file(tmp_path, births)
    load(engine, path)
    undisturbed = load_births(engine, path)
    expected = births_in(engine), counts(undisturbed), rejects(engine, undisturbed)
    empty(engine, baby_name_years, loads, rejected_rows)
    moments = random.Random(7)  # noqa: S311 - which moments they are is no secret
    kills = 0
    resume_points = []
    while kills < KILLS_OF_YEARS:
        kills += killed_midway(database_url, path, moments, load_births)
        resume_points += [row.rows_committed for row in last_loads(engine, 1)]
    assert len(set(resume_points)) > KILLS_OF_YEARS / 2
    report = load_births(engine, path, batch_size=BATCH_SIZE)
    assert report.resumed_at == resume_points[-1]
    assert (births_in(engine), counts(report), rejects(engine, report)) == expected


def test_two_processes_that_load_at_once_lose_and_double_nothing(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    same = csv_file(tmp_path, body())
    other = csv_file(tmp_path, body() + b"1880,Zoe,F,7\n", name="other.csv")
    load(engine, other)
    expected = [row[0] for row in rows_in(engine)]
    empty(engine, baby_names, loads, rejected_rows)
    running = [started(database_url, path, load, 200) for path in (same, same, other)]
    for process, _ in running:
        process.join()
    assert [process.exitcode for process, _ in running] == [0, 0, 0]
    assert [row[0] for row in rows_in(engine)] == expected
    reports = last_loads(engine, 3)
    assert [row.state for row in reports] == [DONE] * len(reports)
    assert sum(row.rows.inserted for row in reports) == len(expected)


@pytest.fixture
def server(tmp_path: Path, start_mariadb: StartMariaDB) -> Iterator[MariaDB]:
    """A MariaDB server of this test's own."""
    with start_mariadb(tmp_path / "server") as running:
        with running.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE names CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        yield running


def test_a_server_that_goes_away_is_waited_for_or_left_with_a_clear_error(server: MariaDB, tmp_path: Path) -> None:
    engine = open_engine(make_url(server.url).set(database="names"))
    upgrade(engine)
    path = csv_file(tmp_path, b"".join(b"1880,Name%05d,F,7\n" % number for number in range(4000)))
    progressed = threading.Semaphore(0)

    def count(_: Progress) -> None:
        progressed.release()

    def restart() -> None:
        for _ in range(3):
            for _ in range(20):
                progressed.acquire()
            server.kill()
            server.start()

    restarts = threading.Thread(target=restart)
    restarts.start()
    report = load(engine, path, batch_size=20, max_retries=100, on_progress=count)
    restarts.join()
    assert counts(report) == (4000, 4000, 0, 0, 0)
    assert len(names_in(engine)) == 4000

    more = csv_file(tmp_path, b"".join(b"1880,More%05d,F,7\n" % number for number in range(4000)), name="more.csv")
    with pytest.raises(PipelineError) as caught:
        load(engine, more, batch_size=20, max_retries=1, on_progress=lambda _: server.kill())
    assert caught.value.code in (ErrorCode.DB_CONNECTION_LOST, ErrorCode.DB_UNREACHABLE)
    assert caught.value.retryable
    server.start()
    report = load(engine, more, batch_size=20)
    assert report.resumed_at > 0
    assert counts(report) == (4000, 4000, 0, 0, 0)
    assert last_loads(engine, 2)[1].state != FAILED
    engine.dispose()
