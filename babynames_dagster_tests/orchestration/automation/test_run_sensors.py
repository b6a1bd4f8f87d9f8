"""What people and a monitor hear of a run's end, over a real instance and real HTTP."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._grpc.server import DagsterApiServer
from dagster._utils import get_run_crash_explanation

from babynames_dagster.cli.runs.pipeline import job_to_run
from babynames_dagster.definitions import build_definitions
from babynames_dagster.orchestration.automation.run_sensors import failure_sensor, success_sensor
from babynames_dagster.orchestration.resources.failures import KILLED
from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster.settings import load_settings
from babynames_dagster_tests.support.pipeline import run_graph, write_csv
from babynames_dagster_tests.support.servers.webhook import webhook
from babynames_dagster_tests.support.stand_ins.sandbox import set_faults

ROWS = [(1990, "Mary", "F", 10), (1990, "John", "M", 9)]


@pytest.fixture
def hook(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """What the webhook was sent."""
    del sandbox
    with webhook() as (url, bodies):
        monkeypatch.setenv("ALERT_WEBHOOK_URL", url)
        yield bodies


@pytest.fixture
def monitor(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """What the monitor was asked for."""
    with webhook() as (url, bodies):
        monkeypatch.setenv("SUCCESS_PING_URL", url)
        yield bodies


def reported(bodies: list[bytes]) -> list[str]:
    return [json.loads(body)["text"] for body in bodies]


def report_failure(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Tick the sensor over a failed run, as the daemon does."""
    events = [entry.dagster_event for entry in instance.all_logs(run.run_id) if entry.dagster_event]
    (failed,) = [event for event in events if event.is_run_failure]
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    failure_sensor(load_settings())(
        dg.build_run_status_sensor_context(
            sensor_name="run_failed",
            dagster_event=failed,
            dagster_instance=instance,
            dagster_run=found,
            repository_def=build_definitions(load_settings()).get_repository_def(),
        ).for_run_failure()
    )


