"""Trying again: as often as the policy says, and not at all after a lock that was waited for."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from babynames_dagster.common.retry import Retries, retried
from babynames_dagster.database.connection.engine import open_engine, writing
from babynames_dagster.database.connection.retrying import RESTART, of_database
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster.database.tables import loads
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster_tests.support.loading import csv_file, load


@pytest.mark.parametrize(
    ("code", "tries"),
    [
        (ErrorCode.DB_CONNECTION_LOST, 3),
        (ErrorCode.DB_UNREACHABLE, 3),
        (ErrorCode.DB_BUSY, 11),
        (ErrorCode.DB_LOCK_TIMEOUT, 1),
        (ErrorCode.DB_ERROR, 1),
        (ErrorCode.CSV_MALFORMED, 1),
    ],
)
def test_each_error_gets_the_tries_that_its_policy_names(code: ErrorCode, tries: int) -> None:
    tried, seen = list[None](), list[tuple[int, float]]()

    def work() -> None:
        tried.append(None)
        raise PipelineError(code, "No.")

    def note(_: PipelineError, failed: int, pause: float) -> None:
        seen.append((failed, pause))

    def at_once(error: PipelineError) -> Retries | None:
        retries = of_database(Retries(most=2, base=0.0))(error)
        return retries and replace(retries, base=0.0)

    with pytest.raises(PipelineError):
        retried(work, at_once, on_failure=note)
    assert len(tried) == tries
    assert [failed for failed, _ in seen] == list(range(1, tries))


def test_two_that_met_in_the_same_rows_pause_longer_each_time() -> None:
    retries = of_database(Retries(most=2, base=0.0))(PipelineError(ErrorCode.DB_BUSY, "No."))
    assert retries is not None
    assert retries.base > 0


def test_a_pause_is_as_long_as_was_asked_for() -> None:
    answers = iter([PipelineError(ErrorCode.DB_BUSY, "No."), None])

    def work() -> str:
        error = next(answers)
        if error is not None:
            raise error
        return "done"

    started = time.monotonic()
    assert retried(work, lambda _: Retries(most=1, base=0.0, least=0.3)) == "done"
    assert time.monotonic() - started >= 0.3


def test_a_pause_ends_when_asked_to_stop_and_no_try_follows() -> None:
    stop, tries = threading.Event(), list[float]()

    def work() -> None:
        tries.append(time.monotonic())
        raise PipelineError(ErrorCode.DB_UNREACHABLE, "No.")

    def ask_to_stop(*_: object) -> None:
        threading.Timer(0.1, stop.set).start()

    with pytest.raises(PipelineError, match="No"):
        retried(work, lambda _: Retries(most=5, base=0.0, least=60.0), on_failure=ask_to_stop, stop=stop)
    assert len(tries) == 1
    assert time.monotonic() - tries[0] < 30


def test_a_load_waits_for_a_lock_once_and_then_says_which_it_is(database_url: str, tmp_path: Path) -> None:
    url = make_url(database_url)
    engine, other = open_engine(url.set(query={"timeout": "1"})), open_engine(url)
    upgrade(engine)
    path = csv_file(tmp_path, b"".join(b"1880,Name%03d,F,7\n" % number for number in range(100)))
    is_locked, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with writing(other) as connection:
            connection.execute(sa.update(loads).values(error_code=None))
            is_locked.set()
            may_end.wait(60)

    holder = threading.Thread(target=hold)

    def lock_once(_: object) -> None:
        if not holder.is_alive():
            holder.start()
            is_locked.wait(60)

    started = time.monotonic()
    try:
        with pytest.raises(PipelineError) as caught:
            load(engine, path, batch_size=10, max_retries=50, on_progress=lock_once)
    finally:
        may_end.set()
        holder.join()
    assert caught.value.code is ErrorCode.DB_LOCK_TIMEOUT
    assert time.monotonic() - started < 20
    assert load(engine, path, batch_size=10).resumed_at > 0
    engine.dispose()
    other.dispose()


def test_a_server_has_a_quarter_of_a_minute_to_start_again_before_an_answer_of_hubspot_is_lost() -> None:
    assert sum(RESTART.base * 2.0**number / 2 for number in range(RESTART.most)) > 15
