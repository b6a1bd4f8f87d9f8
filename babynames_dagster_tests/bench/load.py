"""How fast the load is beside other ways: `python -m babynames_dagster_tests.bench.load [--dataset ZIP] [--quick]`.

Each method runs in a process of its own on an empty table, so that its peak memory is its own; ours has Dagster and
all definitions in it. The server is a private MariaDB with its default durability. Ours and LOAD DATA take turns, three
times each, and the medians count. Exits with 1 where a threshold is missed; `--quick` has too little data to judge by.

Distinct names are judged by CPU seconds, of the server or the client, whichever used more: that is what bounds both
methods, and, unlike wall time, work of others on the machine hardly changes it. The real file is judged by wall time,
since there the two methods are bounded by different processes, and the margin is wide.
"""

import argparse
import csv
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster.documents import write_text
from babynames_dagster_tests.bench.data import Data, all_distinct, real_like, ten_times
from babynames_dagster_tests.bench.machine import machine
from babynames_dagster_tests.bench.measuring import Measured, cpu_seconds, middle, peak_mb, table
from babynames_dagster_tests.support.mariadb import MariaDB, running_mariadb

_OURS, _THEIRS = "**this pipeline, MariaDB**", "`mariadb` client, LOAD DATA LOCAL INFILE"
_ROUNDS = 3
_DATABASE = "bench"
_EXECUTEMANY_ROWS = 1000
_MOMENT = "2000-01-01 00:00:00"


@dataclass(frozen=True)
class Figures:
    """What the load is judged by.

    Attributes:
        ratio_real: How many times as long LOAD DATA takes, with the real file's proportions.
        ratio_distinct: How many times the CPU seconds LOAD DATA takes, with distinct names only.
        years_per_second: Rows of the births by year, a second.
        peak_mb: Peak memory with the real file's proportions.
        peak_at_ten_times_mb: Peak memory with ten times that file.
    """

    ratio_real: float
    ratio_distinct: float
    years_per_second: float
    peak_mb: int
    peak_at_ten_times_mb: int


def missed(figures: Figures) -> list[str]:
    """Return the thresholds that the load missed, one sentence each."""
    growth = figures.peak_at_ten_times_mb / figures.peak_mb
    found = [
        (
            figures.ratio_real < 10,
            f"real file: {figures.ratio_real:.1f} times as fast as LOAD DATA, at least 10 wanted",
        ),
        (
            figures.ratio_distinct < 1.5,
            f"distinct names: LOAD DATA takes {figures.ratio_distinct:.2f} times the CPU, at least 1.5 wanted",
        ),
        (
            figures.years_per_second < 130_000,
            f"births by year: {figures.years_per_second:,.0f} rows/s, at least 130,000 wanted",
        ),
        (figures.peak_mb > 300, f"real file: peak memory {figures.peak_mb} MB, at most 300 MB wanted"),
        (growth > 1.05, f"ten times the file: {growth:.2f} times the memory, at most 1.05 wanted"),
    ]
    return [sentence for is_missed, sentence in found if is_missed]


def ours(engine: Engine, path: Path, server: int) -> int:
    """Load the names as the pipeline does."""
    import babynames_dagster.definitions  # noqa: F401, PLC0415 - its memory belongs to ours
    from babynames_dagster_tests.support.loading import load  # noqa: PLC0415 - the others do without

    return _timed(lambda: load(engine, path).rows_read, server)


def ours_years(engine: Engine, path: Path, server: int) -> int:
    """Load the births by year as the pipeline does; the names are there."""
    from babynames_dagster_tests.support.loading import load, load_births  # noqa: PLC0415 - the others do without

    load(engine, path)
    return _timed(lambda: load_births(engine, path).rows_read, server)


def executemany(engine: Engine, path: Path, server: int) -> int:
    """Insert 1,000 rows at a time as they come, and let the server ignore duplicates."""
    sqlite = engine.dialect.name == "sqlite"
    mark = "?" if sqlite else "%s"
    ignoring = "INSERT OR IGNORE" if sqlite else "INSERT IGNORE"
    statement = (
        f"{ignoring} INTO baby_names (slug, name, sex, initial, source_line, load_id, created_at, updated_at) "
        f"VALUES ({', '.join([mark] * 8)})"
    )

    def run() -> int:
        total = 0
        with path.open(newline="") as stream, engine.connect() as connection:
            rows = enumerate(islice(csv.reader(stream), 1, None), start=2)
            while batch := list(islice(rows, _EXECUTEMANY_ROWS)):
                values = [
                    (f"{name.lower()}.{sex.lower()}", name, sex, name[0], line, 0, _MOMENT, _MOMENT)
                    for line, (_, name, sex, *_) in batch
                ]
                connection.exec_driver_sql(statement, values)
                connection.commit()
                total += len(batch)
        return total

    return _timed(run, server)


