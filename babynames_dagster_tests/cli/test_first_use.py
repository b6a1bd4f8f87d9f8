"""Several commands that meet on a machine where none has run before."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from babynames_dagster.cli.instance import shared_instance


def test_dagsters_records_are_made_once(tmp_path: Path) -> None:
    together = Barrier(3)

    def open_it(_: int) -> int:
        together.wait(timeout=60)
        with shared_instance(tmp_path / "home") as instance:
            return len(instance.get_runs())

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(open_it, range(3))) == [0, 0, 0]
    for name in ("history/runs.db", "history/runs/index.db", "schedules/schedules.db"):
        with sqlite3.connect(tmp_path / "home" / name) as connection:
            assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
        connection.close()
