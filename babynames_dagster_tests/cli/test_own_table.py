"""The commands on a sync of somebody's own table: that of a project, with the project's own resources."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.states import Finding
from babynames_dagster_tests.support.command import run_babynames
from babynames_dagster_tests.support.customers import (
    add_customers,
    change,
    customer,
    email_of,
    entries,
    make_table,
    sync_table,
)
from babynames_dagster_tests.support.stand_ins.hubspot import TOKEN, StandIn
from babynames_dagster_tests.support.syncing import add_names, sync

Command = Callable[..., "CompletedProcess[str]"]

_DEFINITIONS = """
import dagster as dg
from babynames_dagster import ContactPartitions, ContactTable, DatabaseResource, HubSpotResource, hubspot_contacts_asset

customers = ContactTable(
    asset_key="crm/customers", ledger="customers", table="customers", key_column="id", email_column="email",
    columns={"first_name": "firstname", "last_name": "lastname"},
    partitions=ContactPartitions(column="country", values=["AT", "DE"]),
    mirror="archive", max_archives="100%",
)
definitions = dg.Definitions(
    assets=[hubspot_contacts_asset(customers)],
    resources={
        "hubspot": HubSpotResource(access_token=dg.EnvVar("SHOP_TOKEN"), base_url=dg.EnvVar("SHOP_HUBSPOT")),
        "database": DatabaseResource(url=dg.EnvVar("SHOP_DATABASE")),
    },
)
"""


@pytest.fixture
def project(tmp_path: Path, engine: Engine, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project as `dg` lays one out, whose variables have names of their own."""
    folder, name = tmp_path / "project", f"shop_{tmp_path.name.replace('-', '_')}"  # each test imports its own
    (folder / "src" / name).mkdir(parents=True)
    (folder / "src" / name / "__init__.py").touch()
    (folder / "src" / name / "definitions.py").write_text(_DEFINITIONS, encoding="utf-8")
    (folder / "pyproject.toml").write_text(f'[tool.dg.project]\nroot_module = "{name}"\n', encoding="utf-8")
    url = engine.url.render_as_string(hide_password=False)
    variables = {"SHOP_TOKEN": TOKEN, "SHOP_HUBSPOT": stand_in.url, "SHOP_DATABASE": url}
    (folder / ".env").write_text("".join(f"{key}={value}\n" for key, value in variables.items()), encoding="utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path])
    make_table(engine)
    return folder


@pytest.fixture
def command(project: Path) -> Command:
    """Run a command in the project's folder."""
    return lambda *arguments: run_babynames(*arguments, folder=project)


def test_a_plan_of_a_table_is_reviewed_and_applied_and_the_names_are_left_alone(
    engine: Engine, stand_in: StandIn, command: Command, project: Path
) -> None:
    add_names(engine, 3)
    add_customers(engine, [*map(customer, range(1, 7)), customer(7, email="none")])
    planned = command("plan", "--sync", "crm/customers", "--out", "plan.jsonl", "--json")
    assert planned.returncode == 0, planned.stderr
    counts = json.loads(planned.stdout)
    assert (counts["contacts_create"], counts["contacts_blocked"]) == (6, 1)
    change(engine, "UPDATE customers SET first_name = 'Other' WHERE id = 2")
    applied = command("apply", "plan.jsonl", "--json")
    assert applied.returncode == 1
    done = json.loads(applied.stdout)
    assert (done["contacts_created"], done["contacts_refused"]) == (5, 1)
    assert done["first_refused"][0]["why"] == "its row or the mapping has changed"
    assert len(stand_in.contacts()) == 5
    assert set(entries(engine, "baby_names")) == set()
    one = command("plan", "--sync", "customers", "--partition", "DE", "--json")
    counts = json.loads(one.stdout)
    assert (counts["contacts_create"], counts["contacts_unchanged"], counts["contacts_blocked"]) == (0, 2, 1)
    wrong = command("apply", "plan.jsonl", "--sync", "baby_names")
    assert wrong.returncode != 0
    assert TOKEN not in (project / "plan.jsonl").read_text(encoding="utf-8")
    assert command("plan", "--sync", "customers", "--partition", "XX").returncode == 2


def test_what_users_changed_of_a_tables_contacts_is_found_and_repaired(
    engine: Engine, stand_in: StandIn, command: Command
) -> None:
    add_customers(engine, map(customer, range(1, 7)))
    assert command("plan", "--sync", "customers", "--out", "plan.jsonl").returncode == 0
    assert command("apply", "plan.jsonl").returncode == 0
    stand_in.edit(email_of(1), firstname="Wrong")
    stand_in.archive(email_of(2))
    found = json.loads(command("reconcile", "--sync", "customers", "--json").stdout)
    assert {name: found[f"contacts_{name.value}"] for name in (Finding.SAME, Finding.CHANGED, Finding.ARCHIVED)} == {
        Finding.SAME: 4,
        Finding.CHANGED: 1,
        Finding.ARCHIVED: 1,
    }
    shown = command("plan", "--sync", "customers")
    assert "`babynames reconcile --sync customers --recreate`" in shown.stdout.replace("\n", " ")
    mended = command("reconcile", "--sync", "customers", "--repair", "--recreate", "--override-guards", "--json")
    assert mended.returncode == 0, mended.stderr
    done = json.loads(mended.stdout)
    assert (done["contacts_repaired"], done["contacts_recreated"]) == (1, 1)
    assert stand_in.contacts()[email_of(1)]["firstname"] == "First1"


def test_undo_takes_back_what_a_table_made_and_no_customer_of_somebodys(
    engine: Engine, stand_in: StandIn, command: Command
) -> None:
    add_names(engine, 2)
    sync(engine, stand_in)
    stand_in.seed({"email": email_of(3), "firstname": "Boss"})
    add_customers(engine, map(customer, range(1, 9)))
    assert command("plan", "--sync", "customers", "--out", "plan.jsonl").returncode == 0
    assert command("apply", "plan.jsonl", "--override-guards").returncode == 0
    stand_in.seed({"email": "boss@shop-mail.com"})
    stand_in.merge("boss@shop-mail.com", email_of(4))
    stand_in.edit(email_of(5), email="other@shop-mail.com")
    stand_in.add_secondary_email(email_of(6), "second@shop-mail.com")
    undone = command("undo", "--sync", "customers", "--yes")
    assert undone.returncode == 0, undone.stderr
    assert "Archived 4 contacts" in undone.stdout
    assert undone.stdout.count("Kept: ") == 3
    assert "A run of crm/customers with `full_refresh: true` makes them again." in undone.stdout.replace("\n", " ")
    left = set(stand_in.contacts())
    assert {email_of(3), "boss@shop-mail.com", "other@shop-mail.com", email_of(6)} <= left
    assert len(left) == 6


def test_a_sync_that_is_not_there_is_named_and_nothing_is_done(
    engine: Engine, stand_in: StandIn, command: Command, tmp_path: Path, project: Path
) -> None:
    add_customers(engine, [customer(1)])
    for name in ("plan", "reconcile", "undo"):
        refused = command(name, "--sync", "orders")
        assert refused.returncode == 2
        assert "has no asset of contacts 'orders'; there are: crm/customers" in refused.stderr.replace("\n", " ")
    elsewhere = run_babynames("undo", "--sync", "customers", folder=tmp_path)
    assert elsewhere.returncode == 2
    assert "names no project of Dagster" in elsewhere.stderr
    absent = command("plan", "--sync", "customers", "--module", "no_such_module")
    assert absent.returncode == 2
    assert "no_such_module can't be loaded: ModuleNotFoundError" in absent.stderr
    named = run_babynames("plan", "--sync", "customers", "--module", module_of(project), "--json", folder=project)
    assert json.loads(named.stdout)["contacts_create"] == 1
    assert stand_in.writes() == []


def test_commands_about_the_names_say_so_where_the_ledger_knows_none(
    engine: Engine, stand_in: StandIn, command: Command, project: Path
) -> None:
    add_customers(engine, [*map(customer, range(1, 4)), customer(4, email=None)])
    assert command("plan", "--sync", "customers", "--out", "plan.jsonl").returncode == 0
    assert command("apply", "plan.jsonl").returncode == 0
    sync_table(engine, stand_in)
    own = {
        "HUBSPOT_ACCESS_TOKEN": TOKEN,
        "HUBSPOT_BASE_URL": stand_in.url,
        "DATABASE_URL": engine.url.render_as_string(hide_password=False),
    }
    names = run_babynames("undo", "--yes", folder=project, environment=own)
    assert "it has no contact of a name" in names.stdout.replace("\n", " ")
    assert "this is about the names. The ledger knows customers: --sync" in names.stderr.replace("\n", " ")
    assert len(stand_in.contacts()) == 3
    listed = run_babynames("rejects", "--sync", "customers", "--json", folder=project, environment=own)
    assert [row["category"] for row in json.loads(listed.stdout)["contacts"]] == ["NO_EMAIL"]
    others = run_babynames("rejects", "--sync", "baby_names", "--json", folder=project, environment=own)
    assert json.loads(others.stdout)["contacts"] == []
    refused = run_babynames("rejects", "--retry", "--sync", "customers", folder=project, environment=own)
    assert refused.returncode == 2
    assert "--retry sends the names alone, and not customers" in refused.stderr


@pytest.mark.parametrize("variable", ["SHOP_TOKEN", "SHOP_DATABASE"])
def test_a_variable_that_a_resource_names_has_to_be_set(command: Command, project: Path, variable: str) -> None:
    settings = (project / ".env").read_text(encoding="utf-8").splitlines(keepends=True)
    (project / ".env").write_text("".join(line for line in settings if not line.startswith(variable)), encoding="utf-8")
    refused = command("plan", "--sync", "customers")
    assert refused.returncode == 2
    assert f"{variable}: " in refused.stderr
    assert not (project / "data" / "babynames.db").exists()


def module_of(project: Path) -> str:
    (package,) = (project / "src").iterdir()
    return f"{package.name}.definitions"
