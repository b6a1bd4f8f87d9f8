"""Runs whose process was killed: the next one marks them as failed."""

import os
import socket
import subprocess
import sys

import dagster as dg

from babynames_dagster.cli.runs.pipeline import PROCESS_TAG, end_killed_runs, job_to_run
from babynames_dagster.settings import load_settings


def started_run(instance: dg.DagsterInstance, process: int) -> str:
    """Record a run as started by a process of this host."""
    run = instance.create_run_for_job(
        job_to_run(load_settings()),
        tags={PROCESS_TAG: f"{socket.gethostname()}:{process}"},
        status=dg.DagsterRunStatus.STARTED,
    )
    return run.run_id


def test_a_run_without_its_process_ends_as_failed_and_one_with_it_continues() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with (
        dg.instance_for_test() as instance,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other,
    ):
        killed, alive = started_run(instance, gone.pid), started_run(instance, other.pid)
        end_killed_runs(instance)
        statuses = {run.run_id: run.status for run in instance.get_runs()}
        other.communicate(b"\n")
    assert statuses == {killed: dg.DagsterRunStatus.FAILURE, alive: dg.DagsterRunStatus.STARTED}


def test_a_run_under_this_process_number_is_of_an_earlier_one() -> None:
    with dg.instance_for_test() as instance:
        started_run(instance, os.getpid())
        end_killed_runs(instance)
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.FAILURE]
