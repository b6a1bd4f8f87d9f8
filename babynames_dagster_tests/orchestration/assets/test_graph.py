"""The whole graph on a real ephemeral instance, against the sandbox, on both databases."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from babynames_dagster.orchestration.assets.partitions import CONTACT_PARTITIONS
from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster.settings import load_settings
from babynames_dagster_tests.support.pipeline import pointed_at_sandbox, run_graph, write_csv
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.stand_ins.sandbox import set_faults

ROWS = [
    (1990, "Mary", "F", 10),
    (1990, "John", "M", 9),
    (1990, "Jane", "F", 8),
    (1991, "John", "M", 7),
    (1991, "Zoë", "F", 6),
    (1991, "李", "F", 5),
]
NAMES = {("Mary", "Female"), ("John", "Male"), ("Jane", "Female"), ("Zoë", "Female"), ("李", "Female")}


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> Iterator[Sandbox]:
    with pointed_at_sandbox(monkeypatch, tmp_path, database_url) as served:
        yield served


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "names.csv", ROWS)


def contacts(sandbox: Sandbox) -> set[tuple[str, str]]:
    """The stand-in's contacts, as (firstname, lastname)."""
    found = StandIn(sandbox.hubspot_url).contacts().values()
    return {(contact["firstname"], contact["lastname"]) for contact in found}


def test_one_run_takes_the_file_all_the_way(sandbox: Sandbox, dataset: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_graph(instance, config={"raw_zip": {"path": str(dataset)}})
        assert result.success
        assert contacts(sandbox) == NAMES
        loaded = instance.get_latest_materialization_event(dg.AssetKey("baby_names_table"))
        assert loaded is not None
        assert loaded.asset_materialization is not None
        counts = {key: value.value for key, value in loaded.asset_materialization.metadata.items()}
        assert (counts["rows_read"], counts["rows_inserted"], counts["rows_duplicate"]) == (6, 5, 1)
        done = instance.get_materialized_partitions(dg.AssetKey("hubspot_contacts"))
        assert done == set(CONTACT_PARTITIONS.get_partition_keys())


def test_a_second_run_changes_nothing_and_sends_nothing(sandbox: Sandbox, dataset: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run_graph(instance, config={"raw_zip": {"path": str(dataset)}})
        before = StandIn(sandbox.hubspot_url).log()
        result = run_graph(instance, config={"raw_zip": {"path": str(dataset)}})
        assert result.success
        after = StandIn(sandbox.hubspot_url).log()
        writes = [item for item in after[len(before) :] if item["path"].endswith("create")]
        assert writes == []


def test_per_partition_counts_are_each_partitions_own(sandbox: Sandbox, dataset: Path) -> None:
    del sandbox
    with dg.DagsterInstance.ephemeral() as instance:
        run_graph(instance, config={"raw_zip": {"path": str(dataset)}})
        created = {}
        for partition in ("J", "M", "Z", "other", "Q"):
            (event,) = instance.fetch_materializations(
                dg.AssetRecordsFilter(asset_key=dg.AssetKey("hubspot_contacts"), asset_partitions=[partition]), limit=1
            ).records
            assert event.asset_materialization is not None
            created[partition] = event.asset_materialization.metadata["contacts_created"].value
        assert created == {"J": 2, "M": 1, "Z": 1, "other": 1, "Q": 0}


def test_one_asset_alone_uses_what_an_earlier_run_left(sandbox: Sandbox, dataset: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert run_graph(instance, assets=["raw_zip"], config={"raw_zip": {"path": str(dataset)}}).success
        assert run_graph(instance, assets=["baby_names_table"]).success
        assert run_graph(instance, assets=["hubspot_contacts"]).success
    assert contacts(sandbox) == NAMES


def test_a_run_for_a_file_that_was_replaced_says_so(sandbox: Sandbox, dataset: Path) -> None:
    del sandbox
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_graph(instance, config={"raw_zip": {"path": str(dataset), "sha256": "0" * 64}})
        assert not result.success
        failure = result.get_step_failure_events()[0].step_failure_data.user_failure_data
        assert failure is not None
        assert failure.metadata["code"].value == "FILE_CHANGED"


def test_a_wrong_token_fails_once_names_the_variable_and_keeps_the_table(
    sandbox: Sandbox, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "pat-na1-wrong-token")
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_graph(instance, config={"raw_zip": {"path": str(dataset)}})
        assert not result.success
        failure = result.get_step_failure_events()[0].step_failure_data.user_failure_data
        assert failure is not None
        assert failure.metadata["code"].value == "HUBSPOT_AUTH_ERROR"
        assert "HUBSPOT_ACCESS_TOKEN" in str(failure.metadata["remedy"].value)
        everything = "\n".join(str(entry) for entry in instance.all_logs(result.run_id))
        assert "pat-na1-wrong-token" not in everything
        assert instance.get_latest_materialization_event(dg.AssetKey("baby_names_table")) is not None
    assert contacts(sandbox) == set()


def test_when_some_rows_fail_the_complete_partitions_count_and_the_step_fails(
    sandbox: Sandbox, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBSPOT_REQUESTS_PER_BATCH", "1")
    monkeypatch.setenv("HUBSPOT_MAX_IN_FLIGHT", "1")
    monkeypatch.setenv("MAX_RETRIES", "0")
    set_faults(sandbox, {"kind": "server_error", "path": "create", "times": 1})
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_graph(instance, config={"raw_zip": {"path": str(dataset)}})
        assert not result.success
        failure = result.get_step_failure_events()[0].step_failure_data.user_failure_data
        assert failure is not None
        assert failure.metadata["code"].value == "HUBSPOT_ROWS_FAILED"
        done = instance.get_materialized_partitions(dg.AssetKey("hubspot_contacts"))
        assert 20 < len(done) < len(CONTACT_PARTITIONS.get_partition_keys())
        assert run_graph(instance, assets=["hubspot_contacts"]).success
    assert contacts(sandbox) == NAMES


def test_a_dry_run_materializes_no_partition_and_sends_nothing(sandbox: Sandbox, dataset: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        config: dict[str, dict[str, Any]] = {
            "raw_zip": {"path": str(dataset)},
            "hubspot_contacts": {"dry_run": True},
        }
        result = run_graph(instance, config=config)
        assert result.success
        assert instance.get_materialized_partitions(dg.AssetKey("hubspot_contacts")) == set()
    assert contacts(sandbox) == set()


def test_a_sync_without_any_names_is_no_success(sandbox: Sandbox) -> None:
    del sandbox
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_graph(instance, assets=["hubspot_contacts"])
        failure = result.get_step_failure_events()[0].step_failure_data.user_failure_data
        assert failure is not None
        assert failure.metadata["code"].value == "NAMES_NOT_LOADED"


def test_a_file_that_somebody_put_into_the_folder_is_loaded_without_raw_zip(sandbox: Sandbox) -> None:
    del sandbox
    settings = load_settings()
    settings.files.downloads.mkdir(parents=True)
    write_csv(settings.files.downloads / settings.kaggle.file, ROWS)
    with dg.DagsterInstance.ephemeral() as instance:
        assert run_graph(instance, assets=["baby_names_table"]).success
