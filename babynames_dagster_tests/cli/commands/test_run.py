"""The options of `babynames run`, and sending again what was rejected: what each of them changes."""

import json
import re
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster_tests.support.command import Reported, run_babynames, run_script
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.stand_ins.sandbox import set_faults


@pytest.mark.parametrize("again", [("rejects", "--retry"), ("run", "--retry-rejected")])
def test_a_rejected_contact_is_listed_left_alone_and_sent_again_when_asked(
    reported: Reported, sandbox: Sandbox, again: tuple[str, ...]
) -> None:
    set_faults(sandbox, {"kind": "refused_batch", "emails": ["mary.f@babynamesdemo.com"]})
    first = reported("run")
    assert (first["contacts_created"], first["contacts_rejected"], first["rows_rejected"]) == (2, 1, 1)
    listed = reported("rejects")
    assert [contact["name"] for contact in listed["contacts"]] == ["Mary"]
    assert [row["raw"] for row in listed["rows"]] == ["1990,Jo,X,1"]
    set_faults(sandbox)
    left = reported("run")
    assert (left["contacts_created"], left["contacts_rejected"], left["contacts_unchanged"]) == (0, 1, 2)
    sent = reported(*again)
    assert (sent["contacts_created"], sent["contacts_rejected"], sent["contacts_unchanged"]) == (1, 0, 2)
    assert reported("rejects")["contacts"] == []


