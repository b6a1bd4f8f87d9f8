"""Sensors and schedule: what starts by itself, on a real instance and real files."""

import os
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from babynames_dagster.database.ledger.candidates import NAMES
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.senders import Claim, claim_partitions, release_claim
from babynames_dagster.definitions import build_definitions, resources_of
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.orchestration.automation.file_sensor import FILE_TAG, file_sensor
from babynames_dagster.orchestration.automation.jobs import SYNC_JOB
from babynames_dagster.orchestration.automation.schedules import daily_schedule
from babynames_dagster.orchestration.automation.sync_sensor import sync_sensor
from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster.settings import load_settings
from babynames_dagster_tests.support.pipeline import run_graph, write_csv
from babynames_dagster_tests.support.waiting import wait_until

STILL_SECONDS = 0.3
WHOLE_RANGE = {"dagster/asset_partition_range_start": "A", "dagster/asset_partition_range_end": "other"}


def given(*keys: str) -> dict[str, Any]:
    resources = resources_of(load_settings())
    return {key: resources[key] for key in keys}


def drop_file(name: str, rows: list[tuple[int, str, str, int]]) -> Path:
    """Put a CSV into the download folder, written to its end a while ago."""
    folder = load_settings().files.downloads
    folder.mkdir(parents=True, exist_ok=True)
    return write_csv(folder / name, rows)


def ask_about_files(instance: dg.DagsterInstance, cursor: str | None = None) -> dg.SensorResult:
    with dg.build_sensor_context(instance=instance, cursor=cursor, resources=given("database", "files")) as context:
        answer = file_sensor(settle_seconds=STILL_SECONDS)(context)
    assert isinstance(answer, dg.SensorResult)
    return answer


def ask_until_still(instance: dg.DagsterInstance) -> dg.SensorResult:
    """Tick as the daemon does, until a file has been still for long enough."""
    cursor: str | None = None

    def tick() -> dg.SensorResult | None:
        nonlocal cursor
        answer = ask_about_files(instance, cursor)
        cursor = answer.cursor
        return answer if answer.run_requests else None

    return wait_until(tick, seconds=30, what="a request for a run")


def test_a_dropped_file_asks_for_one_run_of_everything_for_that_very_file(
    sandbox: Sandbox, instance: dg.DagsterInstance
) -> None:
    del sandbox
    dropped = drop_file("any name.csv", [(1990, "Mary", "F", 1)])
    (request,) = ask_until_still(instance).run_requests or []
    config = request.run_config["ops"]["raw_zip"]["config"]
    assert config["path"] == str(dropped)
    assert request.tags.items() >= WHOLE_RANGE.items()
    assert request.tags[FILE_TAG] == config["sha256"]
    assert run_graph(instance, config={"raw_zip": config}, tags={FILE_TAG: config["sha256"]}).success
    later = ask_about_files(instance)
    assert not later.run_requests


def test_a_dropped_file_whose_name_is_not_utf_8_is_loaded(sandbox: Sandbox, instance: dg.DagsterInstance) -> None:
    del sandbox
    dropped = drop_file("plain.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1)])
    dropped.rename(dropped.with_name(os.fsdecode(b"pr\xe9noms.csv")))

    (request,) = ask_until_still(instance).run_requests or []

    config = request.run_config["ops"]["raw_zip"]["config"]
    result = run_graph(instance, config={"raw_zip": config}, tags=dict(request.tags))
    assert result.success
    assert not ask_about_files(instance).run_requests


def test_a_missing_folder_is_said_and_starts_nothing(sandbox: Sandbox, instance: dg.DagsterInstance) -> None:
    del sandbox
    answer = ask_about_files(instance)
    assert not answer.run_requests
    assert answer.skip_reason is not None
    assert "can't be read" in str(answer.skip_reason.skip_message)


def ask_about_contacts(instance: dg.DagsterInstance) -> list[dg.RunRequest | dg.SkipReason]:
    with dg.build_sensor_context(instance=instance, resources=given("database", "hubspot")) as context:
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


def test_the_daily_schedule_is_off_by_default_and_runs_everything() -> None:
    schedule = daily_schedule(load_settings(daily_cron="15 4 * * *").schedule)
    assert schedule.cron_schedule == "15 4 * * *"
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    request = schedule(dg.build_schedule_context())
    assert isinstance(request, dg.RunRequest)
    assert request.tags.items() >= WHOLE_RANGE.items()


@pytest.mark.parametrize("text", ["at noon", "0 6 * * FOO", "0 25 * * *", "* * * * * * *", ""])
def test_a_time_that_dagster_refuses_is_named_as_a_mistake_in_the_settings(text: str) -> None:
    with pytest.raises(PipelineError, match="DAILY_CRON") as caught:
        build_definitions(load_settings(daily_cron=text))
    assert caught.value.code is ErrorCode.INVALID_CONFIG


@pytest.mark.parametrize("text", ["15 4 * * MON-FRI", "@weekly", "0 6 L * *"])
def test_whatever_dagster_understands_is_a_time(text: str) -> None:
    schedule = daily_schedule(load_settings(daily_cron=text, daily_time_zone="Europe/Berlin").schedule)
    assert (schedule.cron_schedule, schedule.execution_timezone) == (text, "Europe/Berlin")
