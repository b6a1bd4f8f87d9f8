"""What a run may ask of the sync by its config, and what the UI then shows of each partition."""

import logging
import os
import re
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from babynames_dagster.cli.runs.pipeline import job_to_run
from babynames_dagster.cli.runs.summary import summarise
from babynames_dagster.database.tables import baby_names
from babynames_dagster.errors import ErrorCode
from babynames_dagster.hubspot.sync.report import SyncReport
from babynames_dagster.names.identity import INITIALS
from babynames_dagster.orchestration.assets.contacts.metadata import run_metadata
from babynames_dagster.orchestration.resources.failures import error_of_run
from babynames_dagster.sandbox.server import PORTAL_ID, Sandbox
from babynames_dagster.settings import load_settings
from babynames_dagster_tests.support.pipeline import run_graph, write_csv
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.stand_ins.sandbox import set_faults
from babynames_dagster_tests.support.waiting import wait_until

CONTACTS = dg.AssetKey("hubspot_contacts")
ROWS = [(1990, "Mary", "F", 10), (1990, "John", "M", 9), (1990, "Jane", "F", 8)]


@pytest.fixture
def instance(instance: dg.DagsterInstance, sandbox: Sandbox, tmp_path: Path) -> dg.DagsterInstance:
    """An instance whose run has loaded three names."""
    del sandbox
    path = write_csv(tmp_path / "names.csv", ROWS)
    tables = ["raw_zip", "baby_names_table"]
    assert run_graph(instance, assets=tables, config={"raw_zip": {"path": str(path)}}).success
    return instance


def run_sync(instance: dg.DagsterInstance, **config: bool) -> dict[str, int | None]:
    """Run the sync, and return the counts that the command line prints."""
    result = run_graph(instance, assets=["hubspot_contacts"], config={"hubspot_contacts": config})
    assert result.success
    return summarise(instance, result.run_id, selected=["hubspot_contacts"]).counts


def plain(metadata: Mapping[str, dg.MetadataValue[Any]]) -> dict[str, Any]:
    """Return metadata as plain values, tables as a list of rows."""
    return {
        key: [record.data for record in value.records] if isinstance(value, dg.TableMetadataValue) else value.value
        for key, value in metadata.items()
    }


def partition_metadata(instance: dg.DagsterInstance, partition: str) -> dict[str, Any]:
    wanted = dg.AssetRecordsFilter(asset_key=CONTACTS, asset_partitions=[partition])
    (event,) = instance.fetch_materializations(wanted, limit=1).records
    assert event.asset_materialization is not None
    return plain(event.asset_materialization.metadata)


