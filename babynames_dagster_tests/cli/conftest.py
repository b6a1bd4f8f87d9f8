"""A sandbox for the commands, reached without a browser."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster_tests.support.command import Reported, run_babynames
from babynames_dagster_tests.support.pipeline import write_csv
from babynames_dagster_tests.support.stand_ins.sandbox import running_sandbox


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """What the sandbox serves: three names, and a row that is none."""
    rows = [(1990, "Mary", "F", 1), (1990, "John", "M", 1), (1991, "Jim", "M", 1), (1990, "Jo", "X", 1)]
    return write_csv(tmp_path / "dataset.csv", rows)


@pytest.fixture
def sandbox(tmp_path: Path, dataset: Path) -> Iterator[Sandbox]:
    with running_sandbox(dataset=dataset, state=tmp_path / "sandbox") as served:
        yield served


@pytest.fixture
def environment(sandbox: Sandbox) -> dict[str, str]:
    """The variables that point a command at the sandbox."""
    return {**sandbox.environment, "KAGGLE_METHOD": "api", "REJECT_LIMIT": "50%", "RETRY_DELAY": "10"}


@pytest.fixture
def reported(tmp_path: Path, environment: Mapping[str, str]) -> Reported:
    """Run a command with --json that has to succeed, and return what it reported."""

    def run(*arguments: str) -> dict[str, Any]:
        answer = run_babynames(*arguments, "--json", folder=tmp_path, environment=environment)
        assert answer.returncode == 0, answer.stderr
        result: dict[str, Any] = json.loads(answer.stdout)
        return result

    return run
