"""Running the main job in this process, as an ordinary Dagster run, and reading off it what happened.

What belongs here: starting the run, and its summary. What does not: drawing.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import dagster as dg

from babynames_dagster.automation.jobs import ALL_ASSETS, PIPELINE_JOB, partition_range_tags
from babynames_dagster.definitions import build_definitions
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.resources.failing import error_of

LOAD_COUNTS = ("rows_read", "rows_inserted", "rows_present", "rows_duplicate", "rows_rejected", "table_rows")
SYNC_COUNTS = (
    "contacts_created",
    "contacts_updated",
    "contacts_unchanged",
    "contacts_rejected",
    "contacts_failed",
    "requests",
    "rate_limited",
)


@dataclass(frozen=True)
class WantedRun:
    """What to run.

    Attributes:
        op_config: Run config by asset.
        assets: The assets to run; the whole job where empty.
        partition: The one partition of the contacts to bring in line; all where None.
        tags: More tags for the run.
    """

    op_config: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    assets: Sequence[str] = ()
    partition: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PipelineResult:
    """What a run did.

    Attributes:
        run_id: Dagster's id of the run.
        error: Why it failed; None where it did not.
        counts: What happened to rows and contacts; zero for steps that did not run.
        seconds: Seconds by asset, and in all under `total`.
        failed_checks: Asset checks that did not pass, as `asset: check`.
    """

    run_id: str
    error: PipelineError | None
    counts: dict[str, int]
    seconds: dict[str, float]
    failed_checks: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return one flat object for `--json`."""
        error = None
        if self.error is not None:
            error = {"code": self.error.code.name, "cause": self.error.what, "remedy": self.error.remedy}
        return {
            "success": self.error is None,
            **self.counts,
            "seconds": self.seconds,
            "failed_checks": self.failed_checks,
            "run_id": self.run_id,
            "error": error,
        }


def job_to_run() -> dg.JobDefinition:
    """Return the main job; Dagster finds it again by this function's name."""
    return build_definitions().resolve_job_def(PIPELINE_JOB)


def dagster_home(data: Path) -> Path:
    """Return the folder of the Dagster instance that runs and `make ui` share, made ready.

    Args:
        data: The data folder, below which it lies unless DAGSTER_HOME names another.

    Raises:
        PipelineError: FILE_NOT_WRITABLE where it can't be made.
    """
    given = os.environ.get("DAGSTER_HOME")
    home = Path(given) if given else data / "dagster"
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not (home / "dagster.yaml").exists():
            with resources.as_file(resources.files("babynames_dagster") / "dagster.yaml") as packaged:
                shutil.copy(packaged, home / "dagster.yaml")
    except OSError as error:
        raise PipelineError(ErrorCode.FILE_NOT_WRITABLE, f"{home} can't be written: {error.strerror}.") from error
    return home


@contextmanager
def shared_instance(data: Path) -> Iterator[dg.DagsterInstance]:
    """Open the Dagster instance that `make ui` shows."""
    os.environ["DAGSTER_HOME"] = str(dagster_home(data))
    with dg.DagsterInstance.get() as instance:
        yield instance


def run_pipeline(instance: dg.DagsterInstance, wanted: WantedRun, *, verbose: bool) -> PipelineResult:
    """Run the main job, or some of its assets, in this process.

    Args:
        instance: Where the run is recorded.
        wanted: What to run.
        verbose: Whether Dagster's own log lines are shown, too.
    """
    selected = {dg.AssetKey(name) for name in wanted.assets} or job_to_run().asset_layer.selected_asset_keys
    config = {
        name: {"config": dict(values)} for name, values in wanted.op_config.items() if dg.AssetKey(name) in selected
    }
    covered = {"dagster/partition": wanted.partition} if wanted.partition else partition_range_tags()
    result = dg.execute_job(
        dg.reconstructable(job_to_run),
        instance=instance,
        asset_selection=sorted(selected) if wanted.assets else None,
        tags={**covered, **wanted.tags},
        run_config={
            "ops": config,
            "loggers": {"console": {"config": {"log_level": "INFO" if verbose else "CRITICAL"}}},
        },
    )
    return summarise(instance, result.run_id)


def summarise(instance: dg.DagsterInstance, run_id: str) -> PipelineResult:
    """Read a run's counts, times and failure off its recorded events, which a failed step has left, too."""
    counts = dict.fromkeys((*LOAD_COUNTS, *SYNC_COUNTS), 0)
    error: PipelineError | None = None
    failed_checks: list[str] = []
    for entry in instance.all_logs(run_id):
        event = entry.dagster_event
        if event is None:
            continue
        if event.is_step_materialization and event.asset_key == dg.AssetKey("baby_names_table"):
            counts.update(_numbers(event.step_materialization_data.materialization.metadata, LOAD_COUNTS))
        elif event.event_type == dg.DagsterEventType.ASSET_OBSERVATION:
            counts.update(_numbers(event.asset_observation_data.asset_observation.metadata, SYNC_COUNTS))
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            if not check.passed:
                failed_checks.append(f"{check.asset_key.to_user_string()}: {check.check_name}")
        elif event.is_step_failure and error is None:
            error = error_of(event)
        elif event.is_failure and error is None:
            error = PipelineError(ErrorCode.UNEXPECTED, str(event.message))
    seconds = {
        step.step_key: round(step.end_time - step.start_time, 3)
        for step in instance.get_run_step_stats(run_id)
        if step.step_key in ALL_ASSETS and step.start_time and step.end_time
    }
    run = instance.get_run_stats(run_id)
    if run.end_time and run.start_time:
        seconds["total"] = round(run.end_time - run.start_time, 3)
    return PipelineResult(run_id, error, counts, seconds, failed_checks)


def _numbers(metadata: Mapping[str, dg.MetadataValue[Any]], names: Sequence[str]) -> dict[str, int]:
    return {name: int(metadata[name].value) for name in names if name in metadata}
