"""How near the sync comes to HubSpot's ceiling: `python -m babynames_dagster_tests.bench.sync [--contacts 105000]`.

The stand-in, which enforces the rolling window, runs in a process of its own, and so does each of several syncs at
once. The last line is that of workers on a real queue, over a MariaDB. Exits with 1 where a threshold is missed. A
share of the ceiling is one of the clock, not of the processor: other work on the machine lowers it only where no
processor is free for a second.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.database.ledger.states import Finding
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster.hubspot.sync.report import SyncReport
from babynames_dagster_tests.bench.measuring import machine
from babynames_dagster_tests.bench.workers import Sent, send_by_workers
from babynames_dagster_tests.docs.markdown import write_text
from babynames_dagster_tests.support.servers.mariadb import running_mariadb
from babynames_dagster_tests.support.stand_ins.hubspot import PARTITIONS, StandIn, standing_in_elsewhere
from babynames_dagster_tests.support.syncing import add_names, reconcile, sync

_CONTACTS = 105_000
"""As many as the real file's names."""
_UNCHANGED_SECONDS = 3.0
_TRIES = 3
"""The shortest of those where nothing changed counts: other work on the machine only ever adds to it."""
_RECONCILE_SECONDS = 120.0
_SYNCS_AT_ONCE = 4
_WORKERS = 3
_HEAD = """
| calls allowed in 10 s, latency | contacts | contacts/s | share of the ceiling | refused (429) | CPU s of the syncs |
|---|--:|--:|--:|--:|--:|"""


@dataclass(frozen=True)
class Scenario:
    """One measurement.

    Attributes:
        title: What is printed.
        calls: What the stand-in allows in 10 s.
        latency: Bounds of the seconds that an answer takes.
        processes: How many sync at once, each its own partitions.
        least_share: The share of the ceiling below which the measurement is a failure.
    """

    title: str
    calls: int
    latency: tuple[float, float]
    processes: int = 1
    least_share: float = 0.98


@dataclass(frozen=True)
class _TimedRun:
    report: SyncReport
    started: float
    ended: float
    cpu_seconds: float


SCENARIOS = (
    Scenario("100 calls / 10 s, 50 ms", 100, (0.05, 0.05)),
    Scenario("100 calls / 10 s, 1500 ms", 100, (1.5, 1.5)),
    Scenario("190 calls / 10 s, 50 to 1500 ms", 190, (0.05, 1.5)),
    Scenario(f"100 calls / 10 s, 50 to 1500 ms, {_SYNCS_AT_ONCE} processes", 100, (0.05, 1.5), _SYNCS_AT_ONCE),
)

BY_WORKERS = Scenario(
    f"100 calls / 10 s, 50 to 1500 ms, {_WORKERS} workers of the queue", 100, (0.05, 1.5), _WORKERS, 0.95
)


def missed(scenario: Scenario, *, unsent: int, share: float, refused: int) -> list[str]:
    """Return the thresholds that a run missed, one sentence each.

    Args:
        scenario: What was measured.
        unsent: Contacts that were not acknowledged.
        share: Share of the ceiling that it reached.
        refused: Calls that the stand-in refused (429).
    """
    found = [
        (unsent > 0, f"{unsent:,} contacts were not acknowledged"),
        (share < scenario.least_share, f"{share:.1%} of the ceiling, at least {scenario.least_share:.0%} wanted"),
        (refused > 0, f"{refused} calls refused (429), none wanted"),
    ]
    return [f"{scenario.title}: {sentence}" for is_missed, sentence in found if is_missed]


def missed_unchanged(*, unchanged: int, seconds: float, writes: int) -> list[str]:
    """Return the thresholds that a run missed for which nothing had changed.

    Args:
        unchanged: Contacts that it left alone.
        seconds: How long it took.
        writes: Writing calls that it made.
    """
    found = [
        (unchanged != _CONTACTS, f"{unchanged:,} of {_CONTACTS:,} contacts recognised"),
        (seconds > _UNCHANGED_SECONDS, f"{seconds:.2f} s, at most {_UNCHANGED_SECONDS:g} s wanted"),
        (writes > 0, f"{writes} writing calls, none wanted"),
    ]
    return [f"Nothing changed: {sentence}" for is_missed, sentence in found if is_missed]


