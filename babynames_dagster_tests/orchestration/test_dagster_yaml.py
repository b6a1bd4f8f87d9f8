"""The `dagster.yaml` that the package brings is one that Dagster takes, and means what it says."""

import shutil
from importlib import resources
from pathlib import Path

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickStatus


def test_the_packaged_instance_is_quiet_and_repeats_only_runs_that_dagster_lost(tmp_path: Path) -> None:
    with resources.as_file(resources.files("babynames_dagster.orchestration") / "dagster.yaml") as packaged:
        shutil.copy(packaged, tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert instance.run_monitoring_enabled
        assert instance.run_retries_enabled
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert instance.get_tick_retention_settings(InstigatorType.SENSOR)[TickStatus.SKIPPED] == 2
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 2
