"""`status`, `rejects`, `migrate`, `clean`: what they show, on a pipeline that has run."""

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy.engine import make_url

from babynames_dagster.database.connection.engine import opened_engine
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster.docs.markdown import CHECKOUT
from babynames_dagster_tests.support.command import run_babynames, run_script
from babynames_dagster_tests.support.loading import load
from babynames_dagster_tests.support.pipeline import write_csv
from babynames_dagster_tests.support.stand_ins.sandbox import running_sandbox

_USAGE = 2


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    with running_sandbox(dataset=None, state=tmp_path / "sandbox") as sandbox:
        yield {**sandbox.environment, "REJECT_LIMIT": "50%"}


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

    guarded = run_babynames("undo", "--yes", folder=tmp_path, environment=environment)
    assert guarded.returncode == 1
    assert "2 contacts to archive, at most 1 allowed (HUBSPOT_MAX_ARCHIVES=5% of 2)" in guarded.stderr
    undone = run_babynames("undo", "--yes", "--override-guards", folder=tmp_path, environment=environment)
    assert undone.returncode == 0, undone.stderr
    assert "Archived 2 contacts" in undone.stdout
    assert "`babynames run --full-refresh` makes them again" in undone.stdout
    left = run_babynames("run", "--path", str(names), folder=tmp_path, environment=environment)
    assert "Archived contacts are left alone. --full-refresh makes those again" in left.stdout
    nothing = run_babynames("reconcile", folder=tmp_path, environment=environment)
    assert "no contact of the names to read back" in nothing.stdout
    planned = run_babynames("plan", "--out", "plan.jsonl", folder=tmp_path, environment=environment)
    assert "there is nothing to write in it" in planned.stdout
    back = run_babynames(
        "run", "--path", str(names), "--full-refresh", "--json", folder=tmp_path, environment=environment
    )
    assert (json.loads(back.stdout)["contacts_created"], json.loads(back.stdout)["contacts_archived"]) == (2, 0)


def test_a_contact_that_is_lost_once_acknowledged_makes_the_command_fail(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    names = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1)])
    assert run_babynames("run", "--path", str(names), folder=tmp_path, environment=environment).returncode == 0
    with sqlite3.connect(tmp_path / "data" / "babynames.db") as connection:
        portal = connection.execute("SELECT portal_id FROM hubspot_contacts").fetchone()[0]
        connection.execute("UPDATE hubspot_contacts SET portal_id = 777")
        connection.commit()
        for command in (["plan"], ["undo", "--yes"], ["reconcile"]):
            elsewhere = run_babynames(*command, folder=tmp_path, environment=environment)
            assert f"of portal {portal}, in which this ledger knows no contact" in elsewhere.stderr
            assert "it has 2 contacts in portal 777. Correct the token" in elsewhere.stderr
        connection.execute("DELETE FROM hubspot_contacts WHERE portal_id <> 777")
        connection.execute("UPDATE hubspot_contacts SET portal_id = ?", (portal,))
        connection.execute("UPDATE hubspot_contacts SET synced_at = '2999-01-01 00:00:00.000000'")
    connection.close()
    as_user(environment, "delete", email="mary.f@babynamesdemo.com")
    answer = run_babynames("rejects", "--retry", "--json", folder=tmp_path, environment=environment)
    assert answer.returncode == 1
    reported = json.loads(answer.stdout)
    assert (reported["success"], reported["failed_checks"]) == (False, ["hubspot_contacts: sample_reads_back"])
    assert "Mary (F) gone: deleted permanently" in answer.stderr


def test_what_was_changed_in_hubspot_is_shown_and_no_failure(tmp_path: Path, environment: dict[str, str]) -> None:
    names = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1)])
    assert run_babynames("run", "--path", str(names), folder=tmp_path, environment=environment).returncode == 0
    as_user(environment, "edit", email="mary.f@babynamesdemo.com", properties={"lastname": "Smith"})
    again = run_babynames("rejects", "--retry", folder=tmp_path, environment=environment)
    assert again.returncode == 0, again.stderr
    assert "sample_reads_back: Mary (F) changed: lastname: 'Female' -> 'Smith'" in again.stderr
    reported = json.loads(run_babynames("reconcile", "--json", folder=tmp_path, environment=environment).stdout)
    assert (reported["contacts_changed"], reported["contacts_same"]) == (1, 1)
    assert reported["first"][0]["what"] == "lastname: 'Female' -> 'Smith'"
    repaired = run_babynames("reconcile", "--repair", folder=tmp_path, environment=environment)
    assert repaired.returncode == 0, repaired.stderr
    assert "repaired" in repaired.stdout
    quiet = run_babynames("rejects", "--retry", folder=tmp_path, environment=environment)
    assert "Warning" not in quiet.stderr


