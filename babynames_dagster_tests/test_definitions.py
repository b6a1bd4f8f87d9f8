"""The code location: loads anywhere, without credentials and without noise."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_representation.external_data import RepositorySnap, ResourceConfigEnvVarSnap

from babynames_dagster.cli.runs.pipeline import job_to_run
from babynames_dagster.definitions import build_definitions
from babynames_dagster.errors import PipelineError
from babynames_dagster.orchestration.automation.jobs import DRY_RUN_JOB, PIPELINE_JOB
from babynames_dagster.orchestration.resources.database import DatabaseResource
from babynames_dagster.orchestration.resources.files import FilesResource
from babynames_dagster.orchestration.resources.hubspot import HubSpotResource
from babynames_dagster.orchestration.resources.kaggle import KaggleResource
from babynames_dagster.orchestration.resources.loading import LoadingResource
from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster.settings import (
    DatabaseSettings,
    FileSettings,
    HubSpotSettings,
    KaggleSettings,
    LoadSettings,
    RetrySettings,
    load_settings,
)
from babynames_dagster.settings.groups.group import Group, is_secret
from babynames_dagster.settings.model import VARIABLES
from babynames_dagster_tests.support.pipeline import run_graph, write_csv
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn

ASSETS = {"raw_zip", "baby_names_table", "baby_name_years", "hubspot_contacts"}


def asset_names(job: dg.JobDefinition) -> set[str]:
    return {key.to_user_string() for key in job.asset_layer.selected_asset_keys}


def test_the_command_line_loads_it_without_credentials_or_noise(tmp_path: Path) -> None:
    dagster = str(Path(sys.executable).parent / "dagster")
    answer = subprocess.run(  # noqa: S603 - the console script beside this interpreter
        [dagster, "asset", "list", "-m", "babynames_dagster.definitions"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(answer.stdout.split()) == ASSETS
    assert "Warning" not in answer.stderr


def test_loading_reads_no_setting_at_import(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BATCH_SIZE=many\n")
    subprocess.run([sys.executable, "-c", "import babynames_dagster.definitions"], cwd=tmp_path, check=True)


def test_a_mistake_in_the_settings_is_reported_when_the_location_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCH_SIZE", "many")
    with pytest.raises(PipelineError, match="BATCH_SIZE"):
        build_definitions(load_settings())


def test_every_definition_is_valid_and_described() -> None:
    definitions = build_definitions(load_settings())
    dg.Definitions.validate_loadable(definitions)
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description
        assert node.group_name == "babynames"
        assert node.kinds
        assert node.code_version


def test_the_lineage_is_file_table_years_contacts() -> None:
    graph = build_definitions(load_settings()).resolve_asset_graph()
    parents = {
        key.to_user_string(): {parent.to_user_string() for parent in graph.get(key).parent_keys}
        for key in graph.get_all_asset_keys()
    }
    assert parents == {
        "raw_zip": set(),
        "baby_names_table": {"raw_zip"},
        "baby_name_years": {"raw_zip", "baby_names_table"},
        "hubspot_contacts": {"baby_names_table", "baby_name_years"},
    }


def test_the_main_job_loads_year_data_only_where_a_year_filter_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asset_names(job_to_run(load_settings())) == ASSETS - {"baby_name_years"}
    monkeypatch.setenv("MIN_YEAR", "1990")
    assert asset_names(job_to_run(load_settings())) == ASSETS


SECRETS = {
    "ALERT_WEBHOOK_URL": "https://hooks.example/5ecret-hook",
    "DATABASE_URL": "mysql+pymysql://someone:5ecret-word@db.example/names",
    "DB_PASSWORD": "5ecret-password",
    "HUBSPOT_ACCESS_TOKEN": "5ecret-token",
    "KAGGLE_API_TOKEN": "5ecret-api-token",
    "KAGGLE_KEY": "5ecret-key",
    "KAGGLE_PASSWORD": "5ecret-kaggle",
    "SMTP_PASSWORD": "5ecret-mail",
    "SUCCESS_PING_URL": "https://ping.example/5ecret",
}


def test_what_dagster_shows_and_stores_has_the_names_of_secrets_and_no_value() -> None:
    assert set(SECRETS) == {name for name, field in VARIABLES.items() if is_secret(field)}
    definitions = build_definitions(load_settings(SECRETS))
    job = definitions.resolve_job_def(PIPELINE_JOB)
    shown = RepositorySnap.from_def(definitions.get_repository_def())
    everything = dg.serialize_value(shown) + dg.serialize_value(job.get_job_snapshot())
    assert "5ecret" not in everything
    configured = {
        (found.name, field): value
        for found in shown.resources or ()
        for field, value in found.configured_values.items()
    }
    for resource, field, name in (
        ("hubspot", "access_token", "HUBSPOT_ACCESS_TOKEN"),
        ("kaggle", "key", "KAGGLE_KEY"),
        ("kaggle", "password", "KAGGLE_PASSWORD"),
        ("database", "url", "DATABASE_URL"),
        ("database", "password", "DB_PASSWORD"),
    ):
        assert configured[resource, field] == ResourceConfigEnvVarSnap(name=name)


@pytest.mark.parametrize(
    ("resource", "groups"),
    [
        (DatabaseResource, [DatabaseSettings]),
        (FilesResource, [FileSettings]),
        (HubSpotResource, [HubSpotSettings, RetrySettings]),
        (KaggleResource, [KaggleSettings, RetrySettings]),
        (LoadingResource, [LoadSettings, RetrySettings]),
    ],
)
def test_every_setting_is_a_described_field_of_its_resource(
    resource: type[dg.ConfigurableResource[Any]], groups: list[type[Group]]
) -> None:
    settings = {name for group in groups for name in group.model_fields} - {"dagster_home", "secrets_dir", "aws_secret"}
    assert settings <= set(resource.model_fields)
    for name in settings:
        assert resource.model_fields[name].description


def test_a_resource_that_is_built_by_hand_finds_its_secret_by_any_name(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("HUBSPOT_ACCESS_TOKEN=only-in-the-file\n", encoding="utf-8")
    found: list[str] = []

    @dg.asset
    def asks(hubspot: HubSpotResource) -> None:
        token = hubspot.settings.hubspot.access_token
        found.append(token.get_secret_value() if token else "")

    built = HubSpotResource(access_token=dg.EnvVar("HUBSPOT_ACCESS_TOKEN"), email_domain="example.com")
    assert dg.materialize([asks], resources={"hubspot": built}).success
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "rotated")
    assert dg.materialize([asks], resources={"hubspot": built}).success
    assert found == ["only-in-the-file", "rotated"]


def test_resources_can_be_replaced() -> None:
    settings = load_settings()
    other = LoadingResource(batch_size=7)
    assert (build_definitions(settings, resources={"loading": other}).resources or {})["loading"] is other


def test_owners_are_those_of_the_settings_and_none_are_made_up() -> None:
    for given, owners in ((None, []), ("team:growth, ana@example.com", ["team:growth", "ana@example.com"])):
        graph = build_definitions(load_settings(asset_owners=given)).resolve_asset_graph()
        assert [graph.get(key).owners for key in graph.get_all_asset_keys()] == [owners] * len(ASSETS)


@pytest.mark.parametrize(
    "owner",
    ["somebody", "a@b.c", "ana@example.technology", "ana@münchen.de", "o'b@example.com", "Ana <ana@example.com>"],
)
def test_an_owner_that_dagster_refuses_is_a_mistake_of_the_settings(owner: str) -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError):
        dg.asset(owners=[owner])(lambda: None)
    with pytest.raises(PipelineError, match="ASSET_OWNERS"):
        load_settings(asset_owners=owner)


def test_the_file_is_fresh_for_a_year_or_as_long_as_the_settings_say() -> None:
    for given, days in ((None, 366), (30, 30)):
        (spec,) = (
            spec
            for spec in build_definitions(load_settings(kaggle_max_age_days=given)).resolve_all_asset_specs()
            if spec.key == dg.AssetKey("raw_zip")
        )
        assert spec.freshness_policy == dg.FreshnessPolicy.time_window(fail_window=timedelta(days=days))


def test_only_the_tables_follow_by_themselves_and_never_a_run_that_made_them(
    sandbox: Sandbox, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    del sandbox
    definitions = build_definitions(load_settings())
    first = dg.evaluate_automation_conditions(definitions, instance)
    path = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1)])
    assert run_graph(instance, assets=["raw_zip"], config={"raw_zip": {"path": str(path)}}).success
    second = dg.evaluate_automation_conditions(definitions, instance, cursor=first.cursor)
    assert run_graph(instance, assets=["raw_zip", "baby_names_table", "baby_name_years"]).success
    third = dg.evaluate_automation_conditions(definitions, instance, cursor=second.cursor)
    requested = [
        {result.key.to_user_string() for result in each.results if result.true_subset.size}
        for each in (first, second, third)
    ]
    assert requested == [set(), {"baby_names_table", "baby_name_years"}, set()]


def test_the_dry_run_is_a_job_of_its_own_and_writes_nothing(sandbox: Sandbox, instance: dg.DagsterInstance) -> None:
    settings = load_settings()
    settings.files.downloads.mkdir(parents=True)
    write_csv(settings.files.downloads / "babyNamesUSYOB-full.csv", [(1990, "Mary", "F", 1)])
    job = build_definitions(settings).resolve_job_def(DRY_RUN_JOB)
    for partition in (None, "M"):
        result = job.execute_in_process(instance=instance, partition_key=partition)
        assert result.success
    assert StandIn(sandbox.hubspot_url).stats()["contacts"] == 0


def test_a_secret_that_was_rotated_counts_at_the_next_run_of_the_same_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "HUBSPOT_ACCESS_TOKEN").write_text("first\n", encoding="utf-8")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    found: list[str] = []

    @dg.asset
    def asks(hubspot: HubSpotResource) -> None:
        token = hubspot.settings.hubspot.access_token
        found.append(token.get_secret_value() if token else "")

    resources = build_definitions(load_settings()).resources
    assert resources is not None
    assert dg.materialize([asks], resources={"hubspot": resources["hubspot"]}).success
    (tmp_path / "HUBSPOT_ACCESS_TOKEN").write_text("rotated\n", encoding="utf-8")
    assert dg.materialize([asks], resources={"hubspot": resources["hubspot"]}).success
    assert found == ["first", "rotated"]
