"""Several workers share the partitions over a real queue, and one of them is killed in mid-run."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster_tests.support.pipeline import pointed_at_sandbox, run_graph, write_csv
from babynames_dagster_tests.support.servers.queue import RunningQueue, running_queue
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.waiting import wait_until

WORKERS = 3
CONTACTS = 5_000


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mariadb_url: str) -> Iterator[Sandbox]:
    with pointed_at_sandbox(monkeypatch, tmp_path, mariadb_url, dataset=_dataset(tmp_path)) as served:
        monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
        yield served


@pytest.mark.queue
@pytest.mark.timeout(900)
def test_all_partitions_end_green_though_a_worker_is_killed_in_mid_run(sandbox: Sandbox, tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert run_graph(instance, assets=["raw_zip", "baby_names_table"]).success
    account = StandIn(sandbox.hubspot_url)
    account.change(latency=[4.0, 5.0])
    with running_queue(tmp_path, workers=WORKERS) as queue:
        queue.spread(27)
        assert len(queue.runs()) == 27

        victim, run_id = wait_until(queue.busy_worker, seconds=120, what="a worker at work")
        os.killpg(queue.workers[victim].pid, signal.SIGKILL)
        account.change(latency=[0.05, 0.1])
        wait_until(lambda: _all_green(queue), seconds=600, what="every partition green")

        lost = queue.instance.get_run_by_id(run_id)
        assert lost is not None
        assert lost.status is dg.DagsterRunStatus.FAILURE
        repeats = [run for run in queue.runs() if run.parent_run_id == run_id]
        assert [run.status for run in repeats] == [dg.DagsterRunStatus.SUCCESS]
        ended = Counter(run.status for run in queue.runs())
        assert ended == {dg.DagsterRunStatus.SUCCESS: 27, dg.DagsterRunStatus.FAILURE: 1}
    stats = account.stats()
    assert stats["contacts"] == len(account.contacts()) == CONTACTS
    assert stats["refused"] == 0


@pytest.mark.queue
@pytest.mark.timeout(600)
def test_a_token_that_is_rotated_counts_at_the_next_run_of_a_worker_that_stays(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    token.write_text("pat-na1-rotated-away", encoding="utf-8")
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN")
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN_FILE", str(token))
    with dg.DagsterInstance.ephemeral() as instance:
        assert run_graph(instance, assets=["raw_zip", "baby_names_table"]).success
    with running_queue(tmp_path, workers=1) as queue:
        ended = []
        for content in (None, sandbox.environment["HUBSPOT_ACCESS_TOKEN"]):
            if content is not None:
                token.write_text(content, encoding="utf-8")
            queue.spread(1)
            wait_until(lambda: all(run.is_finished for run in queue.runs()), seconds=200, what="an end of the runs")
            ended.append(queue.runs()[0].status)
    assert ended == [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS]


def _dataset(folder: Path) -> Path:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    names = [
        f"{letters[n % 26]}{''.join(letters[n // 26**place % 26] for place in (1, 2, 3))}" for n in range(CONTACTS)
    ]
    return write_csv(folder / "names.csv", [(1990, name.capitalize(), "F", 5) for name in names])


def _all_green(queue: RunningQueue) -> bool:
    runs = queue.runs()
    return sum(run.status is dg.DagsterRunStatus.SUCCESS for run in runs) >= 27 and all(run.is_finished for run in runs)
