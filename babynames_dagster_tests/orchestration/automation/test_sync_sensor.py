"""The sensor of contacts that are to be sent, on a real instance."""

import dagster as dg
import pytest

from babynames_dagster.database.ledger.key import NAMES, Ledger
from babynames_dagster.database.senders import Claim, claim_partitions, release_claim
from babynames_dagster.definitions import build_definitions, resources_of
from babynames_dagster.orchestration.automation.jobs import SYNC_JOB
from babynames_dagster.orchestration.automation.sync_sensor import sync_sensor
from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster.settings import load_settings
from babynames_dagster_tests.support.pipeline import drop_file, resources_named, run_graph


def ask_about_contacts(instance: dg.DagsterInstance) -> list[dg.RunRequest | dg.SkipReason]:
    with dg.build_sensor_context(instance=instance, resources=resources_named("database", "hubspot")) as context:
        answer = sync_sensor()(context)
        return list(answer)  # type: ignore[arg-type]  # a generator function's answer


def test_only_partitions_with_something_to_send_are_asked_for(sandbox: Sandbox, instance: dg.DagsterInstance) -> None:
    del sandbox
    names = [(1990, name, "F", 1) for name in ("Ada", "Bea", "Cleo", "Mary")]
    path = drop_file("names.csv", names)
    assert run_graph(instance, assets=["raw_zip", "baby_names_table"], config={"raw_zip": {"path": str(path)}}).success
    requests = ask_about_contacts(instance)
    ranges = [
        (item.tags["dagster/asset_partition_range_start"], item.tags["dagster/asset_partition_range_end"])
        for item in requests
        if isinstance(item, dg.RunRequest)
    ]
    assert ranges == [("A", "C"), ("M", "M")]
    assert run_graph(instance, assets=["hubspot_contacts"]).success
    (skip,) = ask_about_contacts(instance)
    assert isinstance(skip, dg.SkipReason)


def test_partitions_that_another_run_sends_are_left_to_it(sandbox: Sandbox, instance: dg.DagsterInstance) -> None:
    del sandbox
    path = drop_file("names.csv", [(1990, name, "F", 1) for name in ("Ada", "Bea", "Mary")])
    assert run_graph(instance, assets=["raw_zip", "baby_names_table"], config={"raw_zip": {"path": str(path)}}).success
    engine = resources_of(load_settings())["database"].engine
    with resources_of(load_settings())["hubspot"].client(engine) as client:
        portal = client.portal_id

    def sent_by_another(*partitions: str) -> None:
        claim = Claim("theirs", "run 12345678 of babynames on elsewhere", "elsewhere 17")
        release_claim(engine, "theirs")
        claim_partitions(
            engine,
            ledger=Ledger(portal, NAMES),
            partitions=partitions,
            claim=claim,
            seconds=60,
            is_gone=lambda _: False,
        )

    sent_by_another("B")
    requests = [item for item in ask_about_contacts(instance) if isinstance(item, dg.RunRequest)]
    assert [item.tags["dagster/asset_partition_range_start"] for item in requests] == ["A", "M"]
    sent_by_another("A", "B", "M")
    (skip,) = ask_about_contacts(instance)
    assert isinstance(skip, dg.SkipReason)
    assert "run 12345678 of babynames on elsewhere sends A" in str(skip.skip_message)


def test_nothing_is_asked_for_while_hubspot_cannot_be_reached(
    sandbox: Sandbox, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    del sandbox
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "pat-na1-wrong-token")
    (skip,) = ask_about_contacts(instance)
    assert isinstance(skip, dg.SkipReason)
    assert "HUBSPOT_AUTH_ERROR" in str(skip.skip_message)


def test_nothing_is_asked_for_where_only_the_daily_reserve_is_left(
    sandbox: Sandbox, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    del sandbox
    monkeypatch.setenv("HUBSPOT_DAILY_RESERVE", "10000000")
    path = drop_file("names.csv", [(1990, "Ada", "F", 1)])
    assert run_graph(instance, assets=["raw_zip", "baby_names_table"], config={"raw_zip": {"path": str(path)}}).success
    (skip,) = ask_about_contacts(instance)
    assert isinstance(skip, dg.SkipReason)
    assert "HUBSPOT_DAILY_LIMIT" in str(skip.skip_message)


def test_a_sync_that_failed_a_moment_ago_is_left_alone(sandbox: Sandbox, instance: dg.DagsterInstance) -> None:
    del sandbox
    path = drop_file("names.csv", [(1990, "Ada", "F", 1)])
    assert run_graph(instance, assets=["raw_zip", "baby_names_table"], config={"raw_zip": {"path": str(path)}}).success
    run = instance.create_run_for_job(
        build_definitions(load_settings()).resolve_job_def(SYNC_JOB), status=dg.DagsterRunStatus.STARTED
    )
    assert "under way" in str(ask_about_contacts(instance)[0])
    instance.report_run_failed(run)
    (skip,) = ask_about_contacts(instance)
    assert isinstance(skip, dg.SkipReason)
    assert "failed" in str(skip.skip_message)
