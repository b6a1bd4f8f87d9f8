"""Runs whose process was killed: the next one marks them as failed."""

import os
import socket
import subprocess
import sys

import dagster as dg

from babynames_dagster.cli.pipeline import PROCESS_TAG, end_killed_runs, job_to_run


def started_run(instance: dg.DagsterInstance, process: int) -> str:
    """Record a run as started by a process of this host."""
    run = instance.create_run_for_job(
        job_to_run(),
        tags={PROCESS_TAG: f"{socket.gethostname()}:{process}"},
        status=dg.DagsterRunStatus.STARTED,
    )
    return run.run_id


def test_a_run_without_its_process_ends_as_failed_and_one_with_it_goes_on() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with dg.instance_for_test() as instance:
        killed, alive = started_run(instance, gone.pid), started_run(instance, os.getpid())
        end_killed_runs(instance)
        statuses = {run.run_id: run.status for run in instance.get_runs()}
    assert statuses == {killed: dg.DagsterRunStatus.FAILURE, alive: dg.DagsterRunStatus.STARTED}