def missed_reconciling(*, same: int, seconds: float, refused: int) -> list[str]:
    """Return the thresholds that reading every contact back missed.

    Args:
        same: Contacts that were found to be as they were sent.
        seconds: How long it took.
        refused: Calls that the stand-in refused (429).
    """
    found = [
        (same != _CONTACTS, f"{same:,} of {_CONTACTS:,} contacts found the same"),
        (seconds > _RECONCILE_SECONDS, f"{seconds:.1f} s, at most {_RECONCILE_SECONDS:g} s wanted"),
        (refused > 0, f"{refused} calls refused (429), none wanted"),
    ]
    return [f"Reconcile: {sentence}" for is_missed, sentence in found if is_missed]


def main(arguments: Sequence[str]) -> int:
    """Measure, print one line a scenario and one for each threshold that it missed, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--contacts", type=int, default=_CONTACTS, help="contacts a run at 100 calls / 10 s (default: %(default)s)"
    )
    parser.add_argument("--mariadb", action="store_true", help="keep table, ledger and limiter in a private MariaDB")
    parser.add_argument("--only", type=int, help="number of the one scenario to measure, from 1")
    parser.add_argument("--write", action="store_true", help="write the table into docs/performance.md, too")
    chosen = parser.parse_args(arguments)
    shortfalls: list[str] = []
    rows: list[str] = []
    sentences: list[str] = []
    with tempfile.TemporaryDirectory(prefix="babynames-bench-") as folder:
        root = Path(folder)
        with running_mariadb(root / "mariadb") if chosen.mariadb else nullcontext() as server:
            urls = _databases(root, server.url if server else None)
            for number, scenario in enumerate(SCENARIOS, start=1):
                if chosen.only in {None, number}:
                    # As many contacts as make each run equally long at its own ceiling. Processes begin and end seconds
                    # apart; a run of twice the length shows the rate between.
                    contacts = chosen.contacts * scenario.calls // 100 * min(scenario.processes, 2)
                    row, found = _measure(scenario, next(urls), contacts, root / f"stand-in-{number}")
                    rows.append(row)
                    shortfalls += found
            if chosen.only in {None, len(SCENARIOS) + 1}:
                sentence, found = _measure_unchanged(next(urls), root / "stand-in")
                sentences.append(sentence)
                shortfalls += found
            if chosen.only in {None, len(SCENARIOS) + 2}:
                sentence, found = _measure_reconciling(next(urls), root / "stand-in-reconciled")
                sentences.append(sentence)
                shortfalls += found
        if chosen.only in {None, len(SCENARIOS) + 3}:
            row, found = _measure_workers(2 * chosen.contacts, root / "workers")
            rows.append(row)
            shortfalls += found
    if chosen.write:
        measured = f"Measured by `make bench-sync` on {machine()}."
        write_text("docs/performance.md", "bench-sync", "\n".join([measured, _HEAD, *rows, "", *sentences]))
    for shortfall in shortfalls:
        _print(f"MISSED: {shortfall}")
    return 1 if shortfalls else 0


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


def _measure(scenario: Scenario, database_url: str, contacts: int, folder: Path) -> tuple[str, list[str]]:
    _filled(database_url, contacts).dispose()
    with standing_in_elsewhere(folder, calls=scenario.calls, window_seconds=10.0, latency=scenario.latency) as stand_in:
        shares = [PARTITIONS[first :: scenario.processes] for first in range(scenario.processes)]
        with multiprocessing.get_context("spawn").Pool(scenario.processes) as pool:
            runs = pool.starmap(_sync, [(database_url, stand_in.url, share) for share in shares])
        stats = stand_in.stats()
    acknowledged = sum(run.report.total.created for run in runs)
    # The monotonic clock is the machine's, the same for all its processes.
    seconds = max(run.ended for run in runs) - min(run.started for run in runs)
    cpu = sum(run.cpu_seconds for run in runs)
    return _judged(scenario, stats, contacts, Sent(acknowledged, seconds), f"{cpu:.1f}")


def _measure_workers(contacts: int, folder: Path) -> tuple[str, list[str]]:
    with (
        running_mariadb(folder / "mariadb") as server,
        standing_in_elsewhere(
            folder / "stand-in", calls=BY_WORKERS.calls, window_seconds=10.0, latency=BY_WORKERS.latency
        ) as stand_in,
    ):
        database_url = next(_databases(folder, server.url))
        _filled(database_url, contacts).dispose()
        queue = folder / "queue"
        queue.mkdir()
        sent = send_by_workers(database_url, stand_in, queue, workers=_WORKERS)
        return _judged(BY_WORKERS, stand_in.stats(), contacts, sent, "")


def _judged(scenario: Scenario, stats: Mapping[str, Any], contacts: int, sent: Sent, cpu: str) -> tuple[str, list[str]]:
    rate = sent.contacts / sent.seconds
    share = rate / (scenario.calls * 10)
    row = f"| {scenario.title} | {sent.contacts:,} | {rate:,.0f} | {share:.1%} | {stats['refused']} | {cpu} |"
    _print(row)
    _print(f"  {_reported(stats['shortest_gap'])}at most {stats['most_under_way']} calls under way")
    return row, missed(scenario, unsent=contacts - sent.contacts, share=share, refused=stats["refused"])


def _measure_unchanged(database_url: str, folder: Path) -> tuple[str, list[str]]:
    engine = _filled(database_url, _CONTACTS)
    with standing_in_elsewhere(folder, calls=100_000, window_seconds=1.0) as stand_in:
        sync(engine, stand_in, hubspot_daily_reserve=0)
        written, tries = len(stand_in.writes()), list[float]()
        for _ in range(_TRIES):
            before, started = stand_in.stats()["requests"], time.monotonic()
            report = sync(engine, stand_in)
            tries.append(time.monotonic() - started)
            calls = stand_in.stats()["requests"] - before
        seconds, writes = min(tries), len(stand_in.writes()) - written
    engine.dispose()
    reported = (
        f"Nothing changed: {report.total.unchanged:,} contacts in {seconds:.2f} s, {calls} call (whose account it is)."
    )
    _print(reported)
    return reported, missed_unchanged(unchanged=report.total.unchanged, seconds=seconds, writes=writes)


def _measure_reconciling(database_url: str, folder: Path) -> tuple[str, list[str]]:
    engine = _filled(database_url, _CONTACTS)
    with standing_in_elsewhere(folder, calls=100_000, window_seconds=1.0) as stand_in:
        sync(engine, stand_in, hubspot_daily_reserve=0)
    # The same account, served again: with its usual limit, and with no call yet that counts for it.
    with standing_in_elsewhere(folder, calls=100, window_seconds=10.0, latency=(0.05, 0.05)) as stand_in:
        report = reconcile(engine, stand_in)
        refused = stand_in.stats()["refused"]
    engine.dispose()
    same = report.total[Finding.SAME]
    reported = (
        f"Reconcile, 100 calls / 10 s, 50 ms: {same:,} contacts read back in {report.seconds:.1f} s, "
        f"{report.requests:,} calls; {refused} refused (429)."
    )
    _print(reported)
    return reported, missed_reconciling(same=same, seconds=report.seconds, refused=refused)


def _filled(database_url: str, contacts: int) -> Engine:
    engine = open_engine(make_url(database_url))
    upgrade(engine)
    for first in range(1, contacts + 1, 10_000):
        add_names(engine, min(10_000, contacts + 1 - first), initials=PARTITIONS, first=first)
    return engine


def _sync(database_url: str, stand_in_url: str, partitions: Sequence[str]) -> _TimedRun:
    engine = open_engine(make_url(database_url))
    cpu_before = time.process_time()
    report = sync(engine, StandIn(stand_in_url), partitions=partitions)
    ended, cpu = time.monotonic(), time.process_time() - cpu_before
    engine.dispose()
    return _TimedRun(report, ended - report.seconds, ended, cpu)


def _reported(shortest_gap: float | None) -> str:
    return "" if shortest_gap is None else f"shortest window {shortest_gap:.3f} s, "


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
