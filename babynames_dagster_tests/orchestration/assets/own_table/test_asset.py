"""The asset of somebody's own table in Dagster: in Python, as a component, and in the example as a user follows it."""

import json
import shutil
from pathlib import Path

import dagster as dg
import pytest
import yaml
from sqlalchemy.engine import Engine

import babynames_dagster
from babynames_dagster import (
    ContactTable,
    DatabaseResource,
    HubSpotContacts,
    HubSpotResource,
    SourceDatabaseResource,
    hubspot_contacts_asset,
    hubspot_contacts_checks,
)
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster_tests.docs.markdown import CHECKOUT
from babynames_dagster_tests.support.command import run_script
from babynames_dagster_tests.support.customers import BY_COUNTRY, CUSTOMERS, add_customers, change, customer, make_table
from babynames_dagster_tests.support.stand_ins.hubspot import TOKEN, StandIn

KEY = dg.AssetKey("customers")
EXAMPLE = CHECKOUT / "examples" / "customers"


@pytest.fixture
def resources(engine: Engine, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The account and the database, each by its variable."""
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    return {
        "hubspot": HubSpotResource(access_token=dg.EnvVar("HUBSPOT_ACCESS_TOKEN"), base_url=stand_in.url),
        "database": DatabaseResource(url=dg.EnvVar("DATABASE_URL")),
    }


def run(
    table: ContactTable, resources: dict[str, object], *, config: dict[str, object] | None = None, fails: bool = False
) -> dg.ExecuteInProcessResult:
    definitions = dg.Definitions(
        [hubspot_contacts_asset(table)], asset_checks=hubspot_contacts_checks(table), resources=resources
    )
    job = definitions.resolve_implicit_global_asset_job_def()
    tags = {}
    if table.partitions is not None:
        names = table.partitioning.names
        tags = {"dagster/asset_partition_range_start": names[0], "dagster/asset_partition_range_end": names[-1]}
    return job.execute_in_process(
        run_config={"ops": {"customers": {"config": config or {}}}}, tags=tags, raise_on_error=not fails
    )


def test_a_table_without_partitions_is_one_materialization(engine: Engine, resources: dict[str, object]) -> None:
    make_table(engine)
    add_customers(engine, [*map(customer, range(1, 31)), customer(31, email=None)])
    result = run(CUSTOMERS, resources)
    (event,) = result.asset_materializations_for_node("customers")
    assert event.partition is None
    assert event.metadata["dagster/row_count"].value == 31
    assert (event.metadata["contacts_created"].value, event.metadata["contacts_rejected"].value) == (30, 1)
    rejects = event.metadata["first_rejects"]
    assert isinstance(rejects, dg.TableMetadataValue)
    assert [record.data["category"] for record in rejects.records] == ["NO_EMAIL"]
    assert {check.check_name: check.passed for check in result.get_asset_check_evaluations()} == {
        "every_row_has_an_outcome": True,
        "sample_reads_back": True,
    }


def test_each_partition_has_its_own_materialization(engine: Engine, resources: dict[str, object]) -> None:
    make_table(engine)
    add_customers(engine, map(customer, range(1, 31)))
    result = run(BY_COUNTRY, resources)
    counts = {
        event.partition: event.metadata["contacts_created"].value
        for event in result.asset_materializations_for_node("customers")
    }
    assert counts == {"AT": 10, "DE": 10, "other": 10}


def test_a_dry_run_writes_nothing(engine: Engine, resources: dict[str, object], stand_in: StandIn) -> None:
    make_table(engine)
    add_customers(engine, map(customer, range(1, 4)))
    result = run(CUSTOMERS, resources, config={"dry_run": True})
    assert result.asset_materializations_for_node("customers") == []
    reported = [event.metadata["contacts_created"].value for event in result.asset_observations_for_node("customers")]
    assert reported == [3, 3]
    assert stand_in.contacts() == {}


def test_the_assets_own_policy_and_guards_win(engine: Engine, resources: dict[str, object], stand_in: StandIn) -> None:
    make_table(engine)
    add_customers(engine, map(customer, range(1, 11)))
    run(CUSTOMERS, resources)
    change(engine, "UPDATE customers SET first_name = 'Other'")
    guarded = CUSTOMERS.model_copy(update={"max_updates": "50%"})
    failure = run(guarded, resources, fails=True).failure_data_for_node("customers")
    assert failure is not None
    assert "10 contacts to update, at most 5 allowed" in str(failure.user_failure_data)
    run(CUSTOMERS.model_copy(update={"write_policy": "create_only"}), resources)
    assert {contact["firstname"] for contact in stand_in.contacts().values()} == {f"First{n}" for n in range(1, 11)}
    with pytest.raises(PipelineError, match="HUBSPOT_MAX_ARCHIVES"):
        hubspot_contacts_asset(CUSTOMERS.model_copy(update={"max_archives": "many"}))


def test_rows_of_another_database_come_from_a_resource_of_their_own(
    engine: Engine, resources: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", f"sqlite:///{tmp_path / 'shop.db'}")
    shop = SourceDatabaseResource(url=f"sqlite:///{tmp_path / 'shop.db'}")
    make_table(shop.engine)
    add_customers(shop.engine, map(customer, range(1, 4)))
    elsewhere = CUSTOMERS.model_copy(update={"source": "shop"})
    from_variable = SourceDatabaseResource(url=dg.EnvVar("SHOP_DATABASE_URL"))
    (event,) = run(elsewhere, {**resources, "shop": from_variable}).asset_materializations_for_node("customers")
    assert event.metadata["contacts_created"].value == 3
    del engine


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"table": ""}, "either `table` or `query`"),
        ({"query": "SELECT 1"}, "either `table` or `query`"),
        ({"ledger": "ü"}, "can't call an asset's entries"),
        ({"columns": {"a": "email"}}, "email two values"),
    ],
)
def test_fields_that_do_not_go_together_are_refused_when_definitions_are_loaded(
    fields: dict[str, object], said: str
) -> None:
    with pytest.raises(PipelineError, match=said) as caught:
        hubspot_contacts_asset(CUSTOMERS.model_copy(update=fields))
    assert caught.value.code is ErrorCode.SOURCE_INVALID


def test_every_field_of_the_component_is_described() -> None:
    schema = HubSpotContacts.get_model_cls().model_json_schema()  # type: ignore[union-attr]  # it is Resolvable
    parts = [schema, *schema["$defs"].values()]
    fields = {name: field for part in parts for name, field in part["properties"].items()}
    assert "key_column" in fields
    assert [name for name, field in fields.items() if not field.get("description")] == []


def test_the_package_finds_each_name_that_it_gives_away() -> None:
    assert {name: getattr(babynames_dagster, name).__name__ for name in babynames_dagster.__all__} == {
        name: name for name in babynames_dagster.__all__
    }
    assert set(babynames_dagster.__all__) <= set(dir(babynames_dagster))
    with pytest.raises(AttributeError, match="no_such"):
        _ = babynames_dagster.no_such


@pytest.fixture
def project(tmp_path: Path, stand_in: StandIn) -> Path:
    """The example as a user copies it, with the stand-in of this test."""
    folder = tmp_path / "example"
    shutil.copytree(EXAMPLE, folder)
    settings = (EXAMPLE / ".env.example").read_text(encoding="utf-8")
    settings = settings.replace("http://127.0.0.1:8090", stand_in.url).replace("pat-na1-made-up-token", TOKEN)
    assert stand_in.url in settings
    assert TOKEN in settings
    (folder / ".env").write_text(settings, encoding="utf-8")
    made = run_script("python", "make_customers.py", "200", folder=folder)
    assert made.returncode == 0, made.stderr
    return folder


def test_the_example_does_what_its_page_says(project: Path, stand_in: StandIn) -> None:
    checked = run_script("dg", "check", "defs", folder=project)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    launch = ("launch", "--assets", "customer_contacts", "--partition-range", "AT...other")
    for _ in range(2):
        done = run_script("dg", *launch, folder=project)
        assert done.returncode == 0, done.stdout + done.stderr
    held = stand_in.contacts()
    assert len(held) == 196
    assert held["ada.berg1@babynamesdemo.com"]["lifecyclestage"] == "customer"
    assert len([call for call in stand_in.log() if call["path"].endswith("/batch/create")]) == 2
    reported = json.loads(run_script("babynames", "rejects", "--json", folder=project).stdout)
    assert {row["key"]: (row["sync"], row["category"]) for row in reported["contacts"]} == {
        "3": ("customer_contacts", "NO_EMAIL"),
        "5": ("customer_contacts", "INVALID_EMAIL"),
        "7": ("customer_contacts", "INVALID_EMAIL"),
        "11": ("customer_contacts", "DUPLICATE_EMAIL"),
    }


def test_the_component_is_scaffolded_and_listed(project: Path) -> None:
    done = run_script("dg", "scaffold", "defs", "babynames_dagster.HubSpotContacts", "other_contacts", folder=project)
    assert done.returncode == 0, done.stdout + done.stderr
    made = project / "shop" / "defs" / "other_contacts" / "defs.yaml"
    begun = yaml.safe_load(made.read_text(encoding="utf-8"))
    assert begun["type"] == "babynames_dagster.HubSpotContacts"
    assert ContactTable.model_validate(begun["attributes"]).asset_key == "other_contacts"
    listed = run_script("dg", "list", "components", "--json", folder=project)
    assert "babynames_dagster.HubSpotContacts" in listed.stdout