def load_data(server: MariaDB, data: Data) -> Measured:
    """Let the server's own client load the unpacked CSV."""
    statement = f"""
        LOAD DATA LOCAL INFILE '{data.plain}' IGNORE INTO TABLE baby_names
        FIELDS TERMINATED BY ',' IGNORE 1 LINES (@year, @name, @sex, @number)
        SET slug = CONCAT(LOWER(@name), '.', LOWER(@sex)), name = @name, sex = @sex, initial = LEFT(@name, 1),
            source_line = 0, load_id = 0, created_at = '{_MOMENT}', updated_at = '{_MOMENT}'"""
    client = shutil.which("mariadb") or "mysql"
    command = [client, "--no-defaults", "--local-infile=1", "-h127.0.0.1", f"-P{server.port}", "-uroot", _DATABASE]
    server_before, client_before = cpu_seconds(server.process_id), _children_cpu()
    started = time.perf_counter()
    subprocess.run([*command, "-e", statement], check=True)  # noqa: S603 - a program of this machine
    seconds = time.perf_counter() - started
    client_used, server_used = _children_cpu() - client_before, cpu_seconds(server.process_id) - server_before
    return Measured(data.rows, seconds, client_used, server_used, None)


METHODS: dict[str, Callable[[Engine, Path, int], int]] = {
    "ours": ours,
    "ours-years": ours_years,
    "executemany": executemany,
}


def main(arguments: Sequence[str]) -> int:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, help="zip with the real CSV; else a file of its proportions is made")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/performance.md, too")
    parser.add_argument("--one", nargs=4, metavar=("METHOD", "URL", "FILE", "PID"), help="used by this program itself")
    options = parser.parse_args(arguments)
    if options.one:
        method, url, file, server_id = options.one
        METHODS[method](open_engine(make_url(url)), Path(file), int(server_id))
        return 0
    scale = 10 if options.quick else 1
    with tempfile.TemporaryDirectory(prefix="babynames-bench-") as name:
        folder = Path(name)
        real = real_like(folder, options.dataset, scale)
        with running_mariadb(folder / "server") as server:
            compared = [_compare(server, folder, data) for data in (real, all_distinct(folder, scale))]
            years = middle([_on_server("ours-years", server, real.zipped) for _ in range(_ROUNDS)])
            large = ten_times(folder, real)
            tenfold = _on_server("ours", server, large.zipped)
    more = table(
        "rows of this pipeline, MariaDB",
        {
            f"births by year of {real.rows:,} rows": years,
            f"{large.rows:,} rows, ten times the file": tenfold,
        },
    )
    _tell(more)
    printed = "\n".join(
        [
            f"Measured by `make bench-load{_dataset(options.dataset)}` on {machine()}.\n",
            *(text for text, _ in compared),
            more,
        ]
    )
    if options.write:
        write_text("docs/performance.md", "bench-load", printed)
    if options.quick:
        return 0
    real_results, distinct_results = (results for _, results in compared)
    shortfalls = missed(
        Figures(
            ratio_real=real_results[_THEIRS].seconds / real_results[_OURS].seconds,
            ratio_distinct=distinct_results[_THEIRS].bound / distinct_results[_OURS].bound,
            years_per_second=years.rows / years.seconds,
            peak_mb=real_results[_OURS].peak_mb or 0,
            peak_at_ten_times_mb=tenfold.peak_mb or 0,
        )
    )
    for shortfall in shortfalls:
        _tell(f"MISSED: {shortfall}")
    return 1 if shortfalls else 0


def _dataset(path: Path | None) -> str:
    return f" DATASET={path.name}" if path else ""


def _compare(server: MariaDB, folder: Path, data: Data) -> tuple[str, dict[str, Measured]]:
    """Return a table, and what it says by method: the two that are judged take turns, the others come once."""
    rounds: dict[str, list[Measured]] = {_OURS: [], _THEIRS: []}
    for _ in range(_ROUNDS):
        rounds[_OURS].append(_on_server("ours", server, data.zipped))
        _fresh(server)
        rounds[_THEIRS].append(load_data(server, data))
    results = {method: middle(measured) for method, measured in rounds.items()}
    results["PyMySQL, executemany of 1,000"] = _on_server("executemany", server, data.plain)
    results["**this pipeline, SQLite**"] = _in_process("ours", _fresh_file(folder), data.zipped)
    results["sqlite3, executemany of 1,000"] = _in_process("executemany", _fresh_file(folder), data.plain)
    text = table(f"{data.title}: {data.rows:,} rows", results, _THEIRS)
    _tell(text)
    return text, results


def _on_server(method: str, server: MariaDB, path: Path) -> Measured:
    return _in_process(method, _fresh(server), path, server.process_id)


def _fresh(server: MariaDB) -> str:
    """Return the address of an empty database with the schema."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {_DATABASE}")
        cursor.execute(f"CREATE DATABASE {_DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    return _migrated(make_url(server.url).set(database=_DATABASE).render_as_string(hide_password=False))


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


def _in_process(method: str, url: str, path: Path, server_id: int = 0) -> Measured:
    command = [sys.executable, "-m", __spec__.name if __spec__ else __name__]
    command += ["--one", method, url, str(path), str(server_id)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this program
    return Measured(**json.loads(result.stdout.splitlines()[-1]))


def _timed(work: Callable[[], int], server_id: int) -> int:
    """Measure work, and print what it took for the process that waits; the server is 0 where there is none."""
    server_before = cpu_seconds(server_id) if server_id else 0.0
    started, client_before = time.perf_counter(), time.process_time()
    rows = work()
    seconds, client = time.perf_counter() - started, time.process_time() - client_before
    served = cpu_seconds(server_id) - server_before if server_id else None
    sys.stdout.write(json.dumps(asdict(Measured(rows, seconds, client, served, peak_mb()))) + "\n")
    return rows


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
