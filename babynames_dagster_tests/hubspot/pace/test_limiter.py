"""One limiter for all: threads, processes and hosts share one row, and none waits for a dead process."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import OperationalError

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.database.rate_limits import locked_pacing_row, pacing_rows
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.pace.limiter import RateLimiter
from babynames_dagster.hubspot.pace.pacing import Limit
from babynames_dagster_tests.support.processes import processes
from babynames_dagster_tests.support.stand_ins.hubspot import PORTAL, StandIn
from babynames_dagster_tests.support.syncing import add_names, sync
from babynames_dagster_tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

APP = "a" * 64
GO = threading.Event()


def take(engine: Engine, calls: int, **options: int) -> list[float]:
    """Take permits as fast as they come, and return their slots."""
    limiter = RateLimiter(engine, APP, **options)
    return [limiter.acquire(GO).slot for _ in range(calls)]


def take_elsewhere(url: str, calls: int) -> list[float]:
    """Take permits in a process of their own."""
    engine = open_engine(make_url(url))
    slots = take(engine, calls)
    engine.dispose()
    return slots


def allow(engine: Engine, calls: int, window_seconds: float) -> None:
    with locked_pacing_row(engine, APP) as (row, _):
        row.calls_per_window, row.window_seconds = calls, window_seconds


@contextmanager
def losing_connections(engine: Engine, *, times: int) -> Iterator[list[bool]]:
    """Lose the connection at the next statements about the row, as a server that is restarted does."""
    lost: list[bool] = []

    @sa.event.listens_for(engine, "before_cursor_execute")
    def lose(*arguments: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own types
        if len(lost) < times and "rate_limits" in arguments[2]:
            lost.append(True)
            raise OperationalError(arguments[2], None, Exception("gone"), connection_invalidated=True)

    try:
        yield lost
    finally:
        sa.event.remove(engine, "before_cursor_execute", lose)


def assert_within(slots: list[float], calls: int, window_seconds: float) -> None:
    ordered = sorted(slots)
    assert all(later - earlier >= window_seconds for earlier, later in zip(ordered, ordered[calls:], strict=False))


def test_threads_share_one_limit(engine: Engine) -> None:
    allow(engine, 10, 0.2)
    limiter = RateLimiter(engine, APP)
    slots: list[float] = []

    def work() -> None:
        slots.extend(limiter.acquire(GO).slot for _ in range(10))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(slots)) == 40
    assert_within(slots, 10, 0.2)


def test_processes_share_one_limit(engine: Engine) -> None:
    allow(engine, 10, 0.2)
    url = engine.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(2, mp_context=processes()) as pool:
        slots = [slot for part in pool.map(take_elsewhere, [url] * 2, [20] * 2) for slot in part]
    assert len(set(slots)) == 40
    assert_within(slots, 10, 0.2)


def test_a_process_that_died_with_a_slot_delays_no_other(engine: Engine) -> None:
    allow(engine, 100, 10.0)
    with locked_pacing_row(engine, APP) as (row, clock):
        row.calls = [clock.now + 0.05]
        slot_of_the_dead = row.calls[0]
    first = take(engine, 1)[0]
    with locked_pacing_row(engine, APP) as (_, clock):
        # What is converted between two clocks is as exact as a reading of both.
        assert slot_of_the_dead < first <= clock.now + 0.01


@pytest.mark.parametrize("pause", [-600.0, 10.0])
def test_a_clock_set_back_by_an_hour_delays_no_call_for_an_hour(engine: Engine, pause: float) -> None:
    hour = 3600.0
    with locked_pacing_row(engine, APP) as (row, clock):
        row.calls = [clock.now + hour - 0.01 * call for call in range(100)]
        row.paused_until = clock.now + hour + pause
    limiter = RateLimiter(engine, APP, patience_seconds=hour)
    stop, paused = threading.Event(), list[float]()
    threading.Timer(0.2, stop.set).start()
    with suppress(PipelineError):
        limiter.acquire(stop, on_pause=paused.append)
    with locked_pacing_row(engine, APP) as (row, clock):
        assert max(row.calls) < clock.now + 11.0
    assert paused == ([] if pause < 0 else [pytest.approx(pause, abs=1.0)])


def test_a_call_that_left_late_counts_from_when_it_left(engine: Engine) -> None:
    limiter = RateLimiter(engine, APP)
    permit = limiter.acquire(GO)
    late = time.monotonic() + 0.3
    limiter.arrived(permit, sent_at=late, answered_at=late + 0.05)
    limiter.close()
    with locked_pacing_row(engine, APP) as (row, _):
        assert row.calls[0] - permit.slot >= 0.25


def test_a_pause_holds_up_other_limiters_of_the_same_app_and_no_other_app(engine: Engine) -> None:
    RateLimiter(engine, APP).pause(0.5)
    with locked_pacing_row(engine, APP) as (row, _):
        paused_until = row.paused_until
    assert take(engine, 1)[0] >= paused_until
    with locked_pacing_row(engine, "b" * 64) as (row, _):
        assert row.paused_until == 0


def test_a_waiting_call_gives_up_when_asked_to_stop(engine: Engine) -> None:
    limiter, stop = RateLimiter(engine, APP), threading.Event()
    limiter.pause(30)
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(PipelineError) as caught:
        limiter.acquire(stop)
    assert caught.value.code is ErrorCode.INTERRUPTED


def test_what_hubspot_says_of_its_limit_is_followed_and_remembered(engine: Engine) -> None:
    limiter = RateLimiter(engine, APP)
    limiter.note_limits(limiter.acquire(GO), calls=190, window_seconds=5.0, daily_remaining=None)
    assert (limiter.limit.calls, limiter.limit.window) == (190, 5.0)
    later = RateLimiter(engine, APP)
    later.acquire(GO)
    assert (later.limit.calls, later.limit.window) == (190, 5.0)


def test_the_users_limit_overrides_what_hubspot_tells(engine: Engine) -> None:
    limiter = RateLimiter(engine, APP, calls_per_window=40)
    limiter.note_limits(limiter.acquire(GO), calls=190, window_seconds=10.0, daily_remaining=None)
    assert limiter.limit.calls == 40


def test_the_newest_answer_says_what_the_day_has_left(engine: Engine) -> None:
    limiter = RateLimiter(engine, APP, daily_reserve=5)
    first, second = limiter.acquire(GO), limiter.acquire(GO)
    limiter.note_limits(second, calls=None, window_seconds=None, daily_remaining=5)
    limiter.note_limits(first, calls=None, window_seconds=None, daily_remaining=6)
    with pytest.raises(PipelineError) as caught:
        limiter.acquire(GO)
    assert caught.value.code is ErrorCode.HUBSPOT_DAILY_LIMIT
    limiter.note_limits(limiter.acquire(GO, counts_daily=False), calls=None, window_seconds=None, daily_remaining=1000)
    limiter.acquire(GO)


def test_what_was_said_of_another_day_is_void(engine: Engine) -> None:
    with locked_pacing_row(engine, APP) as (row, clock):
        row.daily_remaining, row.daily_as_of = 5, clock.now - 5 * 24 * 3600
    assert RateLimiter(engine, APP, daily_reserve=100).acquire(GO)
    with locked_pacing_row(engine, APP) as (row, clock):
        row.daily_remaining, row.daily_as_of = 5, clock.now - 3600
    with pytest.raises(PipelineError) as caught:
        RateLimiter(engine, APP, daily_reserve=100).acquire(GO)
    assert caught.value.code is ErrorCode.HUBSPOT_DAILY_LIMIT


def test_a_connection_lost_on_the_way_to_a_slot_is_tried_again(engine: Engine) -> None:
    limiter = RateLimiter(engine, APP)
    with losing_connections(engine, times=2) as lost:
        assert limiter.acquire(GO)
        limiter.belongs_to(7)
    assert lost == [True, True]


def test_a_slot_is_no_longer_waited_for_once_the_run_is_stopped(engine: Engine) -> None:
    stop = threading.Event()
    with losing_connections(engine, times=100) as lost, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(RateLimiter(engine, APP).acquire, stop)
        wait_until(lambda: len(lost) > 1, seconds=30, what="a second try")
        stop.set()
        with pytest.raises(PipelineError) as caught:
            asked.result(timeout=10)
    assert caught.value.code is ErrorCode.DB_CONNECTION_LOST


def test_an_answer_that_arrived_is_kept_although_the_database_is_gone(engine: Engine) -> None:
    limiter = RateLimiter(engine, APP)
    permit = limiter.acquire(GO)
    with losing_connections(engine, times=1):
        limiter.note_limits(permit, calls=190, window_seconds=5.0, daily_remaining=9)
    limiter.note_limits(permit, calls=190, window_seconds=5.0, daily_remaining=9)
    assert take(engine, 1)
    assert (limiter.limit.calls, limiter.limit.window) == (190, 5.0)


def test_news_that_the_database_did_not_take_are_written_again(engine: Engine) -> None:
    limiter = RateLimiter(engine, APP)
    permit = limiter.acquire(GO)
    limiter.arrived(permit, sent_at=time.monotonic() + 0.3, answered_at=time.monotonic() + 0.35)
    with losing_connections(engine, times=1):
        limiter.acquire(GO)
    with locked_pacing_row(engine, APP) as (row, _):
        assert permit.slot not in row.calls


def test_a_sync_goes_at_the_pace_of_a_real_window(engine: Engine, stand_in: StandIn) -> None:
    stand_in.change(calls=20, window_seconds=1.0, latency=[0.02, 0.1])
    add_names(engine, 600)
    report = sync(engine, stand_in, hubspot_requests_per_batch=10)
    assert report.total.created == 600
    assert report.rate_limited == stand_in.stats()["refused"]
    assert report.seconds > 2


def test_the_batch_delay_slows_the_sync_down_as_it_says(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 50)
    sync(sqlite_engine, stand_in, hubspot_batch_delay=100, hubspot_requests_per_batch=10)
    times = sorted(entry["at"] for entry in stand_in.writes())
    assert len(times) == 5
    assert times[-1] - times[0] > 0.35


def test_requests_overlap_as_far_as_the_latency_asks_for(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 3000)
    stand_in.change(latency=[0.3, 0.3])
    sync(sqlite_engine, stand_in, hubspot_max_in_flight=12)
    assert 2 < stand_in.stats()["most_under_way"] <= 12


def test_the_apps_portal_is_remembered_without_its_token(sqlite_engine: Engine, stand_in: StandIn) -> None:
    sync(sqlite_engine, stand_in)
    with sqlite_engine.connect() as connection:
        app: str = connection.exec_driver_sql("SELECT app FROM rate_limits").scalar_one()
    assert pacing_rows(sqlite_engine)[0][app].portal_id == PORTAL
    assert len(app) == 64


@pytest.mark.parametrize(
    ("calls", "window_seconds"), [(100, 3600.0), (1, 10.0), (5, None), (100, 0.001), (1, 3600.0), (100, 1e9)]
)
def test_no_header_however_odd_freezes_a_run(
    sqlite_engine: Engine, calls: int | None, window_seconds: float | None
) -> None:
    limiter = RateLimiter(sqlite_engine, "app")
    limiter.note_limits(limiter.acquire(GO), calls=calls, window_seconds=window_seconds, daily_remaining=None)
    assert limiter.limit == Limit()
    limiter.acquire(GO)
    assert limiter.limit == Limit()


def test_an_odd_limit_that_was_stored_freezes_nothing(sqlite_engine: Engine) -> None:
    limiter = RateLimiter(sqlite_engine, "app")
    limiter.acquire(GO)
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE rate_limits SET window_seconds = 3600, calls_per_window = 1")
    started = time.monotonic()
    for _ in range(3):
        limiter.acquire(GO)
    assert time.monotonic() - started < 5
