"""The run launcher of the queue: Dagster's own for Celery, which also notices that a run's worker died.

What belongs here: the launcher, and the settings of Celery that runs need. Celery keeps the state of a task whose
worker was killed at STARTED for ever, and Dagster believes it (https://github.com/dagster-io/dagster/pull/33493). So
each run has a heartbeat; run monitoring, which asks the launcher, ends a silent run. Run retries repeat it.
"""

import time
from typing import Any

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG
from typing_extensions import override

from babynames_dagster.orchestration.queue.heartbeat import BEATS_MISSED, is_beating

CELERY_SETTINGS: dict[str, Any] = {
    # A run has memory, settings and secrets of its own: each in a new process.
    "worker_max_tasks_per_child": 1,
    # A worker takes a run when it can begin it; one that waits behind another would be ended by start_timeout_seconds.
    "worker_prefetch_multiplier": 1,
    "worker_disable_prefetch": True,
    # Redis gives a task that is not acknowledged to another worker after an hour, though the first still runs it.
    "task_acks_late": False,
    "broker_connection_retry_on_startup": True,
    # Who asks for a heartbeat (the daemon, the exporter) does not wait two minutes for a Redis that is gone.
    "redis_socket_connect_timeout": 5.0,
    "redis_socket_timeout": 30.0,
    "result_expires": 7 * 86_400,
}


class QueueRunLauncher(CeleryRunLauncher):
    """Launches each run as a task in Redis; broker and backend are both its address."""

    def __init__(
        self,
        *,
        heartbeat_seconds: float = 10.0,
        config_source: dict[str, Any] | None = None,
        **given: Any,  # noqa: ANN401 - whatever Dagster's launcher takes
    ) -> None:
        """Configure Celery.

        Args:
            heartbeat_seconds: From one heartbeat of a run to the next.
            config_source: More settings of Celery, over `CELERY_SETTINGS`.
            given: As for `CeleryRunLauncher`.
        """
        super().__init__(config_source={**CELERY_SETTINGS, **(config_source or {})}, **given)
        self.heartbeat_seconds = heartbeat_seconds
        self._silent_since: dict[str, float] = {}

    @classmethod
    @override
    def config_type(cls) -> dict[str, Any]:
        beat = dg.Field(float, is_required=False, default_value=10.0, description="Seconds between two heartbeats.")
        inherited: Any = super().config_type()
        return {**inherited, "heartbeat_seconds": beat}

    def has_heartbeat(self, run: dg.DagsterRun) -> bool:
        """Say whether a run's process has sent a heartbeat lately.

        Args:
            run: One that has started.

        Raises:
            redis.RedisError: Redis does not answer.
        """
        return is_beating(self.celery, run.tags[DAGSTER_CELERY_TASK_ID_TAG])

    @override
    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Say whether a run's process lives; asked by run monitoring for each run that has started.

        A silent run is looked at twice before it counts as dead: a Redis that was restarted has forgotten the last
        beat, and gets the next one soon.

        Raises:
            redis.RedisError: Redis does not answer; Dagster then leaves the run alone.
        """
        if self.has_heartbeat(run):
            self._silent_since.pop(run.run_id, None)
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        found = super().check_run_worker_health(run)
        if found.status in {WorkerStatus.FAILED, WorkerStatus.SUCCESS}:
            return found
        seconds = time.monotonic() - self._silent_since.setdefault(run.run_id, time.monotonic())
        if seconds < 2 * self.heartbeat_seconds:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        del self._silent_since[run.run_id]
        silence = self.heartbeat_seconds * BEATS_MISSED + seconds
        return CheckRunHealthResult(
            WorkerStatus.FAILED, f"The run's worker has not been heard of for some {silence:.0f} s."
        )
