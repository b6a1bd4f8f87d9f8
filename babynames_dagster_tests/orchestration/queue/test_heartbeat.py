"""The heartbeats of runs, as the exporter shows them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
from prometheus_client import CollectorRegistry
from redis import Redis
from sqlalchemy.engine import Engine

from babynames_dagster.orchestration.automation.jobs import SYNC_JOB
from babynames_dagster.orchestration.metrics.collector import PipelineCollector
from babynames_dagster.orchestration.queue.heartbeat import beating
from babynames_dagster.orchestration.queue.launcher import QueueRunLauncher
from babynames_dagster_tests.support.servers.queue import queue_instance
from babynames_dagster_tests.support.servers.redis import running_redis


@dg.job(name=SYNC_JOB)
def _job() -> None:
    pass


def _shown(engine: Engine, instance: dg.DagsterInstance) -> dict[str, float | None]:
    registry = CollectorRegistry()
    registry.register(PipelineCollector(engine, instance, None))
    shown: dict[str, float | None] = {
        worker: registry.get_sample_value("babynames_worker_runs", {"worker": worker}) for worker in ("heard", "silent")
    }
    return {**shown, "up": registry.get_sample_value("babynames_queue_up")}


@contextmanager
def _started(instance: dg.DagsterInstance) -> Iterator[dg.DagsterRun]:
    tags = {"dagster-celery/task_id": "task-of-the-run"}
    yield instance.create_run_for_job(_job, status=dg.DagsterRunStatus.STARTED, tags=tags)


@pytest.mark.queue
def test_a_run_is_silent_once_its_worker_stops_beating(tmp_path: Path, engine: Engine) -> None:
    with running_redis(tmp_path) as address, queue_instance(tmp_path, address) as instance, _started(instance):
        launcher = instance.run_launcher
        assert isinstance(launcher, QueueRunLauncher)
        assert _shown(engine, instance) == {"heard": 0, "silent": 1, "up": 1}
        with beating(launcher.celery, "task-of-the-run", seconds=60):
            with Redis.from_url(address) as client:
                while not client.keys():
                    pass
            assert _shown(engine, instance) == {"heard": 1, "silent": 0, "up": 1}


@pytest.mark.queue
def test_a_redis_that_is_gone_is_down_and_the_rest_is_shown(tmp_path: Path, engine: Engine) -> None:
    with running_redis(tmp_path) as address:
        pass
    with queue_instance(tmp_path, address) as instance, _started(instance):
        assert _shown(engine, instance) == {"heard": None, "silent": None, "up": 0}


def test_an_instance_without_a_queue_says_nothing_of_one(engine: Engine, instance: dg.DagsterInstance) -> None:
    assert _shown(engine, instance) == {"heard": None, "silent": None, "up": None}
