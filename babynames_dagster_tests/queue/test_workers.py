"""Several workers share the partitions over a real queue, and one of them is killed in mid-run."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import requests
import yaml

from babynames_dagster.automation.jobs import SYNC_JOB
from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster_tests.support.mariadb import free_port
from babynames_dagster_tests.support.pipeline import pointed_at_sandbox, run_graph, write_csv
from babynames_dagster_tests.support.redis import running_redis

DEPLOYED = Path(__file__).parents[2] / "deploy" / "queue" / "dagster.yaml"
BIN = Path(sys.executable).parent
WORKERS = 3
CONTACTS = 5_000


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mariadb_url: str) -> Iterator[Sandbox]:
    with pointed_at_sandbox(monkeypatch, tmp_path, mariadb_url, dataset=_dataset(tmp_path)) as served:
        monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
        yield served


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The deployed instance, with records in files, and clocks that a test can wait for."""
    config = yaml.safe_load(DEPLOYED.read_text(encoding="utf-8"))
    del config["storage"]
    config["run_launcher"]["config"]["heartbeat_seconds"] = 1.0
    config["run_monitoring"]["poll_interval_seconds"] = 3
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "dagster.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with running_redis(tmp_path) as address:
        monkeypatch.setenv("DAGSTER_QUEUE_URL", address)
        monkeypatch.setenv("DAGSTER_HOME", str(folder))
        yield folder


@pytest.mark.queue
@pytest.mark.timeout(900)
def test_all_partitions_end_green_though_a_worker_is_killed_in_mid_run(
    sandbox: Sandbox, home: Path, tmp_path: Path
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert run_graph(instance, assets=["raw_zip", "baby_names_table"]).success
    _control(sandbox, "account", {"latency": [4.0, 5.0]})
    port = free_port()
    location = ["-m", "babynames_dagster.definitions"]
    with ExitStack() as running:
        instance = running.enter_context(dg.DagsterInstance.from_config(str(home)))
        workers = {
            name: running.enter_context(
                _program(
                    tmp_path / f"{name}.log", "celery", "--app", "babynames_dagster.queue.worker", "worker",
                    "--concurrency", "1", "--hostname", name,
                )
            )
            for name in (f"worker{number}@here" for number in range(WORKERS))
        }  # fmt: skip
        running.enter_context(_program(tmp_path / "web.log", "dagster-webserver", *location, "--port", str(port)))
        running.enter_context(_program(tmp_path / "daemon.log", "dagster-daemon", "run", *location))
        _until(lambda: _answers(f"http://127.0.0.1:{port}/server_info"), 120)
        subprocess.run([BIN / "babynames", "spread", "--ui", f"http://127.0.0.1:{port}"], check=True)  # noqa: S603 - ours
        assert len(_runs(instance)) == 27

        victim, run_id = _until(lambda: _busy_worker(instance), 120)
        os.killpg(workers[victim].pid, signal.SIGKILL)
        _control(sandbox, "account", {"latency": [0.05, 0.1]})
        _until(lambda: _all_green(instance), 600)

        lost = instance.get_run_by_id(run_id)
        assert lost is not None
        assert lost.status is dg.DagsterRunStatus.FAILURE
        repeats = [run for run in _runs(instance) if run.parent_run_id == run_id]
        assert [run.status for run in repeats] == [dg.DagsterRunStatus.SUCCESS]
        ended = Counter(run.status for run in _runs(instance))
        assert ended == {dg.DagsterRunStatus.SUCCESS: 27, dg.DagsterRunStatus.FAILURE: 1}
    stats = requests.get(f"{sandbox.hubspot_url}/_sandbox/stats", timeout=10).json()
    assert stats["contacts"] == CONTACTS
    emails = [item["properties"]["email"] for item in _contacts(sandbox)]
    assert len(set(emails)) == CONTACTS
    assert stats["refused"] == 0


def _dataset(folder: Path) -> Path:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    names = [
        f"{letters[n % 26]}{''.join(letters[n // 26**place % 26] for place in (1, 2, 3))}" for n in range(CONTACTS)
    ]
    return write_csv(folder / "names.csv", [(1990, name.capitalize(), "F", 5) for name in names])


@contextmanager
def _program(log: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a process group of its own, as in a container: what kills it kills its children."""
    with log.open("wb") as written:
        process = subprocess.Popen(  # noqa: S603 - ours
            [BIN / command[0], *command[1:]], stdout=written, stderr=subprocess.STDOUT, start_new_session=True
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


def _busy_worker(instance: dg.DagsterInstance) -> tuple[str, str] | None:
    """Return a worker in the middle of a run, and that run."""
    launcher: Any = instance.run_launcher
    started = {
        run.tags.get("dagster-celery/task_id"): run.run_id
        for run in _runs(instance)
        if run.status is dg.DagsterRunStatus.STARTED
    }
    for name, tasks in (launcher.celery.control.inspect().active() or {}).items():
        for task in tasks:
            if task["id"] in started:
                return name, started[task["id"]]
    return None


def _runs(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    return list(instance.get_runs(dg.RunsFilter(job_name=SYNC_JOB)))


def _all_green(instance: dg.DagsterInstance) -> bool:
    runs = _runs(instance)
    return sum(run.status is dg.DagsterRunStatus.SUCCESS for run in runs) >= 27 and all(run.is_finished for run in runs)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def _control(sandbox: Sandbox, what: str, values: dict[str, object]) -> None:
    requests.patch(f"{sandbox.hubspot_url}/_sandbox/{what}", json=values, timeout=10).raise_for_status()


def _contacts(sandbox: Sandbox) -> list[Any]:
    answer: list[Any] = requests.get(f"{sandbox.hubspot_url}/_sandbox/contacts", timeout=60).json()
    return answer


def _until(seen: Callable[[], Any], seconds: float) -> Any:  # noqa: ANN401 - whatever is waited for
    """Return what is waited for as soon as it is there."""
    deadline = time.monotonic() + seconds
    while not (found := seen()):
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.2)
    return found