def spoil_mary(url: str) -> None:
    """Give a name a slug that makes no email."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.update(baby_names).where(baby_names.c.name == "Mary").values(slug="two..dots"))
    engine.dispose()


def test_each_partition_shows_its_own_counts_time_calls_and_rows(instance: dg.DagsterInstance) -> None:
    run_sync(instance)
    shown = partition_metadata(instance, "J")
    assert shown["dagster/partition_row_count"] == shown["contacts_created"] == 2
    assert shown["preview"] == [
        {"email": "jane.f@babynamesdemo.com", "firstname": "Jane", "lastname": "Female"},
        {"email": "john.m@babynamesdemo.com", "firstname": "John", "lastname": "Male"},
    ]
    assert (shown["requests"], shown["waited_seconds"]) == (1, 0)
    assert shown["seconds"] > 0
    assert shown["contacts_per_second"] > 0
    assert not {"share_of_ceiling", "first_rejects"} & shown.keys()


def test_a_partition_without_contacts_shows_zeros_and_no_rates(instance: dg.DagsterInstance) -> None:
    run_sync(instance)
    shown = partition_metadata(instance, "Q")
    assert (shown["dagster/partition_row_count"], shown["requests"], shown["seconds"]) == (0, 0, 0)
    assert not {"contacts_per_second", "share_of_ceiling", "preview", "first_rejects"} & shown.keys()


def test_every_partition_shows_the_accounts_totals_of_this_run_and_of_all_and_no_link_to_a_stand_in(
    instance: dg.DagsterInstance, url: str
) -> None:
    spoil_mary(url)
    run_sync(instance)
    run_sync(instance)
    shown = partition_metadata(instance, "Q")
    assert shown["portal_id"] == str(PORTAL_ID)
    assert "contacts" not in shown
    account = {row["contacts"].strip(): (row["this run"], row["ever"]) for row in shown["account"]}
    assert account["in HubSpot as in the table"] == (2, 2)
    assert account["of these, created"] == (0, "")
    assert account["of these, unchanged since an earlier run"] == (2, "")
    assert account["rejected"] == (1, 1)
    assert account["not reached"] == (0, "")


@pytest.mark.parametrize(
    ("seconds", "achieved", "shown"),
    [
        (2.0, 1.88, {}),
        (59.9, 0.5, {}),
        (60.0, 1.08, {"share_of_ceiling": 1.0}),
        (100.0, 0.97, {"share_of_ceiling": 0.97}),
    ],
)
def test_a_share_of_the_ceiling_is_shown_of_long_runs_only_and_is_never_above_one(
    seconds: float, achieved: float, shown: dict[str, float]
) -> None:
    report = SyncReport(1, dry_run=False, by_partition={}, seconds=seconds, achieved_share=achieved)
    metadata = run_metadata(report)
    assert {key: value for key, value in metadata.items() if key == "share_of_ceiling"} == shown


def run_without_partitions(instance: dg.DagsterInstance, **config: bool) -> dg.ExecuteInProcessResult:
    """Run the sync as the launchpad does with an empty box, and `dagster job execute`."""
    return job_to_run(load_settings()).execute_in_process(
        instance=instance,
        asset_selection=[CONTACTS],
        run_config={"ops": {"hubspot_contacts": {"config": config}}},
        raise_on_error=False,
    )


def test_a_run_without_a_partition_covers_all_of_them(instance: dg.DagsterInstance, sandbox: Sandbox) -> None:
    assert run_without_partitions(instance, dry_run=True).success
    assert (writes(sandbox), instance.get_materialized_partitions(CONTACTS)) == (0, set())
    result = run_without_partitions(instance)
    assert result.success
    assert [check.passed for check in result.get_asset_check_evaluations()] == [True, True, True]
    assert writes(sandbox) == 1
    assert instance.get_materialized_partitions(CONTACTS) == set(INITIALS)
    assert partition_metadata(instance, "J")["contacts_created"] == 2


def test_a_sync_that_is_stopped_says_how_many_contacts_are_acknowledged_and_keeps_what_is_complete(
    instance: dg.DagsterInstance, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBSPOT_REQUESTS_PER_BATCH", "1")
    monkeypatch.setenv("HUBSPOT_MAX_IN_FLIGHT", "1")

    def stop_after_two() -> None:
        wait_until(lambda: writes(sandbox) >= 2, seconds=60, what="two writes", every=0.02)
        os.kill(os.getpid(), signal.SIGINT)

    set_faults(sandbox, {"kind": "slow", "path": "create", "seconds": 1.0})
    threading.Thread(target=stop_after_two).start()
    result = run_graph(instance, assets=["hubspot_contacts"])
    events = [entry.dagster_event for entry in instance.all_logs(result.run_id) if entry.dagster_event]
    error = error_of_run(events)
    assert error is not None
    assert error.code is ErrorCode.INTERRUPTED
    assert re.search(r"[12] of 3 contacts are acknowledged by HubSpot", error.what)
    logged = [entry.message for entry in instance.all_logs(result.run_id) if entry.level == logging.ERROR]
    assert any(message.startswith("[INTERRUPTED] The sync was stopped") for message in logged)
    done = instance.get_materialized_partitions(CONTACTS)
    assert "Q" in done
    assert "M" not in done


def test_rejects_are_shown_with_the_partition_they_belong_to(instance: dg.DagsterInstance, url: str) -> None:
    spoil_mary(url)
    run_sync(instance)
    (reject,) = partition_metadata(instance, "M")["first_rejects"]
    assert reject["email"] == "two..dots@babynamesdemo.com"
    assert reject["category"] == "VALIDATION_ERROR"
    assert reject["correlation_id"]
    assert "first_rejects" not in partition_metadata(instance, "J")


def test_contacts_that_are_left_alone_are_shown_with_the_partition_they_belong_to(
    instance: dg.DagsterInstance, sandbox: Sandbox
) -> None:
    run_sync(instance)
    StandIn(sandbox.hubspot_url).edit("mary.f@babynamesdemo.com", email="mary@customer.com")
    reported = run_sync(instance, full_refresh=True)
    assert (reported["contacts_kept"], reported["contacts_updated"]) == (1, 2)
    shown = partition_metadata(instance, "M")
    (left,) = shown["first_left_alone"]
    assert (left["email"], left["category"]) == ("mary.f@babynamesdemo.com", "NOT_OURS")
    assert left["message"].startswith("its email has become mary@customer.com, record ")
    assert shown["contacts_kept"] == 1
    assert "first_left_alone" not in partition_metadata(instance, "J")


def test_full_refresh_sends_what_has_not_changed(instance: dg.DagsterInstance) -> None:
    run_sync(instance)
    assert run_sync(instance)["contacts_unchanged"] == 3
    assert run_sync(instance, full_refresh=True)["contacts_updated"] == 3


def test_retry_rejected_sends_again_what_hubspot_refused(
    instance: dg.DagsterInstance, url: str, sandbox: Sandbox
) -> None:
    spoil_mary(url)
    run_sync(instance)
    before = writes(sandbox)
    assert run_sync(instance)["contacts_rejected"] == 1
    assert writes(sandbox) == before
    assert run_sync(instance, retry_rejected=True)["contacts_rejected"] == 1
    assert writes(sandbox) == before + 1


def test_a_dry_run_observes_each_partition_and_promises_no_rates(
    instance: dg.DagsterInstance, sandbox: Sandbox
) -> None:
    assert run_sync(instance, dry_run=True)["contacts_created"] == 3
    wanted = dg.AssetRecordsFilter(asset_key=CONTACTS, asset_partitions=["J"])
    (event,) = instance.fetch_observations(wanted, limit=10).records
    assert event.asset_observation is not None
    shown = plain(event.asset_observation.metadata)
    assert (shown["dry_run"], shown["contacts_created"], len(shown["preview"])) == (True, 2, 2)
    assert not {"contacts_per_second", "share_of_ceiling"} & shown.keys()
    assert writes(sandbox) == 0


def writes(sandbox: Sandbox) -> int:
    return len(StandIn(sandbox.hubspot_url).writes())
