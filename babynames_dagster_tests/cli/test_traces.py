"""What commands leave behind: log lines of those that do work, nothing of those that only look."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy.engine import make_url

from babynames_dagster.cli.app import COMMANDS
from babynames_dagster.cli.runs.instance import shared_instance
from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster.database.schema.standing import current_revision
from babynames_dagster_tests.support.command import run_babynames


def logged(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in (folder / "data" / "logs").glob("*.log"))


def test_status_shows_runs_that_dagster_keeps_without_a_file_of_its_own_and_no_demo_beside_another_database(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with dg.DagsterInstance.from_config(str(home)) as instance:
        dg.JobDefinition(name="other", graph_def=dg.GraphDefinition(name="other")).execute_in_process(instance=instance)
    (tmp_path / "data" / "demo" / "sample").mkdir(parents=True)
    own = {"DAGSTER_HOME": str(home), "DATABASE_URL": f"sqlite:///{tmp_path}/own.db"}
    shown = run_babynames("status", folder=tmp_path, environment=own)
    assert " other " in shown.stdout.partition("Last runs")[2]
    assert "babynames status --demo" not in shown.stdout
    assert not (home / "dagster.yaml").exists()
    assert "`babynames status --demo sample`" in run_babynames("status", folder=tmp_path).stdout


@pytest.mark.parametrize("arguments", [(), *((name, "--help") for name in COMMANDS), ("status",), ("status", "--json")])
def test_help_and_status_leave_nothing(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    answer = run_babynames(*arguments, folder=tmp_path)
    assert answer.stdout
    assert "Traceback" not in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_status_does_not_furnish_an_empty_dagster_home(tmp_path: Path) -> None:
    home = tmp_path / "data" / "dagster"
    home.mkdir(parents=True)
    assert run_babynames("status", folder=tmp_path).returncode == 0
    assert list(home.iterdir()) == []


def test_status_adds_no_file_to_a_dagster_home_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with shared_instance(tmp_path) as instance:
        assert instance.get_runs() == []
    before = sorted(home.rglob("*"))
    assert run_babynames("status", folder=tmp_path, environment={"DAGSTER_HOME": str(home)}).returncode == 0
    assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "status", "reported"),
    [
        (("check", "db"), 0, "db: no ledger here"),
        (("check", "hubspot"), 0, "hubspot: portal 4242424"),
        (("migrate",), 0, "Schema: none -> "),
        (("rejects", "--limit", "7"), 0, "limit=7"),
        (("undo",), 1, "[DB_NOT_FOUND]"),
        (("login",), 1, "[BROWSER_MISSING]"),
        (("run", "--path", "dataset.csv", "--partition", "J"), 0, "partition=J"),
    ],
)
def test_a_command_that_works_logs_what_it_was_called_with_printed_and_ended_with(
    tmp_path: Path, environment: Mapping[str, str], arguments: tuple[str, ...], status: int, reported: str
) -> None:
    own = {**environment, "CHROMIUM_PATH": "/nowhere/chromium"}
    (tmp_path / "data").mkdir()
    answer = run_babynames(*arguments, folder=tmp_path, environment=own)
    assert answer.returncode == status, answer.stderr
    log = logged(tmp_path)
    assert f"INFO     babynames_dagster.command: babynames {arguments[0]}" in log
    assert reported in log
    assert f"INFO     babynames_dagster.command: Exit status {status}." in log
    assert environment["HUBSPOT_ACCESS_TOKEN"] not in log


@pytest.mark.parametrize(("verbosity", "notes"), [((), 1), (("--quiet",), 0)])
def test_what_the_domain_warns_of_is_shown_unless_only_errors_are_wanted(
    tmp_path: Path, environment: Mapping[str, str], verbosity: tuple[str, ...], notes: int
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "kaggle_session.json").write_text("no session")
    own = {**environment, "KAGGLE_METHOD": "browser", "CHROMIUM_PATH": "/nowhere/chromium"}
    answer = run_babynames(*verbosity, "check", "kaggle", folder=tmp_path, environment=own)
    assert answer.returncode == 1
    assert "BROWSER_MISSING" in answer.stdout
    assert answer.stderr.count("Note: The session kept in") == notes
    assert "The session kept in" in logged(tmp_path)


def test_an_unforeseen_error_has_its_traceback_in_the_log_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unforeseen(_: object) -> dict[str, object]:
        message = "the unforeseen"
        raise RuntimeError(message)

    monkeypatch.setattr("babynames_dagster.cli.commands.status.overview", unforeseen)
    answer = run_babynames("status", folder=tmp_path)
    assert answer.returncode == 1
    assert "UNEXPECTED: RuntimeError: the unforeseen" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "Traceback" in logged(tmp_path)


def test_check_tries_every_connection_and_makes_no_database(tmp_path: Path, environment: Mapping[str, str]) -> None:
    answer = run_babynames("check", folder=tmp_path, environment=environment)
    assert answer.returncode == 0, answer.stderr
    assert [line.split(":")[0] for line in answer.stdout.splitlines()] == [
        "✓ db",
        "✓ schedule",
        "✓ kaggle",
        "✓ hubspot",
    ]
    assert "not there yet" in answer.stdout
    assert not (tmp_path / "data").exists()


def test_check_and_status_report_a_newer_schema_and_leave_it(tmp_path: Path, environment: Mapping[str, str]) -> None:
    assert run_babynames("migrate", folder=tmp_path).returncode == 0
    file = tmp_path / "data" / "babynames.db"
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE babynames_version SET version_num = 'tomorrow'")
    connection.close()
    answer = run_babynames("check", "db", folder=tmp_path, environment=environment)
    assert (answer.returncode, "DB_SCHEMA_UNKNOWN" in answer.stdout) == (1, True)
    for name in ("status", "rejects"):
        answer = run_babynames(name, folder=tmp_path)
        assert answer.returncode == 0
        assert "schema at tomorrow" in answer.stdout + answer.stderr
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT version_num FROM babynames_version").fetchall() == [("tomorrow",)]
    connection.close()


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        (None, "makes"),
        ("0001", "schema at 0001, older than this program: `babynames migrate`, or the next run, brings"),
    ],
)
def test_an_empty_or_older_database_stays_as_it_is_when_looked_at(
    tmp_path: Path, database_url: str, environment: Mapping[str, str], revision: str | None, said: str
) -> None:
    engine = open_engine(make_url(database_url))
    if revision is not None:
        upgrade(engine, revision)
    for arguments in (("status",), ("check", "db"), ("check", "hubspot"), ("rejects",)):
        answer = run_babynames(*arguments, folder=tmp_path, environment={**environment, "DATABASE_URL": database_url})
        assert answer.returncode == 0, answer.stderr
        assert "hubspot" in arguments or said in answer.stdout + answer.stderr
    assert revision or database_url.startswith("mysql") or not (tmp_path / "test.db").exists()
    assert current_revision(engine) == revision
    engine.dispose()
