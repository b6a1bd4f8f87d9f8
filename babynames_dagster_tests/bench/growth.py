"""How what a user waits for grows with the data: `make bench-growth`, slow, apart from `make bench`.

Loads files of distinct names of several sizes into empty tables, and does with ledgers of several sizes, and after
several numbers of loads, what runs, sensors, commands and scrapes do. All on a private MariaDB with its defaults (a
buffer pool of 128 MB). Prints tables of CPU seconds, the server's and ours, which other work on the machine changes
little, and draws them against size. Exits with 1 where something grows much faster than its input.
"""

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.cli.overview import last_runs, overview
from babynames_dagster.database import tables
from babynames_dagster.database.connection.engine import open_engine, utc_now, writing
from babynames_dagster.database.figures import contact_counts, finished_loads, load_counts
from babynames_dagster.database.ledger.candidates import ContactScope, candidate_pages
from babynames_dagster.database.ledger.comparison import partitions_with_work
from babynames_dagster.database.loading.loads import (
    DONE,
    last_finished_load,
    latest_load,
    rejected_rows_of_last_loads,
)
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster.hubspot.sync.report import SyncReport
from babynames_dagster.names.contacts.mapping import NameMapping
from babynames_dagster_tests.bench.data import all_distinct
from babynames_dagster_tests.bench.measuring import cpu_seconds, machine
from babynames_dagster_tests.bench.pages.figures import SCALING, TITLES, keep_growth
from babynames_dagster_tests.bench.pages.growth_chart import Growth, exponent, growth_table
from babynames_dagster_tests.support.loading import load
from babynames_dagster_tests.support.servers.mariadb import MariaDB, running_mariadb
from babynames_dagster_tests.support.stand_ins.hubspot import PARTITIONS, PORTAL, StandIn, standing_in_elsewhere
from babynames_dagster_tests.support.syncing import sync

_MOST = 1.3
"""The exponent of the last step, from which on a growth is a failure: pages and caches bend a line a little."""
_MOST_OF_LOAD = 1.7
"""The same of a load of shuffled names, whose indexes outgrow the server's buffer pool."""
_TRIES = 3
"""The shortest counts: other work on the machine only ever adds to it."""


def missed(growth: Mapping[str, Mapping[int, float]]) -> list[str]:
    """Return what grows much faster than its input from the last size but one to the last, one sentence each."""
    powers = {title: exponent(seconds) for title, seconds in growth.items() if len(seconds) > 1}
    return [
        f"{title}: time grows with the power {power:.2f} of the size, at most {most} wanted"
        for title, power in powers.items()
        if power > (most := _MOST_OF_LOAD if title == "load" else _MOST)
    ]


