"""A sandbox, with SQLite behind it, and a Dagster instance that nothing outlives."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster_tests.support.pipeline import pointed_at_sandbox


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'names.db'}"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str) -> Iterator[Sandbox]:
    with pointed_at_sandbox(monkeypatch, tmp_path, url) as served:
        yield served


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made
