"""How fast the load is beside other ways: `python -m babynames_dagster_tests.bench.load [--dataset ZIP] [--quick]`.

Each method runs in a process of its own on an empty table, so that its peak memory is its own; ours has Dagster and
all definitions in it. The server is a private MariaDB with its default durability. Exits with 1 where a threshold is
missed; `--quick` has too little data to judge by.
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.engine import open_engine
from babynames_dagster.database.migrate import upgrade
from babynames_dagster_tests.bench.data import Data, all_distinct, real_like, ten_times
from babynames_dagster_tests.support.mariadb import MariaDB, running_mariadb

BASELINE = "LOAD DATA LOCAL"
_OURS, _THEIRS = "ours, MariaDB", f"{BASELINE}, MariaDB"
_DATABASE = "bench"
_EXECUTEMANY_ROWS = 1000
_MOMENT = "2000-01-01 00:00:00"


@dataclass(frozen=True)
class Measured:
    """One method on one file.

    Attributes:
        rows: Rows of the file.
        seconds: From opening the file to the last commit.
        peak_mb: Peak resident memory of the process; None where it isn't ours to measure.
    """

    rows: int
    seconds: float
    peak_mb: int | None


@dataclass(frozen=True)
class Figures:
    """What the load is judged by.

    Attributes:
        ratio_real: Rows a second as a multiple of LOAD DATA's, with the real file's proportions.
        ratio_distinct: The same with distinct names only.
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
        (figures.ratio_real < 10, f"{figures.ratio_real:.1f} times {BASELINE} on the real file, at least 10 wanted"),
        (figures.ratio_distinct < 1.5, f"{figures.ratio_distinct:.2f} times on distinct names, at least 1.5 wanted"),
        (figures.years_per_second < 130_000, f"{figures.years_per_second:,.0f} years/s, at least 130,000 wanted"),
        (figures.peak_mb > 300, f"peak memory {figures.peak_mb} MB, at most 300 MB wanted"),
        (growth > 1.05, f"{growth:.2f} times the memory for ten times the file, at most 1.05 wanted"),
    ]
    return [sentence for is_missed, sentence in found if is_missed]


def ours(engine: Engine, path: Path) -> int:
    """Load the names as the pipeline does."""
    import babynames_dagster.definitions  # noqa: F401, PLC0415 - its memory belongs to ours
    from babynames_dagster_tests.support.loading import load  # noqa: PLC0415 - the others do without

    return _timed(lambda: load(engine, path).rows_read)


def ours_years(engine: Engine, path: Path) -> int:
    """Load the births by year as the pipeline does; the names are there."""
    from babynames_dagster_tests.support.loading import load, load_births  # noqa: PLC0415 - the others do without

    load(engine, path)
    return _timed(lambda: load_births(engine, path).rows_read)


def executemany(engine: Engine, path: Path) -> int:
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

    return _timed(run)


def load_data(server: MariaDB, data: Data) -> Measured:
    """Let the server's own client load the unpacked CSV."""
    statement = f"""
        LOAD DATA LOCAL INFILE '{data.plain}' IGNORE INTO TABLE baby_names
        FIELDS TERMINATED BY ',' IGNORE 1 LINES (@year, @name, @sex, @number)
        SET slug = CONCAT(LOWER(@name), '.', LOWER(@sex)), name = @name, sex = @sex, initial = LEFT(@name, 1),
            source_line = 0, load_id = 0, created_at = '{_MOMENT}', updated_at = '{_MOMENT}'"""
    client = shutil.which("mariadb") or "mysql"
    command = [client, "--no-defaults", "--local-infile=1", "-h127.0.0.1", f"-P{server.port}", "-uroot", _DATABASE]
    started = time.perf_counter()
    subprocess.run([*command, "-e", statement], check=True)  # noqa: S603 - a program of this machine
    return Measured(data.rows, time.perf_counter() - started, None)


