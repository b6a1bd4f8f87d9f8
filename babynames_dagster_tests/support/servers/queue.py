"""The queue as it is deployed, with its processes: Redis, webserver, daemon and workers.

What belongs here: starting it on loopback, and asking it. What does not: what is sent through it.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import requests
import yaml

from babynames_dagster.orchestration.automation.jobs import SYNC_JOB
from babynames_dagster_tests.deploy.deployment import DEPLOY
from babynames_dagster_tests.support.servers.mariadb import free_port
from babynames_dagster_tests.support.servers.redis import running_redis
from babynames_dagster_tests.support.waiting import wait_until

DEPLOYED = DEPLOY / "queue" / "dagster.yaml"
_BIN = Path(sys.executable).parent
_LOCATION = ("-m", "babynames_dagster.definitions")


@dataclass(frozen=True)
class RunningQueue:
    """A queue that is served.

    Attributes:
        instance: Dagster's.
        workers: The worker processes by Celery's names of them.
        ui: The webserver's address.
    """

    instance: dg.DagsterInstance
    workers: Mapping[str, "subprocess.Popen[bytes]"]
    ui: str

    def spread(self, runs: int) -> None:
        """Launch the sync as so many runs, by the command."""
        command: list[str | Path] = [_BIN / "babynames", "--quiet", "spread", "--runs", str(runs), "--ui", self.ui]
        subprocess.run(command, check=True)  # noqa: S603 - ours

    def runs(self) -> list[dg.DagsterRun]:
        """Return the runs of the sync."""
        return list(self.instance.get_runs(dg.RunsFilter(job_name=SYNC_JOB)))

    def busy_worker(self) -> tuple[str, str] | None:
        """Return the name of a worker in the middle of a run, and that run's id."""
        launcher: Any = self.instance.run_launcher
        started = {
            run.tags.get("dagster-celery/task_id"): run.run_id
            for run in self.runs()
            if run.status is dg.DagsterRunStatus.STARTED
        }
        for name, tasks in (launcher.celery.control.inspect().active() or {}).items():
            for task in tasks:
                if task["id"] in started:
                    return name, started[task["id"]]
        return None


@contextmanager
def queue_instance(folder: Path, address: str) -> Iterator[dg.DagsterInstance]:
    """Open the deployed instance, with records in files, and clocks that a test can wait for.

    While it is open, the environment's DAGSTER_HOME is its own.

    Args:
        folder: A folder to make its home in.
        address: Redis'.
    """
    config = yaml.safe_load(DEPLOYED.read_text(encoding="utf-8"))
    del config["storage"]
    config["run_launcher"]["config"]["heartbeat_seconds"] = 1.0
    config["run_monitoring"]["poll_interval_seconds"] = 3
    home = folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with (
        patch.dict(os.environ, DAGSTER_QUEUE_URL=address, DAGSTER_HOME=str(home)),
        dg.DagsterInstance.from_config(str(home)) as instance,
    ):
        yield instance


@contextmanager
def running_queue(folder: Path, *, workers: int) -> Iterator[RunningQueue]:
    """Serve the deployed instance with Redis and all processes.

    Args:
        folder: An empty one for records and logs.
        workers: How many.
    """
    port = free_port()
    ui = f"http://127.0.0.1:{port}"
    with ExitStack() as running:
        address = running.enter_context(running_redis(folder))
        instance = running.enter_context(queue_instance(folder, address))
        started = {
            name: running.enter_context(
                _program(
                    folder / f"{name}.log", "celery", "--app", "babynames_dagster.orchestration.queue.worker", "worker",
                    "--concurrency", "1", "--hostname", name,
                )
            )
            for name in (f"worker{number}@here" for number in range(workers))
        }  # fmt: skip
        running.enter_context(_program(folder / "web.log", "dagster-webserver", *_LOCATION, "--port", str(port)))
        running.enter_context(_program(folder / "daemon.log", "dagster-daemon", "run", *_LOCATION))
        wait_until(lambda: _answers(f"{ui}/server_info"), seconds=120, what="an answer of the webserver")
        yield RunningQueue(instance, started, ui)


@contextmanager
def _program(log: Path, *command: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program in a process group of its own, as in a container: what kills it kills its children."""
    with log.open("wb") as written:
        process = subprocess.Popen(  # noqa: S603 - ours
            [_BIN / command[0], *command[1:]], stdout=written, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False
