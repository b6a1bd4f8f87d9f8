"""The pace over real HTTP: as many calls as a window takes and no more, however many processes share it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster_tests.support.processes import processes
from babynames_dagster_tests.support.stand_ins.hubspot import PARTITIONS, StandIn, standing_in_elsewhere
from babynames_dagster_tests.support.syncing import add_names, expected_contacts, held_contacts, ledger, sync

pytestmark = pytest.mark.slow

CALLS, WINDOW_SECONDS = 40, 2.0
CONTACTS, BATCH, IN_FLIGHT = 1000, 10, 4
ALL_STATED = [f"X-HubSpot-RateLimit-{name}" for name in ("Max", "Interval-Milliseconds", "Daily", "Daily-Remaining")]


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in in a process of its own, which enforces a small window."""
    options: dict[str, Any] = {"calls": CALLS, "window_seconds": WINDOW_SECONDS, "latency": (0.02, 0.06)}
    with standing_in_elsewhere(tmp_path, **options) as served:
        yield served


def arrivals(stand_in: StandIn) -> list[float]:
    return sorted(entry["at"] for entry in stand_in.log())


def sync_share(database_url: str, url: str, partitions: Sequence[str], together: Barrier, delay: int) -> None:
    """Sync some partitions in a process of its own, which begins together with the others."""
    engine = open_engine(make_url(database_url))
    together.wait()
    report = sync(
        engine,
        StandIn(url),
        partitions=partitions,
        hubspot_requests_per_batch=BATCH,
        hubspot_max_in_flight=IN_FLIGHT,
        hubspot_batch_delay=delay,
    )
    engine.dispose()
    assert report.total.created == report.total.contacts > 0


@contextmanager
def shared_out(engine: Engine, stand_in: StandIn, *, count: int, delay: int = 0) -> Iterator[list[ForkServerProcess]]:
    """Start processes that sync their own partitions each, and wait for their end."""
    together = processes().Barrier(count)
    url = engine.url.render_as_string(hide_password=False)
    started = []
    for number in range(count):
        share = PARTITIONS[number::count]
        process = processes().Process(target=sync_share, args=(url, stand_in.url, share, together, delay))
        process.start()
        started.append(process)
    try:
        yield started
    finally:
        for process in started:
            process.join()


def test_a_sync_at_full_pace_is_never_refused(engine: Engine, narrow: StandIn) -> None:
    add_names(engine, CONTACTS)
    report = sync(engine, narrow, hubspot_requests_per_batch=BATCH)
    stats = narrow.stats()
    assert report.total.created == CONTACTS
    assert report.rate_limited == stats["refused"] == 0
    assert WINDOW_SECONDS <= stats["shortest_gap"] < 1.5 * WINDOW_SECONDS, "a whole window's calls were used"


def test_four_processes_share_one_window_and_the_death_of_one_costs_the_others_nothing(
    engine: Engine, narrow: StandIn
) -> None:
    add_names(engine, CONTACTS, initials=PARTITIONS)
    with shared_out(engine, narrow, count=4) as (victim, *others):
        while narrow.stats()["contacts"] < CONTACTS // 4:
            assert victim.is_alive()
            victim.join(0.05)
        victim.kill()
    assert [process.exitcode for process in others] == [0, 0, 0]
    acknowledged = len(ledger(engine))
    assert acknowledged < CONTACTS
    rest = sync(engine, narrow, hubspot_requests_per_batch=BATCH).total
    assert (rest.unchanged, rest.created + rest.updated) == (acknowledged, CONTACTS - acknowledged)
    assert rest.updated <= IN_FLIGHT * BATCH, "only what was in flight is sent again"
    assert {entry.outcome for entry in ledger(engine).values()} == {"synced"}
    assert held_contacts(narrow) == expected_contacts(engine, narrow.settings(engine))
    assert narrow.stats()["refused"] == 0


def test_the_batch_delay_lies_between_any_two_calls_of_two_processes(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 8 * BATCH, initials=PARTITIONS)
    with shared_out(sqlite_engine, stand_in, count=2, delay=200) as both:
        pass
    assert [process.exitcode for process in both] == [0, 0]
    times = arrivals(stand_in)
    assert len(times) >= 12
    # Each call leaves on time or late: only the first one's lateness shortens the whole.
    assert times[-1] - times[0] >= (len(times) - 2) * 0.2


def test_the_users_limit_is_kept_although_hubspot_allows_more(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 30 * BATCH)
    sync(sqlite_engine, stand_in, hubspot_rate_limit=10, hubspot_requests_per_batch=BATCH)
    times = arrivals(stand_in)
    # Before the first batch: whose account it is, its properties, and whether it has contacts that the ledger lacks.
    assert len(times) == 3 + 30
    # The limit's ten calls go in each of the stand-in's windows of one second; as above, one may be late.
    assert times[-1] - times[0] > 2.0


def test_the_users_limit_is_tried_although_hubspot_allows_less(sqlite_engine: Engine, stand_in: StandIn) -> None:
    stand_in.change(calls=10, window_seconds=2.0)
    add_names(sqlite_engine, 15 * BATCH)
    report = sync(sqlite_engine, stand_in, hubspot_rate_limit=200, hubspot_requests_per_batch=BATCH)
    assert report.total.created == 15 * BATCH
    assert report.rate_limited == stand_in.stats()["refused"] > 0


def test_without_headers_the_smallest_accounts_limit_is_kept(sqlite_engine: Engine, stand_in: StandIn) -> None:
    stand_in.change(hidden_headers=ALL_STATED)
    add_names(sqlite_engine, 30 * BATCH)
    assert sync(sqlite_engine, stand_in, hubspot_requests_per_batch=BATCH).total.created == 30 * BATCH
    times = arrivals(stand_in)
    # 100 calls in 10 s, caught up with at twice that pace.
    assert times[-1] - times[0] >= (len(times) - 2) * 0.05
