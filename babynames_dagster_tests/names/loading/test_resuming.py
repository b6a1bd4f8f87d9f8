"""Loads that were interrupted, killed, or meet each other: each resumes, and none doubles a row."""

import threading
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.common.progress import Progress
from babynames_dagster.database.connection.engine import open_engine, writing
from babynames_dagster.database.loading.load_claims import claimed_load
from babynames_dagster.database.loading.loads import (
    RUNNING,
    last_loads,
)
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster.database.tables import baby_names, loads
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.names.loading import targets
from babynames_dagster.names.loading.pairs import PairMemory
from babynames_dagster.names.loading.report import LoadReport
from babynames_dagster_tests.support.loading import (
    counts,
    csv_file,
    load,
    load_interrupted,
    many_names,
    names_in,
    rows_in,
)


def test_on_a_server_that_refuses_named_locks_a_load_resumes_all_the_same(
    mariadb_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_engine(make_url(mariadb_url))
    upgrade(engine)

    @sa.event.listens_for(engine, "before_cursor_execute", retval=True)
    def refuse(_: object, __: object, statement: str, parameters: object, *___: object) -> tuple[str, object]:
        return statement.replace("GET_LOCK(", "NO_SUCH_LOCK("), parameters

    path = csv_file(tmp_path, many_names(1000, times=2))
    load_interrupted(engine, path)
    report = load(engine, path, batch_size=160)
    assert report.resumed_at > 0
    assert counts(report) == (2000, 1000, 0, 1000, 0)
    assert "refuses named locks" in caplog.text
    engine.dispose()


@pytest.mark.parametrize("remembered", [0, 300, 10**6])
def test_an_interrupted_load_resumes_after_its_last_batch(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    monkeypatch.setattr(targets, "PairMemory", lambda: PairMemory(remembered))
    path = csv_file(tmp_path, many_names(400) + b"1880,Bob,X,7\n" + many_names(1000, times=2))
    load_interrupted(engine, path, batches=4)
    failed = last_loads(engine, 1)[0]
    assert (failed.state, failed.error_code) == ("failed", "DB_ERROR")
    assert failed.rows.inserted == len(names_in(engine)) == 4 * 20
    report = load(engine, path, batch_size=50)
    assert (report.load.id, report.resumed_at) == (failed.id, failed.rows_committed)
    assert counts(report) == (2401, 1000, 0, 1400, 1)
    assert report.load.table_rows == 1000


def test_a_killed_reload_is_taken_up_although_the_content_was_loaded_before(engine: Engine, tmp_path: Path) -> None:
    path = csv_file(tmp_path, many_names(1000))
    load(engine, path)
    load_interrupted(engine, path, full_reload=True)
    killed = last_loads(engine, 1)[0]
    with writing(engine) as connection:
        connection.execute(sa.update(loads).where(loads.c.id == killed.id).values(state=RUNNING, finished_at=None))
    report = load(engine, path)
    assert (report.load.id, report.recognised) == (killed.id, False)
    assert report.resumed_at == killed.rows_committed > 0
    assert counts(report) == (1000, 0, 1000, 0, 0)


def test_an_interrupted_load_whose_rows_are_gone_starts_over(engine: Engine, tmp_path: Path) -> None:
    path = csv_file(tmp_path, many_names(1000))
    load_interrupted(engine, path)
    with writing(engine) as connection:
        connection.execute(sa.delete(baby_names))
    report = load(engine, path)
    assert report.resumed_at == 0
    assert counts(report) == (1000, 1000, 0, 0, 0)


def test_a_load_that_another_process_works_on_is_not_taken_up(engine: Engine, tmp_path: Path) -> None:
    path = csv_file(tmp_path, many_names(1000))
    load_interrupted(engine, path)
    unfinished = last_loads(engine, 1)[0]
    with claimed_load(engine, unfinished.id) as claimed:
        assert claimed
        report = load(engine, path)
    assert report.load.id != unfinished.id
    assert counts(report) == (1000, 940, 60, 0, 0)


def test_a_load_that_was_taken_away_stops_and_doubles_nothing(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare = targets.NamesTarget.prepare

    def taken_away(self: targets.NamesTarget, rows: pa.Table) -> pa.Table:
        with writing(engine) as connection:
            connection.execute(sa.update(loads).values(rows_committed=1))
        return prepare(self, rows)

    monkeypatch.setattr(targets.NamesTarget, "prepare", taken_away)
    with pytest.raises(PipelineError, match="taken up") as caught:
        load(engine, csv_file(tmp_path, many_names(1000)))
    assert caught.value.code is ErrorCode.TAKEN_OVER
    assert names_in(engine) == set()
    assert last_loads(engine, 1)[0].state == RUNNING


def test_loads_at_once_lose_and_double_nothing(engine: Engine, tmp_path: Path) -> None:
    bodies = [many_names(4000), many_names(4000, start=2000), many_names(4000), many_names(4000, start=1000)]
    paths = [csv_file(tmp_path, body, name=f"{index}.csv") for index, body in enumerate(bodies)]
    reports: list[LoadReport] = []
    errors: list[BaseException] = []

    def run(path: Path) -> None:
        own = open_engine(engine.url)
        try:
            reports.append(load(own, path, batch_size=500))
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)
        finally:
            own.dispose()

    threads = [threading.Thread(target=run, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [row[0] for row in rows_in(engine)] == [f"name{number:05}.f" for number in range(6000)]
    assert sum(report.load.rows.inserted for report in reports) == 6000
    for report in reports:
        assert report.load.rows.read == 4000 == report.load.rows.inserted + report.load.rows.present


def test_an_interruption_inside_a_transaction_does_not_wait_for_its_own_locks(
    database_url: str, tmp_path: Path
) -> None:
    engine = open_engine(make_url(database_url).update_query_dict({"timeout": "2"}))
    upgrade(engine)

    def interrupt(_: Progress) -> None:
        begun = writing(engine)
        begun.__enter__().execute(sa.update(loads).values(run_id="locks the row"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(engine, csv_file(tmp_path, b"1880,Anna,F,7\n1880,Bob,M,5\n"), on_progress=interrupt, batch_size=1)
    assert [(row.state, row.error_code) for row in last_loads(engine, 1)] == [("failed", "INTERRUPTED")]
    engine.dispose()
