"""The sensor of dropped files, on a real instance and real files."""

import os

import dagster as dg

from babynames_dagster.orchestration.automation.file_sensor import FILE_TAG, file_sensor
from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster_tests.support.pipeline import drop_file, resources_named, run_graph
from babynames_dagster_tests.support.waiting import wait_until

STILL_SECONDS = 0.3


WHOLE_RANGE = {"dagster/asset_partition_range_start": "A", "dagster/asset_partition_range_end": "other"}


def ask_about_files(instance: dg.DagsterInstance, cursor: str | None = None) -> dg.SensorResult:
    with dg.build_sensor_context(
        instance=instance, cursor=cursor, resources=resources_named("database", "files")
    ) as context:
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
