"""`babynames demo` and plain `dagster`, end to end: real browser, real server, real command line."""

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from babynames_dagster.database.tables import baby_names, hubspot_contacts
from babynames_dagster.orchestration.automation.jobs import ALL_ASSETS
from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster_tests.docs.markdown import CHECKOUT
from babynames_dagster_tests.support.command import run_babynames, run_script, start_script
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.stand_ins.sandbox import running_sandbox

COUNTS = {
    "rows_read",
    "rows_inserted",
    "rows_present",
    "rows_duplicate",
    "rows_rejected",
    "table_rows",
    "contacts_created",
    "contacts_updated",
    "contacts_unchanged",
    "contacts_kept",
    "contacts_same_already",
    "contacts_rejected",
    "contacts_failed",
    "contacts_shared",
    "requests",
    "rate_limited",
    "seconds",
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Sandbox]:
    with running_sandbox(dataset=None, state=tmp_path / "sandbox") as sandbox:
        yield sandbox


def set_latency(served: Sandbox, seconds: float) -> None:
    """Let every answer of HubSpot's stand-in take so long."""
    StandIn(served.hubspot_url).change(latency=[seconds, seconds])


@pytest.mark.usefixtures("chromium")
def counts_in_the_readme() -> dict[str, int]:
    shown = (CHECKOUT / "README.md").read_text(encoding="utf-8").partition("<!-- demo -->")[2].partition("How long")[0]
    counts = {
        name: int(count.replace(",", "")) for name, count in re.findall(r"^ +(\w+) +([\d,]+)$", shown, re.MULTILINE)
    }
    assert counts.keys() >= COUNTS - {"seconds"}
    return counts


def test_the_demo_fetches_loads_and_syncs_and_then_has_nothing_left_to_do(tmp_path: Path) -> None:
    first = run_script("babynames", "demo", "--json", folder=tmp_path)
    assert first.returncode == 0, first.stderr
    reported = json.loads(first.stdout)
    assert reported.keys() >= COUNTS
    assert reported["rows_read"] == reported["rows_inserted"] + reported["rows_duplicate"]
    assert reported["contacts_created"] == reported["table_rows"] == reported["rows_inserted"]
    assert reported["seconds"].keys() == {*ALL_ASSETS, "checks", "between_steps", "total"}
    assert reported["failed_checks"] == []
    shown = counts_in_the_readme()
    assert {name: reported[name] for name in shown} == shown
    again = json.loads(run_babynames("demo", "--json", folder=tmp_path).stdout)
    assert (again["rows_inserted"], again["rows_present"]) == (0, reported["table_rows"])
    assert (again["contacts_created"], again["contacts_unchanged"]) == (0, reported["table_rows"])
    assert again["requests"] == 1 + 3 + 1  # whose account it is, for the sync and each check, and a sample
    real = run_babynames("status", folder=tmp_path).stdout
    assert "not there yet" in real
    assert "`babynames status --demo sample`" in real
    left = json.loads(run_babynames("status", "--demo", "sample", "--json", folder=tmp_path).stdout)
    assert left["tables"]["baby_names"] == reported["table_rows"]
    assert left["tables"]["baby_name_years"] > reported["table_rows"]
    assert [run["status"] for run in left["runs"]] == ["SUCCESS", "SUCCESS"]
    assert json.loads(run_babynames("status", "--json", folder=tmp_path).stdout)["runs"] == []


