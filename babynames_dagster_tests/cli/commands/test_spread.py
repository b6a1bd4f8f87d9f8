"""`babynames spread` says what keeps it from launching runs; that it does: `orchestration/queue/test_workers.py`."""

from pathlib import Path

from babynames_dagster_tests.support.command import run_babynames


def test_a_webserver_that_does_not_answer_is_named(tmp_path: Path) -> None:
    done = run_babynames("spread", "--ui", "http://127.0.0.1:9", folder=tmp_path)
    assert done.returncode == 1
    assert "RUN_NOT_LAUNCHED" in done.stderr
    assert "http://127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr


def test_more_runs_than_partitions_are_refused(tmp_path: Path) -> None:
    done = run_babynames("spread", "--runs", "28", folder=tmp_path)
    assert done.returncode == 2
    assert "--runs" in done.stderr