METHODS: dict[str, Callable[[Engine, Path], int]] = {
    "ours": ours,
    "ours-years": ours_years,
    "executemany": executemany,
}


def main(arguments: Sequence[str]) -> int:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, help="zip with the real CSV; else a file of its proportions is made")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--one", nargs=3, metavar=("METHOD", "URL", "FILE"), help="used by this program itself")
    options = parser.parse_args(arguments)
    if options.one:
        method, url, file = options.one
        METHODS[method](open_engine(make_url(url)), Path(file))
        return 0
    scale = 10 if options.quick else 1
    with tempfile.TemporaryDirectory(prefix="babynames-bench-") as name:
        folder = Path(name)
        real = real_like(folder, options.dataset, scale)
        with running_mariadb(folder / "server") as server:
            distinct = all_distinct(folder, scale)
            compared = []
            for data in (real, distinct):
                compared.append(dict(_compare(server, folder, data)))
                _show(data, compared[-1])
            years = _in_process("ours-years", _fresh(server), real.zipped)
            _show(real, {"ours, baby_name_years, MariaDB": years})
            large = ten_times(folder, real)
            tenfold = _in_process("ours", _fresh(server), large.zipped)
            _show(large, {_OURS: tenfold})
    if options.quick:
        return 0
    shortfalls = missed(
        Figures(
            ratio_real=_ratio(compared[0]),
            ratio_distinct=_ratio(compared[1]),
            years_per_second=years.rows / years.seconds,
            peak_mb=compared[0][_OURS].peak_mb or 0,
            peak_at_ten_times_mb=tenfold.peak_mb or 0,
        )
    )
    for shortfall in shortfalls:
        sys.stdout.write(f"MISSED: {shortfall}\n")
    return 1 if shortfalls else 0


def _ratio(compared: Mapping[str, Measured]) -> float:
    return compared[_THEIRS].seconds / compared[_OURS].seconds


def _compare(server: MariaDB, folder: Path, data: Data) -> Iterator[tuple[str, Measured]]:
    yield _OURS, _in_process("ours", _fresh(server), data.zipped)
    _fresh(server)
    yield _THEIRS, load_data(server, data)
    yield "executemany 1,000, MariaDB", _in_process("executemany", _fresh(server), data.plain)
    yield "ours, SQLite", _in_process("ours", _fresh_file(folder), data.zipped)
    yield "executemany 1,000, SQLite", _in_process("executemany", _fresh_file(folder), data.plain)


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


def _in_process(method: str, url: str, path: Path) -> Measured:
    command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, "--one", method, url, str(path)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this program
    return Measured(**json.loads(result.stdout.splitlines()[-1]))


def _timed(work: Callable[[], int]) -> int:
    """Measure work, and print what it took for the process that waits."""
    started = time.perf_counter()
    rows = work()
    seconds = time.perf_counter() - started
    peak = _peak_mb()
    sys.stdout.write(json.dumps({"rows": rows, "seconds": seconds, "peak_mb": peak}) + "\n")
    return rows


def _peak_mb() -> int:
    """Return this process's peak resident memory; unlike getrusage's, it knows nothing of the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def _show(data: Data, results: dict[str, Measured]) -> None:
    baseline = next((item for name, item in results.items() if name.startswith(BASELINE)), None)
    out = sys.stdout
    out.write(f"\n{data.title}: {data.rows:,} rows\n")
    out.write(f"{'method':<34}{'seconds':>9}{'rows/s':>12}{'ratio':>8}{'peak RSS':>11}\n")
    for name, item in results.items():
        ratio = f"{baseline.seconds / item.seconds:.2f}" if baseline else "-"
        peak = f"{item.peak_mb} MB" if item.peak_mb is not None else "-"
        out.write(f"{name:<34}{item.seconds:>9.2f}{item.rows / item.seconds:>12,.0f}{ratio:>8}{peak:>11}\n")
    out.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
