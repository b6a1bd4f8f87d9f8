"""Dagster's runs and daemons, as its instance knows them."""

from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg

from babynames_dagster.automation.jobs import PIPELINE_JOB, SYNC_JOB

WAITING, ACTIVE = dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTED
STATES = (*(WAITING, ACTIVE), *(dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED))


@dataclass(frozen=True)
class RunFigures:
    """What the instance says; moments are seconds since 1970.

    Attributes:
        by_state: Number of runs.
        oldest: When the oldest run that is waiting or active was created, for those states that have one.
        last_success: When the last successful run ended, by job.
        heartbeats: When each daemon reported last.
    """

    by_state: Mapping[str, int]
    oldest: Mapping[str, float]
    last_success: Mapping[str, float]
    heartbeats: Mapping[str, float]


def run_figures(instance: dg.DagsterInstance) -> RunFigures:
    """Ask the instance."""
    by_state = {state.value.lower(): instance.get_runs_count(dg.RunsFilter(statuses=[state])) for state in STATES}
    oldest, last_success = {}, {}
    for state in (WAITING, ACTIVE):
        first = instance.get_run_records(dg.RunsFilter(statuses=[state]), limit=1, ascending=True)
        if first:
            oldest[state.value.lower()] = first[0].create_timestamp.timestamp()
    for job in (PIPELINE_JOB, SYNC_JOB):
        wanted = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS])
        last = instance.get_run_records(wanted, limit=1)
        if last and last[0].end_time is not None:
            last_success[job] = last[0].end_time
    heartbeats = {name: beat.timestamp for name, beat in instance.get_daemon_heartbeats().items()}
    return RunFigures(by_state, oldest, last_success, heartbeats)