def test_a_plan_is_reviewed_and_applied_by_command(tmp_path: Path, environment: dict[str, str]) -> None:
    names = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1)])
    assert run_babynames("run", "--path", str(names), folder=tmp_path, environment=environment).returncode == 0
    moved = {**environment, "HUBSPOT_EMAIL_DOMAIN": "other.com"}
    reported = run_babynames("plan", "--out", "plan.jsonl", "--json", folder=tmp_path, environment=moved)
    assert reported.returncode == 0, reported.stderr
    planned = json.loads(reported.stdout)
    assert (planned["contacts_create"], planned["contacts_archive"]) == (2, 0)
    assert planned["first"][0]["changes"]["email"]["hubspot"] is None
    assert environment["HUBSPOT_ACCESS_TOKEN"] not in (tmp_path / "plan.jsonl").read_text(encoding="utf-8")
    refused = run_babynames("apply", "plan.jsonl", folder=tmp_path, environment=environment)
    assert refused.returncode == 1
    assert "its name or the mapping has changed" in refused.stdout
    assert "What to do: make a plan again" in refused.stdout
    applied = run_babynames("apply", "plan.jsonl", "--json", folder=tmp_path, environment=moved)
    assert applied.returncode == 0, applied.stderr
    assert json.loads(applied.stdout)["contacts_created"] == 2
    repeated = run_babynames("apply", "plan.jsonl", folder=tmp_path, environment=moved)
    assert (repeated.returncode, repeated.stdout.splitlines()) == (
        0,
        ["Already applied: HubSpot has all 2 rows of the plan as they are to be."],
    )
    again = run_babynames("plan", folder=tmp_path, environment={**moved, "HUBSPOT_MIRROR": "archive"})
    assert "archive" in again.stdout
    assert "applying it takes --override-guards: Nothing was written" in again.stdout


def test_what_the_readme_plans_after_the_demo_is_an_update_of_every_contact(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    more = dict(re.findall(r"^export (HUBSPOT_EXTRA_PROPERTIES)='(.*)'$", readme, flags=re.MULTILINE))
    names = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1)])
    assert run_babynames("run", "--path", str(names), folder=tmp_path, environment=environment).returncode == 0
    nothing = run_babynames("plan", "--out", "nothing.jsonl", folder=tmp_path, environment=environment)
    assert "unchanged" in nothing.stdout
    idle = run_babynames("apply", "nothing.jsonl", folder=tmp_path, environment=environment)
    assert (idle.returncode, idle.stdout) == (0, "Nothing to write: the plan has no rows.\n")
    planned = run_babynames("plan", "--out", "plan.jsonl", "--json", folder=tmp_path, environment=environment | more)
    assert json.loads(planned.stdout)["contacts_update"] == 2
    applied = run_babynames("apply", "plan.jsonl", "--json", folder=tmp_path, environment=environment | more)
    assert json.loads(applied.stdout)["contacts_updated"] == 2


def as_user(environment: dict[str, str], action: str, **wanted: object) -> None:
    url = f"{environment['HUBSPOT_BASE_URL']}/_sandbox/{action}"
    requests.post(url, json=wanted, timeout=10).raise_for_status()


def test_migrate_brings_an_empty_database_to_head_and_says_so(tmp_path: Path) -> None:
    answer = run_babynames("migrate", folder=tmp_path)
    assert answer.returncode == 0
    assert answer.stdout.startswith("Schema: none -> ")
    head = answer.stdout.split()[-1]
    assert run_babynames("migrate", folder=tmp_path).stdout == f"Schema: up to date at {head}\n"
    older = run_babynames("migrate", "--to", "0001", folder=tmp_path)
    assert older.stdout == f"Schema: {head} -> 0001\n"


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