def report_success(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> None:
    success_sensor(load_settings())(
        dg.build_run_status_sensor_context(
            sensor_name="run_succeeded",
            dagster_event=result.get_run_success_event(),
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            repository_def=build_definitions(load_settings()).get_repository_def(),
        )
    )


def started_run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    return instance.create_run_for_job(job_to_run(load_settings()), status=dg.DagsterRunStatus.STARTED)


def test_a_failed_run_is_reported_with_code_remedy_and_link(instance: dg.DagsterInstance, hook: list[bytes]) -> None:
    result = run_graph(instance, config={"raw_zip": {"path": os.devnull}})
    report_failure(instance, result.dagster_run)
    (text,) = reported(hook)
    assert "FILE_NOT_READABLE" in text
    assert f"/runs/{result.run_id}" in text


def test_contacts_that_failed_are_reported_with_hubspots_reason(
    sandbox: Sandbox, instance: dg.DagsterInstance, hook: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBSPOT_REQUESTS_PER_BATCH", "1")
    monkeypatch.setenv("HUBSPOT_MAX_IN_FLIGHT", "1")
    monkeypatch.setenv("MAX_RETRIES", "0")
    set_faults(sandbox, {"kind": "server_error", "status": 503, "path": "/create", "times": 1})
    path = write_csv(tmp_path / "names.csv", ROWS)
    report_failure(instance, run_graph(instance, config={"raw_zip": {"path": str(path)}}).dagster_run)
    (text,) = reported(hook)
    assert "HUBSPOT_ROWS_FAILED" in text
    assert "1 contacts could not be sent" in text
    assert "HubSpot's reason for 1 of them: INTERNAL_ERROR: " in text


def test_an_unreachable_target_breaks_nothing(
    sandbox: Sandbox, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    del sandbox
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "http://127.0.0.1:1/hook")
    report_failure(instance, run_graph(instance, config={"raw_zip": {"path": os.devnull}}).dagster_run)


@pytest.mark.parametrize(
    ("exit_code", "says"), [(-9, "SIGKILL"), (-9, "out of memory"), (-11, "SIGSEGV"), (3, "code 3")]
)
def test_a_worker_that_died_is_reported_with_its_signal(
    instance: dg.DagsterInstance, hook: list[bytes], exit_code: int, says: str
) -> None:
    run = started_run(instance)
    # As dagster/_grpc/server.py does when it finds a run without its process.
    crash = get_run_crash_explanation(f"Run execution process for {run.run_id}", exit_code)
    instance.report_engine_event(crash, run, cls=DagsterApiServer)
    instance.report_run_failed(run)
    report_failure(instance, run)
    (text,) = reported(hook)
    assert "RUN_LOST" in text
    assert says in text
    assert "report this" not in text


@pytest.mark.parametrize(
    "message",
    [
        KILLED,
        "Exceeded maximum runtime of 43200 seconds.",
        "Run timed out due to taking longer than 180 seconds to start.",
    ],
)
def test_a_run_that_was_given_up_is_reported_as_such(
    instance: dg.DagsterInstance, hook: list[bytes], message: str
) -> None:
    run = started_run(instance)
    instance.report_run_failed(run, message)
    report_failure(instance, run)
    (text,) = reported(hook)
    assert "RUN_LOST" in text
    assert message in text


def test_a_run_that_dagster_repeats_by_itself_is_not_reported_as_one_to_run_again(
    instance: dg.DagsterInstance, hook: list[bytes]
) -> None:
    run = started_run(instance)
    instance.report_run_failed(run, KILLED)
    instance.add_run_tags(run.run_id, {"dagster/will_retry": "true"})
    report_failure(instance, run)
    (text,) = reported(hook)
    assert "Dagster starts this run again by itself" in text


def test_a_run_of_another_code_location_is_left_alone_whatever_its_name(
    instance: dg.DagsterInstance, hook: list[bytes]
) -> None:
    @dg.op
    def fail() -> None:
        raise RuntimeError

    @dg.job(name="babynames")
    def theirs() -> None:
        fail()

    @dg.asset
    def raw() -> None:
        raise RuntimeError

    other_job = theirs.execute_in_process(instance=instance, raise_on_error=False)
    other_asset = dg.materialize([raw], instance=instance, raise_on_error=False)
    for result in (other_job, other_asset):
        report_failure(instance, result.dagster_run)
    assert hook == []


def test_a_success_pings_the_monitor_and_a_dry_run_or_half_a_run_does_not(
    instance: dg.DagsterInstance, hook: list[bytes], monitor: list[bytes], tmp_path: Path
) -> None:
    path = {"raw_zip": {"path": str(write_csv(tmp_path / "names.csv", ROWS))}}
    tables = run_graph(instance, assets=["raw_zip", "baby_names_table"], config=path)
    dry_run = run_graph(instance, config={**path, "hubspot_contacts": {"dry_run": True}})
    for result in (tables, dry_run):
        assert result.success
        report_success(instance, result)
    assert monitor == []
    report_success(instance, run_graph(instance, config=path))
    assert (len(monitor), hook) == (1, [])


def test_checks_that_failed_in_a_run_that_succeeded_are_reported_and_the_monitor_gets_nothing(
    instance: dg.DagsterInstance, hook: list[bytes], monitor: list[bytes], tmp_path: Path
) -> None:
    result = run_with_failed_check(instance, tmp_path, dg.AssetCheckSeverity.ERROR)
    report_success(instance, result)
    (text,) = reported(hook)
    assert "CHECK_FAILED" in text
    assert "hubspot_contacts: sample_reads_back" in text
    assert monitor == []


def test_checks_that_only_warn_alert_no_one_and_keep_no_monitor_waiting(
    instance: dg.DagsterInstance, hook: list[bytes], monitor: list[bytes], tmp_path: Path
) -> None:
    report_success(instance, run_with_failed_check(instance, tmp_path, dg.AssetCheckSeverity.WARN))
    assert (len(monitor), hook) == (1, [])


def run_with_failed_check(
    instance: dg.DagsterInstance, folder: Path, severity: dg.AssetCheckSeverity
) -> dg.ExecuteInProcessResult:
    path = write_csv(folder / "names.csv", ROWS)
    result = run_graph(instance, config={"raw_zip": {"path": str(path)}})
    instance.report_dagster_event(
        dg.DagsterEvent(
            event_type_value=dg.DagsterEventType.ASSET_CHECK_EVALUATION.value,
            job_name=result.dagster_run.job_name,
            event_specific_data=dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey("hubspot_contacts"),
                check_name="sample_reads_back",
                passed=False,
                metadata={},
                severity=severity,
            ),
        ),
        run_id=result.run_id,
    )
    return result
