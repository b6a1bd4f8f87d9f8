"""What one row and one call cost: `make bench-costs`; docs/scaling.md multiplies them.

Bytes on disk by row of each large table, indices and InnoDB's own room included, and the limiter's transaction before
each call, on a private MariaDB with its defaults.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine, reading
from babynames_dagster.database.rate_limits import locked_pacing_row
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster_tests.bench.data import all_distinct
from babynames_dagster_tests.bench.measuring import machine
from babynames_dagster_tests.docs.markdown import write_text
from babynames_dagster_tests.support.loading import load, load_births
from babynames_dagster_tests.support.servers.mariadb import running_mariadb
from babynames_dagster_tests.support.stand_ins.hubspot import standing_in_elsewhere
from babynames_dagster_tests.support.syncing import sync

_PAGE = "docs/scaling.md"
_CALLS = 1_000
_WINDOW = 190
"""Calls that the limiter's row holds: the largest limit that HubSpot gives an app."""
_TABLES = {
    "baby_names": "name and sex (`baby_names`)",
    "baby_name_years": "name, sex and year (`baby_name_years`)",
    "hubspot_contacts": "contact in the ledger (`hubspot_contacts`)",
}


def main(arguments: Sequence[str]) -> int:
    """Measure, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=200_000, help="rows of each table (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help=f"write the table into {_PAGE}")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="babynames-costs-") as name:
        folder = Path(name)
        with running_mariadb(folder / "server") as server:
            with server.connect() as connection, connection.cursor() as cursor:
                cursor.execute("CREATE DATABASE costs CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
            engine = open_engine(make_url(server.url).set(database="costs"))
            upgrade(engine)
            _fill(engine, folder, chosen.names)
            lines = [f"| {what} | {_bytes_a_row(engine, table):,.0f} bytes |" for table, what in _TABLES.items()]
            lines.append(f"| call of HubSpot, in the limiter's row | {_limiter_ms(engine):.1f} ms |")
            engine.dispose()
    table = "\n".join(["| one | costs |", "|---|--:|", *lines])
    sys.stdout.write(f"{table}\n")
    if chosen.write:
        write_text(_PAGE, "costs", f"Measured by `make bench-costs` on {machine()}.\n\n{table}")
    return 0


def _fill(engine: Engine, folder: Path, names: int) -> None:
    data = all_distinct(folder / "names", names=names)
    load(engine, data.zipped)
    load_births(engine, data.zipped)
    with standing_in_elsewhere(folder, calls=100_000, window_seconds=1.0) as stand_in:
        sync(engine, stand_in, hubspot_daily_reserve=0)


def _bytes_a_row(engine: Engine, table: str) -> float:
    size = sa.text(
        "SELECT data_length + index_length FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_name = :name"
    )
    with reading(engine) as connection:
        connection.execute(sa.text(f"ANALYZE TABLE {table}")).all()
        rows = connection.execute(sa.select(sa.func.count()).select_from(sa.table(table))).scalar_one()
        return float(connection.execute(size, {"name": table}).scalar_one()) / int(rows)


def _limiter_ms(engine: Engine) -> float:
    taken = []
    for call in range(_CALLS):
        started = time.perf_counter()
        with locked_pacing_row(engine, "app") as (row, clock):
            row.calls = [*row.calls[1 - _WINDOW :], clock.now + call * 1e-6]
        taken.append(time.perf_counter() - started)
    return median(taken) * 1000


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
