"""The Celery application of a worker, as `dagster.yaml` in DAGSTER_HOME describes it.

    exec celery --app babynames_dagster.orchestration.queue.worker worker --concurrency 1

`exec`, because a shell in between keeps SIGTERM from Celery; not `dagster-celery worker start`, which is such a
wrapper itself.
"""

from contextlib import AbstractContextManager
from typing import Any

import dagster as dg
from celery import Celery, signals
from dagster_celery.tasks import create_execute_job_task

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.orchestration.queue.heartbeat import beating
from babynames_dagster.orchestration.queue.launcher import QueueRunLauncher


def _launcher() -> QueueRunLauncher:
    with dg.DagsterInstance.get() as instance:
        found = instance.run_launcher
    if not isinstance(found, QueueRunLauncher):
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"The run launcher of dagster.yaml is {type(found).__name__}.",
            remedy="Put deploy/queue/dagster.yaml into DAGSTER_HOME.",
        )
    return found


launcher = _launcher()
app: Celery = launcher.celery
execute_job = create_execute_job_task(app)
_beats: dict[str, AbstractContextManager[None]] = {}


@signals.task_prerun.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _begin(task_id: str, **_: Any) -> None:  # noqa: ANN401 - whatever Celery sends
    _beats[task_id] = beating(app, task_id, seconds=launcher.heartbeat_seconds)
    _beats[task_id].__enter__()


@signals.task_postrun.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _end(task_id: str, **_: Any) -> None:  # noqa: ANN401 - whatever Celery sends
    _beats.pop(task_id).__exit__(None, None, None)