@pytest.mark.parametrize("real", [{}, {"DAGSTER_HOME": "{folder}/real/dagster", "DOWNLOAD_DIR": "{folder}/real"}])
def test_the_demo_leaves_a_real_runs_database_folders_and_records_alone(tmp_path: Path, real: dict[str, str]) -> None:
    (tmp_path / ".env").write_text(
        "DB_HOST=127.0.0.1\nDB_PORT=1\nDB_NAME=real\nDB_USER=real\nMAX_RECORDS=7\nDEMO_MODE=true\nKAGGLE_METHOD=api\n"
        f"DOWNLOAD_DIR={tmp_path}/real\nLOG_DIR={tmp_path}/real\nALERT_WEBHOOK_URL=http://127.0.0.1:1/\n"
    )
    environment = {name: value.format(folder=tmp_path) for name, value in real.items()}
    reported = json.loads(run_babynames("demo", "--json", folder=tmp_path, environment=environment).stdout)
    assert reported["contacts_created"] == 7
    assert not (tmp_path / "real").exists()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["demo"]


def test_a_demo_on_a_database_of_the_environment_says_so(tmp_path: Path) -> None:
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path / 'chosen.db'}", "KAGGLE_METHOD": "api"}
    answer = run_babynames("demo", folder=tmp_path, environment=environment)
    assert answer.returncode == 0, answer.stderr
    assert "chosen.db" in next(line for line in answer.stderr.splitlines() if "DATABASE_URL is set" in line)
    next_steps = answer.stderr.partition("What next:\n")[2].splitlines()
    assert [line.partition("babynames ")[2].partition("   #")[0] for line in next_steps] == [
        "sandbox --ui",
        "status --demo sample",
        "check",
    ]
    assert (tmp_path / "chosen.db").exists()


def test_a_demo_of_a_file_without_births_makes_the_names_and_their_contacts(tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text("Name,Sex\nZed,M\nAnn,F\n", encoding="utf-8")
    environment = {"KAGGLE_METHOD": "api"}
    answer = run_babynames("demo", "--dataset", str(names), "--json", folder=tmp_path, environment=environment)
    assert answer.returncode == 0, answer.stderr
    reported = json.loads(answer.stdout)
    assert (reported["table_rows"], reported["contacts_created"]) == (2, 2)
    assert "baby_name_years" not in reported["seconds"]


def test_dagsters_own_command_runs_the_whole_graph_without_a_dagster_home(
    tmp_path: Path, served: Sandbox, mariadb_url: str
) -> None:
    answer = run_script(
        "dagster",
        *("asset", "materialize", "-m", "babynames_dagster.definitions"),
        *("--select", "*", "--partition-range", "A...other"),
        folder=tmp_path,
        environment={**served.environment, "DATABASE_URL": mariadb_url},
    )
    assert answer.returncode == 0, answer.stderr
    assert "BetaWarning" not in answer.stderr
    engine = sa.create_engine(mariadb_url)
    with engine.connect() as connection:
        names = connection.execute(sa.select(sa.func.count()).select_from(baby_names)).scalar_one()
        synced = connection.execute(
            sa.select(sa.func.count()).where(hubspot_contacts.c.outcome == "synced")
        ).scalar_one()
    engine.dispose()
    contacts = StandIn(served.hubspot_url).stats()["contacts"]
    assert names == synced == contacts > 0


def test_an_interrupted_run_says_how_to_resume_and_the_next_one_does(tmp_path: Path, served: Sandbox) -> None:
    set_latency(served, 0.5)
    environment = {**served.environment, "KAGGLE_METHOD": "api"}
    slow = {"HUBSPOT_REQUESTS_PER_BATCH": "10", "HUBSPOT_MAX_IN_FLIGHT": "1"}
    run = start_script("babynames", "run", folder=tmp_path, environment={**environment, **slow})
    assert run.stderr is not None
    for line in run.stderr:
        if line.startswith("sync"):
            break
    run.send_signal(signal.SIGINT)
    output, errors = run.communicate(timeout=60)
    assert run.returncode == 130, output + errors
    assert "resumes where it stopped" in errors
    assert "Traceback" not in errors
    set_latency(served, 0.0)
    reported = json.loads(run_babynames("run", "--json", folder=tmp_path, environment=environment).stdout)
    assert reported["success"]
    assert (
        reported["contacts_created"] + reported["contacts_updated"] + reported["contacts_unchanged"]
        == reported["table_rows"]
    )