def test_failed_contacts_are_listed_beside_rejected_ones_each_with_its_own_reason(
    reported: Reported, sandbox: Sandbox, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    reported("run")
    refused = {"kind": "refused_batch", "path": "/update", "emails": ["mary.f@babynamesdemo.com"]}
    set_faults(sandbox, refused, {"kind": "missing_rows", "path": "/update", "times": 1})
    answer = run_babynames("run", "--full-refresh", "--json", folder=tmp_path, environment=environment)
    error = json.loads(answer.stdout)["error"]
    assert error["code"] == "HUBSPOT_ROWS_FAILED"
    assert "reason for 1 of them: MISSING_FROM_ANSWER" in error["cause"]
    rejected, failed = reported("rejects")["contacts"]
    assert (rejected["name"], rejected["outcome"], rejected["category"]) == ("Mary", "rejected", "VALIDATION_ERROR")
    assert (failed["outcome"], failed["category"]) == ("failed", "MISSING_FROM_ANSWER")
    shown = run_script("babynames", "rejects", folder=tmp_path, environment={**environment, "COLUMNS": "400"}).stdout
    assert re.search(r"failed .*HubSpot's answer does not mention the row", shown)


def test_a_contact_that_became_a_customers_is_left_alone_and_listed_with_the_reason(
    reported: Reported, sandbox: Sandbox, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    reported("run")
    account = StandIn(sandbox.hubspot_url)
    account.edit("mary.f@babynamesdemo.com", email="mary@customer.com", firstname="Boss")
    answer = run_babynames("run", "--full-refresh", "--json", folder=tmp_path, environment=environment)
    run = json.loads(answer.stdout)
    assert (run["contacts_updated"], run["contacts_kept"], run["contacts_failed"]) == (2, 1, 0)
    said = " ".join(answer.stderr.split())
    assert "1 contacts are somebody's by now, and were left alone; `babynames rejects` lists them." in said
    (left,) = reported("rejects")["contacts"]
    assert (left["name"], left["outcome"], left["category"]) == ("Mary", "kept", "NOT_OURS")
    assert left["message"].startswith("its email has become mary@customer.com, record ")
    shown = run_script("babynames", "rejects", folder=tmp_path, environment={**environment, "COLUMNS": "400"}).stdout
    assert re.search(r"kept .*its email has become mary@customer.com", shown)
    assert account.contacts()["mary@customer.com"]["firstname"] == "Boss"


def test_the_mirror_archives_what_left_the_table_within_the_guards(
    reported: Reported, sandbox: Sandbox, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    def mirrored(*options: str) -> dict[str, Any]:
        wanted = {**environment, "HUBSPOT_MIRROR": "archive"}
        result: dict[str, Any] = json.loads(
            run_babynames("run", "--json", *options, folder=tmp_path, environment=wanted).stdout
        )
        return result

    def emails() -> set[str]:
        return {*StandIn(sandbox.hubspot_url).contacts()}

    reported("run")
    with sqlite3.connect(tmp_path / "data" / "babynames.db") as connection:
        connection.execute("DELETE FROM baby_names WHERE sex = 'M'")
    connection.close()
    assert reported("run")["contacts_orphaned"] == 2
    held_back = mirrored()
    assert held_back["error"]["code"] == "HUBSPOT_GUARD"
    assert "2 contacts to archive, at most 1 allowed (HUBSPOT_MAX_ARCHIVES=5%" in held_back["error"]["cause"]
    assert len(emails()) == 3
    done = mirrored("--override-guards")
    assert (done["success"], done["contacts_orphaned"]) == (True, 0)
    assert emails() == {"mary.f@babynamesdemo.com"}


def test_changed_initial_values_reach_contacts_where_asked_for(
    reported: Reported, sandbox: Sandbox, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    def statuses() -> set[str]:
        return {contact["hs_lead_status"] for contact in StandIn(sandbox.hubspot_url).contacts().values()}

    reported("run")
    changed = {**environment, "HUBSPOT_LEAD_STATUS": "OPEN"}
    for options, updated, held in (((), 0, {"NEW"}), (("--resend-initial",), 3, {"OPEN"})):
        answer = run_babynames("run", "--json", *options, folder=tmp_path, environment=changed)
        assert (json.loads(answer.stdout)["contacts_updated"], statuses()) == (updated, held)


def test_contacts_that_are_kept_or_the_same_already_are_counted(
    reported: Reported, sandbox: Sandbox, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    first = reported("run")
    assert (first["contacts_kept"], first["contacts_shared"], first["contacts_same_already"]) == (0, 0, 0)
    foreseen = reported("run", "--dry-run", "--full-refresh")
    assert (foreseen["contacts_updated"], foreseen["contacts_same_already"]) == (3, 3)
    StandIn(sandbox.hubspot_url).edit("mary.f@babynamesdemo.com", firstname="Somebody else")
    careful = {**environment, "HUBSPOT_WRITE_POLICY": "create_only"}
    kept = run_babynames("run", "--full-refresh", "--json", folder=tmp_path, environment=careful)
    assert json.loads(kept.stdout)["contacts_kept"] == 1


def test_the_seconds_of_assets_checks_and_dagster_add_up_to_the_runs(reported: Reported) -> None:
    seconds = reported("run")["seconds"]
    assert seconds.keys() == {
        *("raw_zip", "baby_names_table", "hubspot_contacts"),
        *("checks", "between_steps", "total"),
    }
    assert seconds["checks"] > 0
    assert sum(seconds.values()) - seconds["total"] == pytest.approx(seconds["total"], abs=0.01)


@pytest.mark.parametrize("command", [("run",), ("plan",), ("reconcile",)])
def test_a_partition_is_known_in_either_case_and_another_is_refused_with_the_one_that_is_near(
    tmp_path: Path, environment: Mapping[str, str], reported: Reported, command: tuple[str, ...]
) -> None:
    reported("run")
    counted = {"run": "contacts_unchanged", "plan": "contacts_unchanged", "reconcile": "contacts_same"}[command[0]]
    assert reported(*command, "--partition", "j")[counted] == 2
    assert reported(*command, "--partition", "OTHER")[counted] == 0
    refused = run_babynames(*command, "--partition", "jo", folder=tmp_path, environment=environment)
    assert refused.returncode == 2
    assert re.search(r"did you mean\W+J\?", refused.stderr)


def test_an_empty_ledger_that_meets_its_contacts_in_hubspot_says_so_before_it_writes(
    reported: Reported, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    assert reported("run", "--partition", "J")["warnings"] == []
    assert reported("run")["warnings"] == []
    said = "Portal 4242424 has 3 of the first 3 contacts already, and this ledger knows none"
    elsewhere = tmp_path / "cron"
    elsewhere.mkdir()
    own = {**environment, "COLUMNS": "1000"}
    lost = run_babynames("run", folder=elsewhere, environment=own)
    assert lost.returncode == 0, lost.stderr
    assert f"Note: {said}" in lost.stderr
    assert "babynames reconcile" in lost.stderr
    assert lost.stderr.index(said) < lost.stderr.index("Warning: hubspot_contacts: Portal")
    again = run_babynames("run", folder=elsewhere, environment=own)
    assert said not in again.stderr


def test_a_full_reload_reads_a_file_again_and_a_full_refresh_sends_every_contact(
    reported: Reported, tmp_path: Path
) -> None:
    assert reported("run")["rows_inserted"] == 3
    with sqlite3.connect(tmp_path / "data" / "babynames.db") as connection:
        gone = "SELECT CAST(id AS TEXT) FROM baby_names WHERE sex = 'F'"
        connection.execute(f"DELETE FROM hubspot_contacts WHERE row_key IN ({gone})")  # noqa: S608 - no input is in it
        connection.execute("DELETE FROM baby_names WHERE sex = 'F'")
    connection.close()
    again = reported("run", "--full-reload", "--full-refresh")
    assert (again["rows_inserted"], again["rows_present"], again["table_rows"]) == (1, 2, 3)
    assert (again["contacts_updated"], again["contacts_unchanged"]) == (3, 0)


def test_a_dry_run_says_what_would_happen_and_sends_nothing(reported: Reported, sandbox: Sandbox) -> None:
    foreseen = reported("run", "--dry-run")
    assert (foreseen["dry_run"], foreseen["contacts_created"]) == (True, 3)
    assert StandIn(sandbox.hubspot_url).stats()["contacts"] == 0


def test_verbose_shows_dagsters_log_and_warnings_alone_are_no_failure(
    tmp_path: Path, environment: Mapping[str, str], dataset: Path, sandbox: Sandbox
) -> None:
    run_babynames("run", "--path", str(dataset), folder=tmp_path, environment=environment)
    StandIn(sandbox.hubspot_url).edit("mary.f@babynamesdemo.com", firstname="Somebody else")
    warning = "Warning: hubspot_contacts: sample_reads_back"
    answer = run_babynames("run", "--path", str(dataset), "--verbose", folder=tmp_path, environment=environment)
    assert answer.returncode == 0, answer.stderr
    assert "RUN_START" in answer.stderr
    assert warning in answer.stderr
    quieter = run_babynames("run", "--path", str(dataset), folder=tmp_path, environment=environment)
    assert quieter.returncode == 0
    assert [line.startswith(warning) for line in quieter.stderr.splitlines()] == [False, True]
    assert "\x1b" not in quieter.stdout


def test_a_schema_that_must_not_be_migrated_stops_the_run_and_migrate_lets_it_continue(
    tmp_path: Path, environment: Mapping[str, str]
) -> None:
    own = {**environment, "DB_AUTO_MIGRATE": "false"}
    for arguments in (("run",), ("check", "db")):
        refused = run_babynames(*arguments, folder=tmp_path, environment=own)
        said = refused.stdout if arguments[0] == "check" else refused.stderr
        assert refused.returncode == 1
        assert "DB_SCHEMA_OUTDATED" in said
        assert "babynames migrate" in said
        assert "Traceback" not in refused.stderr
    for arguments in (("migrate",), ("run",), ("check", "db")):
        assert run_babynames(*arguments, folder=tmp_path, environment=own).returncode == 0
