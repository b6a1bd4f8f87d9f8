"""How near the sync comes to HubSpot's ceiling: `python -m babynames_dagster_tests.bench.sync [--contacts 60000]`.

The stand-in enforces the rolling window in a process of its own, as does each of several syncs at once.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.engine import open_engine
from babynames_dagster.database.migrate import upgrade
from babynames_dagster.hubspot.report import SyncReport
from babynames_dagster_tests.support.hubspot import PARTITIONS, StandIn, add_names, standing_in, sync
from babynames_dagster_tests.support.mariadb import running_mariadb

_SPAWN = multiprocessing.get_context("spawn")
_UNCHANGED_CONTACTS = 105_000
_SYNCS_AT_ONCE = 4


@dataclass(frozen=True)
class Scenario:
    """One measurement: what the stand-in allows, how slow it is, and how many processes sync at once."""

    title: str
    calls: int
    latency: tuple[float, float]
    processes: int = 1


@dataclass(frozen=True)
class _TimedRun:
    report: SyncReport
    started: float
    ended: float


SCENARIOS = (
    Scenario("100 calls / 10 s, 50 ms", 100, (0.05, 0.05)),
    Scenario("100 calls / 10 s, 1500 ms", 100, (1.5, 1.5)),
    Scenario("190 calls / 10 s, 50 to 1500 ms", 190, (0.05, 1.5)),
    Scenario(f"100 calls / 10 s, 50 to 1500 ms, {_SYNCS_AT_ONCE} processes", 100, (0.05, 1.5), _SYNCS_AT_ONCE),
)


def main(arguments: Sequence[str]) -> None:
    """Measure, and print one line a scenario."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--contacts", type=int, default=60_000, help="contacts a run at 100 calls / 10 s (default: %(default)s)"
    )
    parser.add_argument("--mariadb", action="store_true", help="keep table, ledger and limiter in a private MariaDB")
    parser.add_argument("--only", type=int, help="number of the one scenario to measure, from 1")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="babynames-bench-") as folder:
        root = Path(folder)
        with running_mariadb(root / "mariadb") if chosen.mariadb else nullcontext() as server:
            urls = _databases(root, server.url if server else None)
            for number, scenario in enumerate(SCENARIOS, start=1):
                if chosen.only in {None, number}:
                    # As many contacts as make each run equally long at its own ceiling.
                    contacts = chosen.contacts * scenario.calls // 100
                    _measure(scenario, next(urls), contacts, root / f"stand-in-{number}")
            if chosen.only in {None, len(SCENARIOS) + 1}:
                _measure_unchanged(next(urls), root / "stand-in")


def _databases(folder: Path, server: str | None) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        if server is None:
            yield f"sqlite:///{folder / f'bench{number}.db'}"
            continue
        engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE bench{number} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        engine.dispose()
        yield make_url(server).set(database=f"bench{number}").render_as_string(hide_password=False)


def _measure(scenario: Scenario, database_url: str, contacts: int, folder: Path) -> None:
    _filled(database_url, contacts).dispose()
    with _stand_in(folder, calls=scenario.calls, window_seconds=10.0, latency=scenario.latency) as url:
        shares = [PARTITIONS[first :: scenario.processes] for first in range(scenario.processes)]
        with _SPAWN.Pool(scenario.processes) as pool:
            runs = pool.starmap(_sync, [(database_url, url, share) for share in shares])
        stats = StandIn(url).stats()
    acknowledged = sum(run.report.total.created for run in runs)
    # The monotonic clock is the machine's, the same for all its processes.
    seconds = max(run.ended for run in runs) - min(run.started for run in runs)
    share = acknowledged / seconds / (scenario.calls * 10)
    _tell(
        f"{scenario.title}: {acknowledged:,} contacts in {seconds:.1f} s = {acknowledged / seconds:,.0f} a second, "
        f"{share:.1%} of the ceiling; {stats['refused']} refused (429), shortest window {stats['shortest_gap']:.3f} s, "
        f"at most {stats['most_under_way']} under way"
    )


def _measure_unchanged(database_url: str, folder: Path) -> None:
    engine = _filled(database_url, _UNCHANGED_CONTACTS)
    with _stand_in(folder, calls=100_000, window_seconds=1.0) as url:
        stand_in = StandIn(url)
        sync(engine, stand_in, hubspot_daily_reserve=0)
        before = stand_in.stats()["requests"]
        started = time.monotonic()
        report = sync(engine, stand_in)
        seconds = time.monotonic() - started
        calls = stand_in.stats()["requests"] - before
    engine.dispose()
    _tell(
        f"Nothing changed: {report.total.unchanged:,} contacts in {seconds:.2f} s, {calls} call (whose account it is)"
    )


def _filled(database_url: str, contacts: int) -> Engine:
    engine = open_engine(make_url(database_url))
    upgrade(engine)
    for first in range(1, contacts + 1, 10_000):
        add_names(engine, min(10_000, contacts + 1 - first), initials=PARTITIONS, first=first)
    return engine


def _sync(database_url: str, stand_in_url: str, partitions: Sequence[str]) -> _TimedRun:
    engine = open_engine(make_url(database_url))
    report = sync(engine, StandIn(stand_in_url), partitions=partitions)
    ended = time.monotonic()
    engine.dispose()
    return _TimedRun(report, ended - report.seconds, ended)


@contextmanager
def _stand_in(folder: Path, **options: Any) -> Iterator[str]:  # noqa: ANN401 - hubspot_app's own types
    ours, theirs = _SPAWN.Pipe()
    server = _SPAWN.Process(target=_serve, args=(theirs, folder, options))
    server.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        server.join()


def _serve(control: Connection, folder: Path, options: dict[str, Any]) -> None:
    with standing_in(folder, **options) as stand_in:
        control.send(stand_in.url)
        control.recv()


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
