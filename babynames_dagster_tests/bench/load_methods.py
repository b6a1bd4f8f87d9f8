"""The ways to load a file that are compared, each in a process of its own.

`python -m babynames_dagster_tests.bench.load_methods METHOD URL FILE PID` loads a file into an empty database, and
prints what it took; PID is the server's, or 0.
"""

import csv
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster_tests.bench.data import Data
from babynames_dagster_tests.bench.measuring import Measured, cpu_seconds, peak_mb
from babynames_dagster_tests.support.servers.mariadb import MariaDB

DATABASE = "bench"
_EXECUTEMANY_ROWS = 1000
_MOMENT = "2000-01-01 00:00:00"


def ours(engine: Engine, path: Path, server: int) -> int:
    """Load the names as the pipeline does."""
    import babynames_dagster.definitions  # noqa: F401, PLC0415 - its memory belongs to ours
    from babynames_dagster_tests.support.loading import load  # noqa: PLC0415 - the others do without

    return _timed(lambda: load(engine, path).load.rows.read, server)


def ours_years(engine: Engine, path: Path, server: int) -> int:
    """Load the births by year as the pipeline does; the names are there."""
    from babynames_dagster_tests.support.loading import load, load_births  # noqa: PLC0415 - the others do without

    load(engine, path)
    return _timed(lambda: load_births(engine, path).load.rows.read, server)


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
    command = [client, "--no-defaults", "--local-infile=1", "-h127.0.0.1", f"-P{server.port}", "-uroot", DATABASE]
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


def in_process(method: str, url: str, path: Path, server_id: int = 0) -> Measured:
    """Load a file in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, method, url, str(path), str(server_id)]
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


if __name__ == "__main__":
    _method, _url, _file, _server_id = sys.argv[1:]
    METHODS[_method](open_engine(make_url(_url)), Path(_file), int(_server_id))
