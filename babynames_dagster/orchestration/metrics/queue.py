"""The queue's runs, by their heartbeats, of which Dagster alone does not know.

The launcher's libraries (`queue/launcher.py`) are an extra, which an exporter without a queue lacks.
"""

from dataclasses import dataclass
from typing import Protocol, cast

import dagster as dg

_LAUNCHERS_MODULE = "babynames_dagster.orchestration.queue.launcher"


class _HearingLauncher(Protocol):
    def has_heartbeat(self, run: dg.DagsterRun) -> bool: ...


@dataclass(frozen=True)
class QueueFigures:
    """What the workers' heartbeats say.

    Attributes:
        heard: Active runs whose worker sent a heartbeat lately.
        silent: Active runs whose worker sent none lately.
    """

    heard: int
    silent: int


def has_queue(instance: dg.DagsterInstance) -> bool:
    """Say whether runs are tasks of the queue, without opening a launcher: others need rights of their own."""
    launcher = instance.get_ref().run_launcher_data if instance.is_persistent else None
    return launcher is not None and launcher.module_name == _LAUNCHERS_MODULE


def queue_figures(instance: dg.DagsterInstance) -> QueueFigures:
    """Ask for the heartbeat of each active run.

    Args:
        instance: One that has a queue.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    launcher = cast("_HearingLauncher", instance.run_launcher)
    heard = [
        launcher.has_heartbeat(run) for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    ]
    return QueueFigures(sum(heard), len(heard) - sum(heard))
