"""The sync by workers of the queue, each run a process of its own: what `bench/sync.py` measures last."""

import os
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import dagster as dg

from babynames_dagster_tests.support.servers.queue import RunningQueue, running_queue
from babynames_dagster_tests.support.stand_ins.hubspot import TOKEN, StandIn
from babynames_dagster_tests.support.waiting import wait_until

_LONGEST = 900.0


class Sent(NamedTuple):
    """What the workers did.

    Attributes:
        contacts: Those that the stand-in holds.
        seconds: From the arrival of the first call to the answer to the last that writes.
    """

    contacts: int
    seconds: float


def send_by_workers(database_url: str, stand_in: StandIn, folder: Path, *, workers: int) -> Sent:
    """Send all names of a database by one run a worker, and wait for the last.

    Args:
        database_url: Its address.
        stand_in: Where to.
        folder: An empty one for Dagster's records and logs.
        workers: How many.

    Raises:
        AssertionError: A run failed, or they took longer than 15 minutes.
    """
    environment = {
        "DATABASE_URL": database_url,
        "HUBSPOT_ACCESS_TOKEN": TOKEN,
        "HUBSPOT_BASE_URL": stand_in.url,
        "DATA_DIR": str(folder / "data"),
    }
    with patch.dict(os.environ, environment), running_queue(folder, workers=workers) as queue:
        queue.spread(workers)
        wait_until(lambda: _ended(queue), seconds=_LONGEST, what="an end of the runs")
        failed = [run.run_id for run in queue.runs() if run.status is not dg.DagsterRunStatus.SUCCESS]
        assert not failed, failed
    first, ended = min(entry["at"] for entry in stand_in.log()), max(entry["answered"] for entry in stand_in.writes())
    return Sent(stand_in.stats()["contacts"], ended - first)


def _ended(queue: RunningQueue) -> bool:
    return all(run.is_finished for run in queue.runs())
