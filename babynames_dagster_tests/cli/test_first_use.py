"""Several commands that meet on a machine where none has run before."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from babynames_dagster.cli.runs.instance import shared_instance
from babynames_dagster_tests.support.command import run_babynames


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


def test_the_data_folder_is_named_once_it_is_made_and_an_option_names_another(tmp_path: Path) -> None:
    first = run_babynames("migrate", folder=tmp_path)
    assert f"Note: new data folder {tmp_path / 'data'}. Its ledger does not know" in first.stderr
    assert "new data folder" not in run_babynames("migrate", folder=tmp_path).stderr
    elsewhere = tmp_path / "cron"
    elsewhere.mkdir()
    same = run_babynames("check", "db", "--data-dir", str(tmp_path / "data"), folder=elsewhere)
    assert "new data folder" not in same.stderr
    assert f"{tmp_path / 'data'}/babynames.db" in same.stdout
    before = run_babynames("--data-dir", "kept", "migrate", folder=elsewhere)
    assert before.returncode == 0, before.stderr
    assert {path.name for path in elsewhere.iterdir()} == {"kept"}
    assert (elsewhere / "kept" / "babynames.db").is_file()


READING = (
    ("status",),
    ("status", "--json"),
    ("check", "db"),
    ("rejects",),
    ("plan", "--out", "plan.jsonl"),
    ("apply", "plan.jsonl"),
    ("reconcile",),
    ("undo", "--yes"),
    ("clean", "--yes"),
    ("spread", "--ui", "http://127.0.0.1:1"),
)


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_what_only_reads_makes_no_folder_and_says_where_it_looked(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run_babynames(*arguments, folder=tmp_path, environment={"HUBSPOT_ACCESS_TOKEN": "pat-na1-made-up-token"})
    assert list(tmp_path.iterdir()) == []
    said = done.stdout + done.stderr
    assert "new data folder" not in said
    if arguments[0] == "apply":  # which looks for its plan first
        assert f"There is no plan at {tmp_path / 'plan.jsonl'}" in said
    elif arguments[0] not in {"clean", "spread"}:
        assert "no ledger here" in said
        assert str(tmp_path / "data" / "babynames.db") in said
    assert done.returncode == (1 if arguments[0] in {"plan", "apply", "reconcile", "undo", "spread"} else 0), said


def test_a_new_data_folder_without_tables_has_no_new_ledger(tmp_path: Path) -> None:
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path}/kept.db"}
    said = run_babynames("migrate", folder=tmp_path, environment=environment).stderr
    assert said.startswith(f"Note: new data folder {tmp_path / 'data'}\n")
