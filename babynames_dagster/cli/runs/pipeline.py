"""Running the main job in this process, as an ordinary Dagster run.

What belongs here: starting the run. What does not: where it is recorded (`instance.py`), what it did (`summary.py`),
and drawing.
"""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from babynames_dagster.cli.runs.summary import PipelineResult, summarise
from babynames_dagster.datafile.workspace import is_running
from babynames_dagster.definitions import build_definitions
from babynames_dagster.orchestration.assets.partitions import PARTITION_TAG
from babynames_dagster.orchestration.automation.jobs import PIPELINE_JOB, UNDER_WAY, partition_range_tags
from babynames_dagster.orchestration.resources.failures import KILLED
from babynames_dagster.settings import Settings

PROCESS_TAG = "babynames/process"


@dataclass(frozen=True)
class WantedRun:
    """What to run.

    Attributes:
        op_config: Run config by asset.
        assets: The assets to run; the whole job where empty.
        partition: The one partition of the contacts to bring in line; all where None.
        with_years: Whether to make the births by year, too, where the settings don't need them.
        tags: More tags for the run.
    """

    op_config: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    assets: Sequence[str] = ()
    partition: str | None = None
    with_years: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_file(self) -> bool:
        """Whether the run fetches no file: it is given one, or leaves `raw_zip` out."""
        fetches = not self.assets or "raw_zip" in self.assets
        return not fetches or "path" in self.op_config.get("raw_zip", {})


def job_to_run(settings: Settings, *, with_years: bool = False) -> dg.JobDefinition:
    """Return the main job, with the resources of these settings; with the years, Dagster's own job of all assets."""
    definitions = build_definitions(settings)
    if with_years:
        return definitions.resolve_implicit_global_asset_job_def()
    return definitions.resolve_job_def(PIPELINE_JOB)


def run_pipeline(
    instance: dg.DagsterInstance, settings: Settings, wanted: WantedRun, *, verbose: bool
) -> PipelineResult:
    """Run the main job, or some of its assets, in this process.

    Args:
        instance: Where the run is recorded.
        settings: The run's settings.
        wanted: What to run.
        verbose: Whether Dagster's own log lines are shown, too.
    """
    job = job_to_run(settings, with_years=wanted.with_years)
    selected = {dg.AssetKey(name) for name in wanted.assets} or job.asset_layer.selected_asset_keys
    config = {
        name: {"config": dict(values)} for name, values in wanted.op_config.items() if dg.AssetKey(name) in selected
    }
    end_killed_runs(instance)
    covered = {PARTITION_TAG: wanted.partition} if wanted.partition else partition_range_tags()
    result = job.execute_in_process(
        instance=instance,
        asset_selection=sorted(selected) if wanted.assets else None,
        raise_on_error=False,
        tags={**covered, PROCESS_TAG: f"{socket.gethostname()}:{os.getpid()}", **wanted.tags},
        run_config={
            "ops": config,
            "loggers": {"console": {"config": {"log_level": "DEBUG" if verbose else "CRITICAL"}}},
        },
    )
    return summarise(instance, result.run_id, selected=(key.to_user_string() for key in selected))


def end_killed_runs(instance: dg.DagsterInstance) -> None:
    """Mark runs as failed whose process, one of this command's on this host, is gone; nothing else would notice.

    To be called before this process starts a run: one under its own number is of an earlier process. That is so after
    the restart of a container, which keeps the host's name and counts its processes from 1 again.

    Args:
        instance: Where the runs are recorded.
    """
    for run in instance.get_runs(dg.RunsFilter(statuses=list(UNDER_WAY))):
        if run.parent_run_id is not None:  # Dagster's retry of such a run has its tags, and another process
            continue
        host, _, process = run.tags.get(PROCESS_TAG, "").rpartition(":")
        if host == socket.gethostname() and (int(process) == os.getpid() or not is_running(int(process))):
            instance.report_run_failed(run, KILLED)