def test_clean_removes_the_demos_state_only_unless_asked_otherwise(tmp_path: Path) -> None:
    (tmp_path / "data" / "demo" / "sample").mkdir(parents=True)
    (tmp_path / "data" / "babynames.db").touch()
    (tmp_path / "data" / "demo" / "sample" / "babynames.db").write_bytes(b"x" * 1_200_000)
    asked = run_babynames("clean", folder=tmp_path)
    assert (asked.returncode, f"Remove {tmp_path / 'data' / 'demo'} (1." in asked.stdout) == (1, True)
    assert "MB: sample/)?" in asked.stdout
    assert run_babynames("clean", "--yes", folder=tmp_path).returncode == 0
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["babynames.db"]
    assert run_babynames("clean", "--all", "--yes", folder=tmp_path).returncode == 0
    assert not (tmp_path / "data").exists()


def test_clean_with_a_sandboxs_settings_removes_that_sandbox_alone(tmp_path: Path) -> None:
    for name in ("sample", "other-7f81"):
        (tmp_path / "data" / "demo" / name / "stand-in").mkdir(parents=True)
    settings = {"DATA_DIR": str(tmp_path / "data" / "demo" / "sample")}
    done = run_babynames("clean", "--yes", folder=tmp_path, environment=settings)
    assert f"Removed {settings['DATA_DIR']} (" in done.stdout
    assert [path.name for path in (tmp_path / "data" / "demo").iterdir()] == ["other-7f81"]


def test_rejects_of_ones_own_table_are_shown_by_key_and_those_of_the_names_by_name(tmp_path: Path) -> None:
    assert run_babynames("migrate", folder=tmp_path).returncode == 0
    with sqlite3.connect(tmp_path / "data" / "babynames.db") as connection:
        connection.executemany(
            "INSERT INTO hubspot_contacts (portal_id, sync, row_key, partition_key, email, fingerprint, mapping, "
            "outcome, created_by_us, category, message, attempts, created_at, updated_at) "
            "VALUES (1, ?, ?, 'A', ?, 'f', 'm', 'rejected', 0, 'INVALID_EMAIL', 'said so', 1, "
            "'2026-01-01 00:00:00', '2026-01-01 00:00:00')",
            [("baby_names", "1", "mary.f@x.com"), ("customer_contacts", "C-17", "no-mail")],
        )
    connection.close()
    shown = run_babynames("rejects", folder=tmp_path).stdout
    of_names, _, of_table = shown.partition("Contacts of customer_contacts that did not get through")
    assert " name " in of_names
    assert " sex " in of_names
    assert "C-17" in of_table
    assert not {"name", "sex"} & {*of_table.split()}

    one_sync = json.loads(run_babynames("rejects", "--sync", "customer_contacts", "--json", folder=tmp_path).stdout)
    assert ([row["key"] for row in one_sync["contacts"]], one_sync["rows"]) == (["C-17"], [])
    unknown = run_babynames("rejects", "--sync", "customers", folder=tmp_path)
    assert unknown.returncode == _USAGE
    assert "baby_names, customer_contacts" in unknown.stderr


def test_a_misspelt_setting_is_named_by_a_command_that_only_looks(tmp_path: Path) -> None:
    shown = run_babynames("status", folder=tmp_path, environment={"BATCH_SIZ": "5"})
    assert "BATCH_SIZ is no setting: did you mean BATCH_SIZE?" in shown.stderr
    assert run_babynames("-q", "status", folder=tmp_path, environment={"BATCH_SIZ": "5"}).stderr == ""


def test_rejects_of_a_demo_are_those_of_its_own_database(tmp_path: Path) -> None:
    state = tmp_path / "data" / "demo" / "sample"
    (state / "stand-in").mkdir(parents=True)
    names = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "Jim", "X", 1)])
    with opened_engine(make_url(f"sqlite:///{state / 'babynames.db'}")) as engine:
        upgrade(engine)
        load(engine, names)

    of_demo = json.loads(run_babynames("rejects", "--demo", "sample", "--json", folder=tmp_path).stdout)
    assert [row["raw"] for row in of_demo["rows"]] == ["1990,Jim,X,1"]
    unknown = run_babynames("rejects", "--demo", "other", folder=tmp_path)
    assert unknown.returncode == _USAGE
    assert "there are: sample" in unknown.stderr
