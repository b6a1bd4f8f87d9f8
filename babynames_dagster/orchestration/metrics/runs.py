"""Dagster's runs and daemons, as its instance knows them."""

from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg

from babynames_dagster.orchestration.automation.jobs import PIPELINE_JOB, SYNC_JOB, is_dry

WAITING, ACTIVE = dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTED
STATES = (*(WAITING, ACTIVE), *(dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED))
_RUNS_LOOKED_AT = 100
"""A success of longer ago, with nothing but dry runs since, is no figure to alert by."""


@dataclass(frozen=True)
class RunFigures:
    """What the instance says; moments are seconds since 1970.

    Attributes:
        by_state: Number of runs.
        oldest: When the oldest run that is waiting or active was created, for those states that have one.
        last_success: When the last successful run ended that was not dry, by job.
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
        for record in instance.get_run_records(wanted, limit=_RUNS_LOOKED_AT):
            if record.end_time is not None and not is_dry(record.dagster_run):
                last_success[job] = record.end_time
                break
    heartbeats = {name: beat.timestamp for name, beat in instance.get_daemon_heartbeats().items()}
    return RunFigures(by_state, oldest, last_success, heartbeats)
