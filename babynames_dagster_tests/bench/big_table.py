"""What a large table of somebody's own takes in memory and time: `make bench-table`, slow, apart from `make bench`.

Makes a table of customers in SQLite, and enters each row into the ledger as one that HubSpot acknowledged. Then a sync
and a plan go through all of it with nothing changed: counting, looking for keys and emails that come twice, paging,
fingerprints, the ledger, orphans. Each is a process of its own, of which CPU seconds and peak memory are read at its
end. Exits with 1 where memory grows with the rows, or the work much faster than they do.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine, utc_now, writing
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster.database.tables import hubspot_contacts
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.batches.policy import WritePolicy
from babynames_dagster.hubspot.plan.making import Wanted, make_plan
from babynames_dagster.hubspot.plan.rows import Planned
from babynames_dagster_tests.bench.measuring import machine, peak_mb
from babynames_dagster_tests.bench.pages.figures import SCALING
from babynames_dagster_tests.bench.pages.growth_chart import exponent
from babynames_dagster_tests.docs.markdown import write_text
from babynames_dagster_tests.support.customers import LEDGER, make_table, source_of, sync_table
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn, standing_in_elsewhere

_MOST_MEMORY = 1.25
"""How much more the largest table may take than the smallest."""
_MOST_POWER = 1.3
"""The exponent of the growth of CPU seconds from which on it is a failure."""
_CUSTOMERS = """
INSERT INTO customers (id, email, first_name, last_name, country)
WITH RECURSIVE number (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM number WHERE n < {last})
SELECT n, 'customer' || n || '@shop-mail.com', 'First' || n, 'Last' || n, 'AT' FROM number
"""


@dataclass(frozen=True)
class Took:
    """What one piece of work took: CPU seconds, SQLite's included, and the peak memory of its process in MB."""

    seconds: float
    peak_mb: int


_Work = Callable[[Engine, StandIn, int], None]
"""Is given how many rows there are."""
Figures = dict[str, dict[int, Took]]
"""By work, by rows."""


def missed(figures: Mapping[str, Mapping[int, Took]]) -> list[str]:
    """Return what grows with the rows and must not, one sentence each."""
    found = []
    for title, by_rows in figures.items():
        least, most = by_rows[min(by_rows)].peak_mb, by_rows[max(by_rows)].peak_mb
        if most > _MOST_MEMORY * least:
            found.append(f"{title}: {most} MB for the largest table, {least} MB for the smallest")
        seconds = {rows: took.seconds for rows, took in by_rows.items()}
        if len(seconds) > 1 and (power := exponent(seconds)) > _MOST_POWER:
            found.append(
                f"{title}: CPU seconds grow with the power {power:.2f} of the rows, at most {_MOST_POWER} wanted"
            )
    return found


def main(arguments: Sequence[str]) -> int:
    """Measure, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=_sizes, default="100000,1000000,10000000", help="(default: %(default)s)")
    parser.add_argument("--only", choices=sorted(_WORK), help="one of the two (default: both)")
    parser.add_argument("--write", action="store_true", help=f"write the table into {SCALING}")
    chosen = parser.parse_args(arguments)
    figures: Figures = {}
    with (
        tempfile.TemporaryDirectory(prefix="babynames-table-") as name,
        standing_in_elsewhere(Path(name), calls=100_000, window_seconds=1.0) as stand_in,
    ):
        url = f"sqlite:///{Path(name) / 'customers.db'}"
        engine = open_engine(make_url(url))
        upgrade(engine)
        make_table(engine)
        before = 0
        for rows in chosen.rows:
            with writing(engine) as connection:
                connection.exec_driver_sql(_CUSTOMERS.format(first=before + 1, last=rows))
            _enter(engine, after=before)
            for kind, work in _WORK.items():
                if chosen.only not in {None, kind}:
                    continue
                title = f"{kind}, nothing changed"
                took = _in_a_process(work, url, stand_in.url, rows)
                figures.setdefault(title, {})[rows] = took
                sys.stdout.write(f"{title}, {rows:,} rows: {took.seconds:.1f} CPU s, {took.peak_mb} MB\n")
                sys.stdout.flush()
            before = rows
        engine.dispose()
    table = _table(figures)
    sys.stdout.write(table)
    if chosen.write:
        only = f' ARGS="--only {chosen.only}"' if chosen.only else ""
        write_text(SCALING, "table", f"`make bench-table{only}` on {machine()}:\n\n{table}")
    shortfalls = missed(figures)
    for shortfall in shortfalls:
        sys.stdout.write(f"MISSED: {shortfall}\n")
    return 1 if shortfalls else 0


def _in_a_process(work: _Work, *arguments: object) -> Took:
    fresh = multiprocessing.get_context("spawn")
    ours, theirs = fresh.Pipe()
    process = fresh.Process(target=_measured, args=(theirs, work, *arguments))
    process.start()
    theirs.close()
    took: Took = ours.recv()
    process.join()
    return took


def _measured(answer: Connection, work: _Work, url: str, stand_in_url: str, rows: int) -> None:
    engine = open_engine(make_url(url))
    started = time.process_time()
    work(engine, StandIn(stand_in_url), rows)
    answer.send(Took(time.process_time() - started, peak_mb()))


def _enter(engine: Engine, *, after: int) -> None:
    """Enter the rows with larger keys into the ledger."""
    source, now = source_of(engine), utc_now()
    mapping = source.mapping
    same = {"mapping": mapping.fingerprint, "outcome": LedgerOutcome.SYNCED.value, "created_by_us": True, "attempts": 1}
    for page in source.pages(LEDGER, source.partitions):
        rows = [
            {
                **LEDGER._asdict(),
                **same,
                "row_key": row.key,
                "partition_key": row.partition,
                "email": row.payload["email"],
                "hubspot_email": row.payload["email"],
                "hubspot_id": row.key,
                "fingerprint": mapping.payload_fingerprint(row.payload),
                "initial_sent": mapping.initial_fingerprint(row.payload),
                "created_at": now,
                "updated_at": now,
                "synced_at": now,
            }
            for row in page
            if int(row.key) > after
        ]
        if rows:
            with writing(engine) as connection:
                connection.execute(sa.insert(hubspot_contacts), rows)


def _sync(engine: Engine, stand_in: StandIn, rows: int) -> None:
    report = sync_table(engine, stand_in)
    assert (report.total.unchanged, report.requests) == (rows, 1)


def _plan(engine: Engine, stand_in: StandIn, rows: int) -> None:
    source = source_of(engine)
    wanted = Wanted(source, source.partitions, WritePolicy.OVERWRITE, mirror=True)
    with open_client(stand_in.settings(engine).account, engine) as client:
        report = make_plan(client, wanted, lambda _: None, max_in_flight=1)
    assert report.totals[Planned.UNCHANGED] == rows


_WORK: dict[str, _Work] = {"sync": _sync, "plan": _plan}


def _table(figures: Figures) -> str:
    sizes = sorted({rows for by_rows in figures.values() for rows in by_rows})
    lines = [
        "| rows | " + " | ".join(f"{rows:,}" for rows in sizes) + " |",
        "|---|" + "--:|" * len(sizes),
    ]
    for title, by_rows in figures.items():
        cells = (f"{by_rows[rows].seconds:,.1f} CPU s, {by_rows[rows].peak_mb} MB" for rows in sizes)
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(size) for size in text.split(",")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
