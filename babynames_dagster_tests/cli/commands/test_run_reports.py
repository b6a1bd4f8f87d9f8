"""What `babynames run` says of a run that did not do all, and of its pauses."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from babynames_dagster.cli.runs.summary import LOAD_COUNTS
from babynames_dagster.orchestration.assets.contacts.metadata import SYNC_COUNTS
from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster_tests.support.command import Reported, run_babynames
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
    assert "the rows of the file is not known" not in shown


def test_a_command_that_loads_nothing_says_nothing_of_rows(
    reported: Reported, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    reported("run")
    again = reported("rejects", "--retry")
    assert (again["rows_read"], again["contacts_unchanged"]) == (None, 3)
    shown = run_babynames("rejects", "--retry", folder=tmp_path, environment=environment).stdout
    assert "rows" not in shown
