"""How fast the load is beside other ways: `python -m babynames_dagster_tests.bench.load [--dataset ZIP] [--quick]`.

Each method runs in a process of its own on an empty table, so that its peak memory is its own; ours has Dagster and
all definitions in it. The server is a private MariaDB with its default durability. Ours and LOAD DATA take turns, three
times each (`--rounds`), and the medians count. Exits with 1 where a threshold is missed; `--quick` has too little data
to judge by.

Ratios are judged by CPU seconds, of the server or the client, whichever used more: that is what bounds each method.
Unlike wall time, other work on the machine hardly changes it. Wall time, which users wait for, is beside it.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster_tests.bench.data import Data, all_distinct, real_like, ten_times
from babynames_dagster_tests.bench.load_methods import DATABASE, in_process, load_data
from babynames_dagster_tests.bench.measuring import Measured, machine, middle, table
from babynames_dagster_tests.bench.pages.figures import keep_load
from babynames_dagster_tests.support.servers.mariadb import MariaDB, running_mariadb

_OURS, _THEIRS = "**this pipeline, MariaDB**", "`mariadb` client, LOAD DATA LOCAL INFILE"
_PARTS = ("real", "distinct", "years")
_ROUNDS = 3
_OUTGROWING = 2_000_000
"""So many names are more than a default server keeps in memory."""


@dataclass(frozen=True)
class Figures:
    """What the load is judged by; None where it was not measured.

    Attributes:
        ratio_real: How many times the CPU seconds LOAD DATA takes, with the real file's proportions.
        ratio_distinct: The same with distinct names only.
        least_distinct: What that has to be.
        years_per_second: Rows of the births by year, a CPU second of the busier process.
        peak_mb: Peak memory.
        memory_growth: How many times the memory ten times the file takes.
    """

    ratio_real: float | None = None
    ratio_distinct: float | None = None
    least_distinct: float = 2.0
    years_per_second: float | None = None
    peak_mb: int | None = None
    memory_growth: float | None = None


@dataclass(frozen=True)
class Bench:
    """Where it is measured, and how often.

    Attributes:
        server: A private server.
        folder: For databases and files; emptied by who made it.
        rounds: Turns of the methods that are judged.
        only_judged: Whether the other methods are left out.
    """

    server: MariaDB
    folder: Path
    rounds: int
    only_judged: bool


_Outcome = tuple[str, dict[str, Measured], Figures]
"""A title, what each method took, and what is judged."""


def missed(figures: Figures) -> list[str]:
    """Return the thresholds that the load missed, one sentence each."""
    found: list[str] = []
    if figures.ratio_real is not None and figures.ratio_real < 12:
        found.append(f"real file: LOAD DATA takes {figures.ratio_real:.1f} times the CPU, at least 12 wanted")
    least = figures.least_distinct
    if figures.ratio_distinct is not None and figures.ratio_distinct < least:
        found.append(
            f"distinct names: LOAD DATA takes {figures.ratio_distinct:.2f} times the CPU, at least {least} wanted"
        )
    if figures.years_per_second is not None and figures.years_per_second < 250_000:
        found.append(f"births by year: {figures.years_per_second:,.0f} rows per CPU second, at least 250,000 wanted")
    if figures.peak_mb is not None and figures.peak_mb > 260:
        found.append(f"peak memory {figures.peak_mb} MB, at most 260 MB wanted")
    if figures.memory_growth is not None and figures.memory_growth > 1.05:
        found.append(f"ten times the file: {figures.memory_growth:.2f} times the memory, at most 1.05 wanted")
    return found


def main(arguments: Sequence[str]) -> int:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, help="zip with the real CSV; else a file of its proportions is made")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--only", choices=_PARTS, help="one of the tables; default: all")
    parser.add_argument("--names", type=int, default=2_000_000, help="distinct names (default: %(default)s)")
    parser.add_argument(
        "--rounds", type=int, default=_ROUNDS, help="turns of those that are judged (default: %(default)s)"
    )
    parser.add_argument("--judged", action="store_true", help="leave out the methods that are not judged")
    parser.add_argument("--in-order", action="store_true", help="distinct names in the order of the alphabet")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/performance.md, too")
    options = parser.parse_args(arguments)
    scale = 10 if options.quick else 1
    shortfalls: list[str] = []
    with tempfile.TemporaryDirectory(prefix="babynames-bench-") as name:
        folder = Path(name)
        with running_mariadb(folder / "server") as server:
            for part in _PARTS if options.only is None else (options.only,):
                if part == "distinct":
                    data = all_distinct(folder, options.names // scale, in_order=options.in_order)
                else:
                    data = real_like(folder, options.dataset, scale)
                title, results, figures = _MEASURES[part](Bench(server, folder, options.rounds, options.judged), data)
                baseline = _THEIRS if _THEIRS in results else None
                _print(table(title, results, baseline))
                if options.write:
                    keep_load(part, title, results, baseline=baseline, by=_measured_by(part, options))
                shortfalls += missed(figures)
    if options.quick:
        return 0
    for shortfall in shortfalls:
        _print(f"MISSED: {shortfall}")
    return 1 if shortfalls else 0


def _measured_by(part: str, options: argparse.Namespace) -> str:
    dataset = f" DATASET={options.dataset.name}" if options.dataset and part != "distinct" else ""
    names = f" --names {options.names}{' --in-order' * options.in_order}" if part == "distinct" else ""
    names += f" --rounds {options.rounds}" * (options.rounds != _ROUNDS) + " --judged" * options.judged
    return f'`make bench-load{dataset} ARGS="--only {part}{names}"` on {machine()}'


def _real(bench: Bench, data: Data) -> _Outcome:
    results = _compare(bench, data)
    figures = Figures(ratio_real=results[_THEIRS].bound / results[_OURS].bound, peak_mb=results[_OURS].peak_mb)
    return f"{data.title}: {data.rows:,} rows", results, figures


def _distinct(bench: Bench, data: Data) -> _Outcome:
    results = _compare(bench, data)
    ratio = results[_THEIRS].bound / results[_OURS].bound
    least = 2.0 if data.rows >= _OUTGROWING else 1.5
    figures = Figures(ratio_distinct=ratio, least_distinct=least, peak_mb=results[_OURS].peak_mb)
    return f"{data.title}: {data.rows:,} rows", results, figures


def _years(bench: Bench, data: Data) -> _Outcome:
    """Measure the births by year, and the names of a file ten times as long, whose memory must be the same."""
    large = ten_times(bench.folder, data)
    years = middle([_on_server("ours-years", bench.server, data.zipped) for _ in range(bench.rounds)])
    once, tenfold = _on_server("ours", bench.server, data.zipped), _on_server("ours", bench.server, large.zipped)
    rows = {
        f"births by year of {data.rows:,} rows": years,
        f"names of {data.rows:,} rows": once,
        f"names of {large.rows:,} rows": tenfold,
    }
    figures = Figures(
        years_per_second=years.rows / years.bound, memory_growth=(tenfold.peak_mb or 0) / (once.peak_mb or 1)
    )
    return "this pipeline, MariaDB", rows, figures


_MEASURES: dict[str, Callable[[Bench, Data], _Outcome]] = {
    "real": _real,
    "distinct": _distinct,
    "years": _years,
}


def _compare(bench: Bench, data: Data) -> dict[str, Measured]:
    """Measure every method: the two that are judged take turns, the others come once."""
    rounds: dict[str, list[Measured]] = {_OURS: [], _THEIRS: []}
    for _ in range(bench.rounds):
        rounds[_OURS].append(_on_server("ours", bench.server, data.zipped))
        _fresh(bench.server)
        rounds[_THEIRS].append(load_data(bench.server, data))
    results = {method: middle(measured) for method, measured in rounds.items()}
    if bench.only_judged:
        return results
    results["PyMySQL, executemany of 1,000"] = _on_server("executemany", bench.server, data.plain)
    results["**this pipeline, SQLite**"] = in_process("ours", _fresh_file(bench.folder), data.zipped)
    results["sqlite3, executemany of 1,000"] = in_process("executemany", _fresh_file(bench.folder), data.plain)
    return results


def _on_server(method: str, server: MariaDB, path: Path) -> Measured:
    return in_process(method, _fresh(server), path, server.process_id)


def _fresh(server: MariaDB) -> str:
    """Return the address of an empty database with the schema."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    return _migrated(make_url(server.url).set(database=DATABASE).render_as_string(hide_password=False))


def _fresh_file(folder: Path) -> str:
    path = folder / "bench.db"
    for part in folder.glob(f"{path.name}*"):
        part.unlink()
    return _migrated(f"sqlite:///{path}")


def _migrated(url: str) -> str:
    engine = open_engine(make_url(url))
    upgrade(engine)
    engine.dispose()
    return url


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
