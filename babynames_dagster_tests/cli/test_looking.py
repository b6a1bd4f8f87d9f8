"""`status`, `rejects`, `migrate`, `clean`: what they show, on a pipeline that has run."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from babynames_dagster.sandbox.server import running_sandbox
from babynames_dagster_tests.support.command import run_babynames
from babynames_dagster_tests.support.pipeline import write_csv


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    with running_sandbox(dataset=None, state=tmp_path / "sandbox") as sandbox:
        yield {**sandbox.environment, "REJECT_LIMIT": "50%"}


def test_after_a_run_status_and_rejects_tell_what_happened(tmp_path: Path, environment: dict[str, str]) -> None:
    names = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1), (1990, "Jim", "X", 1)])
    run = run_babynames("run", "--path", str(names), folder=tmp_path, environment=environment)
    assert run.returncode == 0, run.stderr

    status = json.loads(run_babynames("status", "--json", folder=tmp_path, environment=environment).stdout)
    assert status["tables"]["baby_names"] == 2
    assert [(row["outcome"], row["contacts"]) for row in status["ledger"]] == [("synced", 2)]
    assert (status["loads"][0]["state"], status["loads"][0]["rows_rejected"]) == ("done", 1)
    assert status["runs"][0]["status"] == "SUCCESS"

    shown = run_babynames("status", folder=tmp_path, environment=environment)
    assert "baby_names" in shown.stdout

    rejects = json.loads(run_babynames("rejects", "--json", folder=tmp_path, environment=environment).stdout)
    assert [(row["line"], row["raw"]) for row in rejects["rows"]] == [(4, "1990,Jim,X,1")]
    assert rejects["contacts"] == []

    one = run_babynames(
        "-q",
        "run",
        "--path",
        str(names),
        "--partition",
        "J",
        "--json",
        folder=tmp_path,
        environment=environment,
    )
    assert (one.returncode, one.stderr) == (0, "")
    assert json.loads(one.stdout)["contacts_unchanged"] == 1

    guarded = run_babynames("undo", "--yes", folder=tmp_path, environment=environment)
    assert guarded.returncode == 1
    assert "2 contacts to archive, at most 1 allowed (HUBSPOT_MAX_ARCHIVES=5% of 2)" in guarded.stderr
    undone = run_babynames("undo", "--yes", "--override-guards", folder=tmp_path, environment=environment)
    assert undone.returncode == 0, undone.stderr
    assert "Archived 2 contacts" in undone.stdout


def test_a_failed_check_makes_the_command_fail(tmp_path: Path, environment: dict[str, str]) -> None:
    names = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1)])
    assert run_babynames("run", "--path", str(names), folder=tmp_path, environment=environment).returncode == 0
    with sqlite3.connect(tmp_path / "data" / "babynames.db") as connection:
        connection.execute("DELETE FROM baby_names WHERE name = 'Mary'")
    connection.close()
    answer = run_babynames("rejects", "--retry", "--json", folder=tmp_path, environment=environment)
    assert answer.returncode == 1
    told = json.loads(answer.stdout)
    assert (told["success"], told["failed_checks"]) == (False, ["hubspot_contacts: ledger_matches_table"])


def test_migrate_brings_an_empty_database_to_head_and_says_so(tmp_path: Path) -> None:
    answer = run_babynames("migrate", folder=tmp_path)
    assert answer.returncode == 0
    assert answer.stdout.startswith("Schema: none -> ")


def test_clean_removes_the_demos_state_only_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "data" / "demo" / "sample").mkdir(parents=True)
    (tmp_path / "data" / "babynames.db").touch()
    assert run_babynames("clean", folder=tmp_path).returncode != 0
    assert run_babynames("clean", "--yes", folder=tmp_path).returncode == 0
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["babynames.db"]
    assert run_babynames("clean", "--all", "--yes", folder=tmp_path).returncode == 0
    assert not (tmp_path / "data").exists()
