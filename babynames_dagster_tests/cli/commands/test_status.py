"""`babynames status`: tables, contacts, loads and runs at a glance."""

import json
import re
import sqlite3
from pathlib import Path

import pytest

from babynames_dagster_tests.support.command import run_babynames, run_script
from babynames_dagster_tests.support.pipeline import write_csv


def test_after_a_run_status_and_rejects_say_what_happened(tmp_path: Path, environment: dict[str, str]) -> None:
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
    assert [(row["line"], row["place"], row["raw"]) for row in rejects["rows"]] == [(4, "line 4", "1990,Jim,X,1")]
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


LARGE = (18_589_220, 1_054_120, 17_535_100)


@pytest.mark.parametrize(("columns", "terminal"), [("80", "1"), ("40", "1"), ("40", "")])
def test_status_cuts_no_value_on_a_terminal_of_any_width_nor_in_a_pipe(
    tmp_path: Path, environment: dict[str, str], columns: str, terminal: str
) -> None:
    names = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1)])
    assert run_babynames("run", "--path", str(names), folder=tmp_path, environment=environment).returncode == 0
    with sqlite3.connect(tmp_path / "data" / "babynames.db") as connection:
        connection.execute("UPDATE loads SET rows_read = ?, rows_inserted = ?, rows_duplicate = ?", LARGE)
    connection.close()
    width = {"COLUMNS": columns, "NO_COLOR": "1", **({"FORCE_COLOR": terminal} if terminal else {})}
    drawn = run_script("babynames", "status", folder=tmp_path, environment={**environment, **width}).stdout
    shown = re.sub(r"\x1b\[[0-9;]*m", "", drawn)
    assert "…" not in shown
    for value in ("names", "SUCCESS", *(f"{value:,}" for value in LARGE)):
        assert value in shown
    if columns == "80":
        loads = shown.partition("Last loads")[2].partition("Last runs")[0]
        assert max(map(len, loads.splitlines())) <= 80


def test_a_misspelt_setting_is_named_by_a_command_that_only_looks(tmp_path: Path) -> None:
    shown = run_babynames("status", folder=tmp_path, environment={"BATCH_SIZ": "5"})
    assert "BATCH_SIZ is no setting: did you mean BATCH_SIZE?" in shown.stderr
    assert run_babynames("-q", "status", folder=tmp_path, environment={"BATCH_SIZ": "5"}).stderr == ""


def test_records_of_runs_that_cannot_be_read_hide_nothing_else(tmp_path: Path, environment: dict[str, str]) -> None:
    assert run_babynames("run", folder=tmp_path, environment=environment).returncode == 0
    (tmp_path / "data" / "dagster" / "dagster.yaml").write_text("storage: [")
    shown = run_babynames("status", folder=tmp_path, environment=environment)
    assert shown.returncode == 2
    assert re.search(r"baby_names +3\b", shown.stdout)
    assert "dagster.yaml is no YAML" in shown.stderr
    reported = run_babynames("status", "--json", folder=tmp_path, environment=environment)
    assert reported.returncode == 2
    assert (json.loads(reported.stdout)["tables"]["baby_names"], json.loads(reported.stdout)["runs"]) == (3, None)