def main(arguments: Sequence[str]) -> int:
    """Measure, print the tables, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=_sizes, default="100000,300000,1000000,2000000", help="(default: %(default)s)")
    parser.add_argument("--contacts", type=_sizes, default="100000,300000,1000000", help="(default: %(default)s)")
    parser.add_argument("--loads", type=_sizes, default="100,1000,10000", help="(default: %(default)s)")
    parser.add_argument("--only", choices=_MEASURES, help="what grows; default: all")
    parser.add_argument("--write", action="store_true", help=f"write the tables into {SCALING}, and the picture")
    chosen = parser.parse_args(arguments)
    shortfalls: list[str] = []
    with tempfile.TemporaryDirectory(prefix="babynames-growth-") as name:
        folder = Path(name)
        with running_mariadb(folder / "server") as server:
            for part in _MEASURES if chosen.only is None else (chosen.only,):
                sizes: Sequence[int] = getattr(chosen, part)
                growth = _MEASURES[part](server, folder, sizes)
                sys.stdout.write(f"{growth_table(TITLES[part], growth)}\n")
                sys.stdout.flush()
                if chosen.write:
                    command = f"--only {part} --{part} {','.join(map(str, sizes))}"
                    keep_growth(part, growth, by=f'`make bench-growth ARGS="{command}"` on {machine()}')
                shortfalls += missed(growth)
    for shortfall in shortfalls:
        sys.stdout.write(f"MISSED: {shortfall}\n")
    return 1 if shortfalls else 0


def _names(server: MariaDB, folder: Path, sizes: Sequence[int]) -> Growth:
    growth: Growth = {}
    for number, size in enumerate(sizes):
        data = all_distinct(folder / f"names{size}", names=size)
        engine = _database(server, f"names{number}")
        took = _cpu_seconds(server, lambda: load(engine, data.zipped))  # noqa: B023 - called at once
        growth.setdefault("load", {})[size] = took
        engine.dispose()
    return growth


def _contacts(server: MariaDB, folder: Path, sizes: Sequence[int]) -> Growth:
    growth: Growth = {}
    engine = _database(server, "ledger")
    with standing_in_elsewhere(folder, calls=100_000, window_seconds=1.0) as stand_in:
        for size in sizes:
            # The smaller file's names are in the larger one, too, and only the others are added.
            load(engine, all_distinct(folder / f"contacts{size}", names=size).zipped)
            sync(engine, stand_in, hubspot_daily_reserve=0)
            for title, work in _waited_for(engine, stand_in, folder).items():
                growth.setdefault(title, {})[size] = min(_cpu_seconds(server, work) for _ in range(_TRIES))
    engine.dispose()
    return growth


def _waited_for(engine: Engine, stand_in: StandIn, folder: Path) -> dict[str, Callable[[], object]]:
    """Return what a user, a sensor or a monitor waits for, by title."""
    settings = stand_in.settings(engine, data_dir=str(folder))
    mapping = NameMapping.from_settings(settings.hubspot).contacts.fingerprint

    def pages() -> int:
        read = candidate_pages(engine, portal_id=PORTAL, partitions=PARTITIONS, scope=ContactScope())
        return sum(len(page) for page in read)

    def resync() -> SyncReport:
        return sync(engine, stand_in, hubspot_daily_reserve=0)

    return {
        "candidate pages": pages,
        "sync, nothing changed": resync,
        "status": lambda: (overview(settings), last_runs(settings)),
        "sensor's question": lambda: partitions_with_work(engine, PORTAL, mapping),
        "metrics scrape": lambda: (contact_counts(engine), load_counts(engine), finished_loads(engine)),
    }


def _loads(server: MariaDB, folder: Path, sizes: Sequence[int]) -> Growth:
    del folder
    growth: Growth = {}
    engine = _database(server, "history")
    for before, size in pairwise((0, *sizes)):
        _enter_loads(engine, before, size)
        asked: dict[str, Callable[[], object]] = {
            "a file recognised": lambda: latest_load(engine, target="baby_names", sha256=_digest(1), options=""),
            "its last load": lambda: last_finished_load(engine, "baby_names"),
            "rejects": lambda: rejected_rows_of_last_loads(engine, 50),
            "metrics scrape of loads": lambda: (load_counts(engine), finished_loads(engine)),
        }
        for title, work in asked.items():
            # A hundred times, as the clock of the server's processor counts hundredths of a second.
            took = min(_cpu_seconds(server, lambda: [work() for _ in range(100)]) for _ in range(_TRIES))  # noqa: B023 - called at once
            growth.setdefault(title, {})[size] = took / 100
    engine.dispose()
    return growth


def _enter_loads(engine: Engine, first: int, end: int) -> None:
    """Enter finished loads of different files, each with as many rejected rows as a command shows."""
    now = utc_now()
    for number in range(first, end):
        load_id = number + 1
        values = {
            "id": load_id,
            "target": "baby_names",
            "file_name": "names.csv",
            "sha256": _digest(number),
            "options": "",
            "state": DONE,
            "started_at": now,
            "updated_at": now,
            "finished_at": now,
        }
        rejects = [{"line": line, "reason": "no name", "raw": "", "load_id": load_id} for line in range(1, 51)]
        with writing(engine) as connection:
            connection.execute(sa.insert(tables.loads), values)
            connection.execute(sa.insert(tables.rejected_rows), rejects)


def _digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


_MEASURES: Mapping[str, Callable[[MariaDB, Path, Sequence[int]], Growth]] = {
    "names": _names,
    "contacts": _contacts,
    "loads": _loads,
}


def _database(server: MariaDB, name: str) -> Engine:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    engine = open_engine(make_url(server.url).set(database=name))
    upgrade(engine)
    return engine


def _cpu_seconds(server: MariaDB, work: Callable[[], object]) -> float:
    """Return the CPU seconds of work, the server's and ours; at least a hundredth, as fine as /proc counts."""
    before = cpu_seconds(server.process_id) + time.process_time()
    work()
    return max(0.01, cpu_seconds(server.process_id) + time.process_time() - before)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(size) for size in text.split(",")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
