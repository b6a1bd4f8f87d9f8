"""The queue's `dagster.yaml` is one that Dagster takes, and avoids what bites."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from babynames_dagster.orchestration.queue.launcher import QueueRunLauncher
from babynames_dagster_tests.deploy.deployment import DEPLOY

DEPLOYED = DEPLOY / "queue" / "dagster.yaml"


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    config = yaml.safe_load(DEPLOYED.read_text(encoding="utf-8"))
    del config["storage"]  # its driver is an extra
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    monkeypatch.setenv("DAGSTER_QUEUE_URL", "redis://127.0.0.1:9/0")
    with dg.DagsterInstance.from_config(str(tmp_path)) as opened:
        yield opened


def test_runs_wait_in_dagsters_queue_and_a_lost_one_is_repeated_not_resumed(instance: dg.DagsterInstance) -> None:
    concurrency = instance.get_concurrency_config()
    assert concurrency.run_queue_config is not None
    assert concurrency.run_queue_config.max_concurrent_runs == concurrency.pool_config.default_pool_limit
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_max_resume_run_attempts == 0
    assert instance.run_retries_enabled
    assert not instance.run_retries_retry_on_asset_or_op_failure


def test_a_worker_takes_one_run_at_a_time_in_a_process_of_its_own(instance: dg.DagsterInstance) -> None:
    launcher = instance.run_launcher
    assert isinstance(launcher, QueueRunLauncher)
    celery = launcher.celery.conf
    assert celery.broker_url == celery.result_backend == "redis://127.0.0.1:9/0"
    assert celery.worker_max_tasks_per_child == 1
    assert celery.worker_disable_prefetch
    assert not celery.task_acks_late
