"""Pointing this process at a sandbox, and running the graph as Dagster would."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from babynames_dagster.cli.runs.pipeline import job_to_run
from babynames_dagster.definitions import resources_of
from babynames_dagster.orchestration.automation.jobs import partition_range_tags
from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster.settings import load_settings
from babynames_dagster_tests.support.stand_ins.sandbox import running_sandbox


@contextmanager
def pointed_at_sandbox(
    monkeypatch: pytest.MonkeyPatch, folder: Path, database_url: str, *, dataset: Path | None = None
) -> Iterator[Sandbox]:
    """Serve a sandbox of its own and set the variables that point the pipeline at it and at a database."""
    with running_sandbox(dataset=dataset, state=folder / "sandbox") as sandbox:
        for name, value in {**sandbox.environment, "DATABASE_URL": database_url, "RETRY_DELAY": "10"}.items():
            monkeypatch.setenv(name, value)
        yield sandbox


def run_graph(
    instance: dg.DagsterInstance,
    *,
    assets: Sequence[str] = (),
    config: Mapping[str, Mapping[str, Any]] | None = None,
    tags: Mapping[str, str] | None = None,
) -> dg.ExecuteInProcessResult:
    """Run the main job, or some of its assets, over all partitions; failures are for the caller to look at."""
    return job_to_run(load_settings()).execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey(name) for name in assets] or None,
        run_config={"ops": {name: {"config": dict(values)} for name, values in (config or {}).items()}},
        tags={**partition_range_tags(), **(tags or {})},
        raise_on_error=False,
    )


def resources_named(*keys: str) -> dict[str, Any]:
    """Return some of the resources that the settings make."""
    resources = resources_of(load_settings())
    return {key: resources[key] for key in keys}


def drop_file(name: str, rows: Sequence[tuple[int, str, str, int]]) -> Path:
    """Put a CSV into the download folder."""
    folder = load_settings().files.downloads
    folder.mkdir(parents=True, exist_ok=True)
    return write_csv(folder / name, rows)


def write_csv(path: Path, rows: Sequence[tuple[int, str, str, int]]) -> Path:
    """Write rows of (year, name, sex, births) as the dataset's CSV."""
    lines = ["YearOfBirth,Name,Sex,Number", *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
