"""What `babynames run` says of a run that did not do all, and of its pauses."""

import json
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from babynames_dagster.cli.runs.summary import LOAD_COUNTS
from babynames_dagster.orchestration.assets.contacts.metadata import SYNC_COUNTS
from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster_tests.support.command import Reported, run_babynames
from babynames_dagster_tests.support.pipeline import write_csv
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.stand_ins.sandbox import set_faults


@pytest.mark.parametrize("fault", [{"kind": "rate_limit"}, {"kind": "server_error", "status": 503}])
def test_a_long_pause_is_said_on_the_terminal_in_the_log_and_in_the_ui(
    sandbox: Sandbox, tmp_path: Path, environment: Mapping[str, str], fault: dict[str, Any]
) -> None:
    set_faults(sandbox, {**fault, "retry_after": 11, "path": "/create", "times": 1})
    answer = run_babynames("run", folder=tmp_path, environment={**environment, "COLUMNS": "400"})
    assert answer.returncode == 0
    said = f"HubSpot asks to wait 11 s ({fault.get('status', 429)}), until "
    assert answer.stderr.count(said) == 1
    (log,) = (tmp_path / "data" / "logs").glob("*.log")
    assert log.read_text().count(said) == 1
    with dg.DagsterInstance.from_config(str(tmp_path / "data" / "dagster")) as instance:
        (run,) = instance.get_runs()
        assert sum(said in entry.user_message for entry in instance.all_logs(run.run_id)) == 1


