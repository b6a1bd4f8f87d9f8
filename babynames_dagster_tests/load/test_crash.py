"""Processes that are killed and servers that go away: the next load ends in the same state."""

import multiprocessing
import random
import threading
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection as PipeEnd
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.engine import open_engine, writing
from babynames_dagster.database.loads import FAILED, last_loads
from babynames_dagster.database.migrate import upgrade
from babynames_dagster.database.tables import baby_names, loads, rejected_rows
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.progress import Progress
from babynames_dagster_tests.support.loading import counts, csv_file, load, names_in, rejects, rows_in
from babynames_dagster_tests.support.mariadb import MariaDB, running_mariadb

KILLS = 24
BATCH_SIZE = 8
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])


def body() -> bytes:
    """Return a file with new names, duplicates and rejects all over."""
    names = [b"1880,Name%05d,%s,7\n" % (number * 7919 % 4500, b"MFX"[number % 3 :][:1]) for number in range(9000)]
    return b"".join(names)


def load_in_process(url: str, path: str, progress: PipeEnd) -> None:
    """Load a file in small batches, and tell of each."""
    engine = open_engine(make_url(url))
    load(engine, Path(path), batch_size=BATCH_SIZE, on_progress=lambda step: progress.send(step.done))


def killed_midway(url: str, path: Path, moments: random.Random) -> bool:
    """Start a load, and kill it after some batches and a moment more; return whether it was still running."""
    ours, theirs = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=load_in_process, args=(url, str(path), theirs))
    process.start()
    theirs.close()
    with ours, suppress(EOFError):
        for _ in range(moments.randrange(30)):
            ours.recv()
    process.join(timeout=moments.uniform(0, 0.01))
    killed = process.is_alive()
    process.kill()
    process.join()
    return killed


def empty(engine: Engine) -> None:
    """Take everything out of the tables."""
    with writing(engine) as connection:
        for table in (baby_names, loads, rejected_rows):
            connection.execute(sa.delete(table))


def test_a_load_that_is_killed_again_and_again_ends_like_an_undisturbed_one(
    engine: Engine, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The fork server finds what it is to preload by this variable only, and each child would import it all anew.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    path = csv_file(tmp_path, body())
    undisturbed = load(engine, path)
    expected = rows_in(engine), counts(undisturbed), rejects(engine, undisturbed)
    empty(engine)
    moments = random.Random(20)  # noqa: S311 - which moments they are is no secret
    kills = 0
    resume_points = []
    while kills < KILLS:
        kills += killed_midway(database_url, path, moments)
        resume_points += [row.rows_committed for row in last_loads(engine, 1)]
    assert len(set(resume_points)) > KILLS / 2
    report = load(engine, path, batch_size=BATCH_SIZE)
    assert report.resumed_at == resume_points[-1]
    assert (rows_in(engine), counts(report), rejects(engine, report)) == expected


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MariaDB]:
    """A MariaDB server of this test's own."""
    with running_mariadb(tmp_path / "server") as running:
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