def test_a_pause_beyond_the_users_patience_ends_the_command_with_the_time_to_come_back(
    sandbox: Sandbox, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    set_faults(sandbox, {"kind": "server_error", "status": 503, "retry_after": 7200, "path": "/create"})
    answer = run_babynames("run", "--json", folder=tmp_path, environment={**environment, "HUBSPOT_WAIT": "100"})
    reported = json.loads(answer.stdout)
    assert (reported["error"]["code"], reported["contacts_unsent"]) == ("HUBSPOT_RATE_LIMITED", 3)
    assert re.search(r"until \d{4}-.* UTC \(503\), longer than HUBSPOT_WAIT", reported["error"]["cause"])


def test_the_calls_of_a_run_are_those_that_hubspot_saw(reported: Reported, sandbox: Sandbox) -> None:
    account = StandIn(sandbox.hubspot_url)
    before = account.stats()["requests"]
    assert reported("run")["requests"] == account.stats()["requests"] - before


def test_a_sync_that_stops_before_its_first_row_says_what_is_known_and_all_calls(
    sandbox: Sandbox, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    set_faults(sandbox, {"kind": "server_error", "status": 503, "path": "/details"})
    wanted = {**environment, "MAX_RETRIES": "2", "COLUMNS": "400"}
    answer = run_babynames("run", "--json", folder=tmp_path, environment=wanted)
    reported = json.loads(answer.stdout)
    assert reported["error"]["code"] == "HUBSPOT_ERROR"
    assert (reported["contacts_unsent"], reported["contacts_created"], reported["requests"]) == (3, 0, 3)
    assert (reported["contacts_orphaned"], reported["contacts_shared"]) == (None, None)
    shown = run_babynames("run", folder=tmp_path, environment=wanted).stdout
    assert re.search(r"contacts_unsent +3\b", shown)
    assert re.search(r"contacts_orphaned +unknown\b", shown)


def test_a_sync_that_stops_before_it_counts_says_no_zeros(
    reported: Reported, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    reported("run")
    wanted = {**environment, "MIN_YEAR": "1990"}
    answer = run_babynames("rejects", "--retry", "--json", folder=tmp_path, environment=wanted)
    result = json.loads(answer.stdout)
    assert result["error"]["code"] == "YEARS_NOT_LOADED"
    assert {name: count for name, count in result.items() if name.startswith("contacts_") and count is not None} == {}
    assert (result["requests"], result["rows_read"]) == (None, None)


def test_what_a_run_that_ended_early_does_not_know_is_said_to_be_unknown(
    tmp_path: Path, environment: Mapping[str, str]
) -> None:
    broken = {**environment, "KAGGLE_BASE_URL": "http://127.0.0.1:9", "MAX_RETRIES": "0"}
    answer = run_babynames("run", "--json", folder=tmp_path, environment=broken)
    reported = json.loads(answer.stdout)
    assert reported["error"]["code"] == "KAGGLE_UNREACHABLE"
    assert {reported[name] for name in (*LOAD_COUNTS, *SYNC_COUNTS)} == {None}
    shown = run_babynames("run", folder=tmp_path, environment=broken).stdout
    assert "What became of the rows of the file is not known: the run ended before baby_names_table did." in shown
    assert "What became of the contacts is not known: the run ended before hubspot_contacts did." in shown
    assert "rows_read" not in shown
    assert "contacts_created" not in shown


def test_a_load_that_broke_off_is_reported_as_far_as_it_came(tmp_path: Path, environment: Mapping[str, str]) -> None:
    strict = {**environment, "REJECT_LIMIT": "1%"}
    reported = json.loads(run_babynames("run", "--json", folder=tmp_path, environment=strict).stdout)
    assert reported["error"]["code"] == "TOO_MANY_REJECTS"
    assert (reported["rows_read"], reported["rows_inserted"], reported["rows_rejected"]) == (4, 3, 1)
    assert (reported["table_rows"], reported["contacts_unsent"]) == (None, None)
    shown = run_babynames("run", folder=tmp_path, environment=strict).stdout
    assert "rows_rejected" in shown
    assert "The load is not done: rows_* count what the table has of it" in shown
    assert "the rows of the file is not known" not in shown


def test_a_load_that_is_resumed_says_whose_rows_it_counts(
    reported: Reported, tmp_path: Path, environment: Mapping[str, str], dataset: Path
) -> None:
    with dataset.open("a") as file:
        file.writelines(f"1990,Name{letter},F,1\n" for letter in "abcdefgh")
    strict = {**environment, "REJECT_LIMIT": "1%", "BATCH_SIZE": "2"}
    run_babynames("run", folder=tmp_path, environment=strict)
    database = tmp_path / "data" / "babynames.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM baby_names WHERE source_line > 3")
        connection.execute("DELETE FROM rejected_rows")
        connection.execute("UPDATE loads SET rows_read = 2, rows_inserted = 2, rows_rejected = 0, rows_committed = 2")
    shown = run_babynames("run", folder=tmp_path, environment=environment).stdout
    assert "earlier runs loaded 2 of its 12 rows, this one the other 10; rows_* count them all." in shown
    again = run_babynames("run", folder=tmp_path, environment=environment).stdout
    assert "The load was resumed" not in again
    assert reported("run")["rows_skipped_on_resume"] == 0


def test_the_names_of_a_file_that_was_refused_are_named_before_another_files_run_sends_them(
    tmp_path: Path, environment: Mapping[str, str]
) -> None:
    wide = {**environment, "REJECT_LIMIT": "1%", "COLUMNS": "400"}

    def run(*arguments: str) -> str:
        answer = run_babynames(*arguments, folder=tmp_path, environment=wide)
        return answer.stdout + answer.stderr

    refused = run("run")
    out = "`DELETE FROM baby_names WHERE load_id = 1` takes them out"
    assert f"The other rows are in the table, and later runs send them; {out}." in refused
    known = f"3 names came with babyNamesUSYOB-full.csv.zip, which was refused (TOO_MANY_REJECTS); {out}"
    assert f"In the table: {known}." in run("status")
    assert f"Note: To be sent: {known}." in run("plan")
    good = write_csv(tmp_path / "good.csv", [(1990, "Zoe", "F", 1)])
    sent = run("run", "--path", str(good))
    assert f"Note: To be sent: {known}." in sent
    assert f"Warning: hubspot_contacts: To be sent: {known}." in sent
    assert "was refused" not in run("run", "--full-refresh", "--path", str(good))


def test_the_names_of_a_refused_file_can_be_taken_out(
    tmp_path: Path, environment: Mapping[str, str], sandbox: Sandbox
) -> None:
    strict = {**environment, "REJECT_LIMIT": "1%"}
    run_babynames("run", folder=tmp_path, environment=strict)
    with closing(sqlite3.connect(tmp_path / "data" / "babynames.db")) as connection, connection:
        connection.execute("DELETE FROM baby_names WHERE load_id = 1")
    good = write_csv(tmp_path / "good.csv", [(1990, "Zoe", "F", 1)])
    answer = run_babynames("run", "--path", str(good), folder=tmp_path, environment=strict)
    assert answer.returncode == 0, answer.stderr
    assert "refused" not in answer.stderr
    assert StandIn(sandbox.hubspot_url).stats()["contacts"] == 1


def test_a_command_that_loads_nothing_says_nothing_of_rows(
    reported: Reported, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    reported("run")
    again = reported("rejects", "--retry")
    assert (again["rows_read"], again["contacts_unchanged"]) == (None, 3)
    shown = run_babynames("rejects", "--retry", folder=tmp_path, environment=environment).stdout
    assert "rows" not in shown
