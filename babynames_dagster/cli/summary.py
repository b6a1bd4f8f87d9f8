"""What a run did, read off its recorded events.

What belongs here: the summary's counts, times and failure. What does not: starting the run, or drawing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from babynames_dagster.assets.contact_metadata import DRY_RUN_KEY, SYNC_COUNTS
from babynames_dagster.automation.jobs import ALL_ASSETS
from babynames_dagster.database.loading.loads import COUNT_COLUMNS
from babynames_dagster.errors import PipelineError
from babynames_dagster.io_managers.files import WARNING_KEY
from babynames_dagster.resources.failing import check_title, check_titles, error_of_run, failed_checks

TABLE_ROWS = "table_rows"
ROW_COUNT = "dagster/row_count"


@dataclass(frozen=True)
class PipelineResult:
    """What a run did.

    Attributes:
        run_id: Dagster's id of the run.
        error: Why it failed; None where it did not.
        counts: What happened to rows and contacts; zero for steps that did not run, None for what is not known, because
            the step ended before it counted.
        seconds: Seconds by asset, and in all under `total`.
        failed_checks: Asset checks that did not pass, as `asset: check`.
        warnings: What raw_zip says about its choice of a file, and the checks that only warn.
        details: What a failed check or a warning says, by its entry in the two lists.
        file: The file that the run was about; None where no step has settled on one.
        dry_run: Whether the counts of contacts are only what would be done.
    """

    run_id: str
    error: PipelineError | None
    counts: dict[str, int | None]
    seconds: dict[str, float]
    failed_checks: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)
    dry_run: bool = False
    file: str | None = None

    @property
    def success(self) -> bool:
        """Whether every step ended well and no check found anything wrong."""
        return self.error is None and not self.failed_checks

    def with_details(self, check: str) -> str:
        """Return a failed check or a warning with what it says."""
        return f"{check}: {self.details[check]}" if check in self.details else check

    def as_json(self) -> dict[str, Any]:
        """Return one flat object for `--json`."""
        error = None
        if self.error is not None:
            error = {"code": self.error.code.name, "cause": self.error.what, "remedy": self.error.remedy}
        return {
            "success": self.success,
            "dry_run": self.dry_run,
            "file": self.file,
            **self.counts,
            "seconds": self.seconds,
            "failed_checks": self.failed_checks,
            "warnings": self.warnings,
            "details": self.details,
            "run_id": self.run_id,
            "error": error,
        }


def summarise(instance: dg.DagsterInstance, run_id: str) -> PipelineResult:
    """Read a run's counts, times and failure off its recorded events, which a failed step has left, too."""
    events = [entry.dagster_event for entry in instance.all_logs(run_id) if entry.dagster_event is not None]
    counts, dry_run = _counts(events)
    failed = failed_checks(events)
    return PipelineResult(
        run_id=run_id,
        error=error_of_run(events),
        counts=counts,
        seconds=_seconds(instance, run_id),
        failed_checks=check_titles(failed, dg.AssetCheckSeverity.ERROR),
        warnings=_file_warnings(events) + check_titles(failed, dg.AssetCheckSeverity.WARN),
        details={check_title(check): check.description for check in failed if check.description},
        dry_run=dry_run,
        file=_file(events),
    )


def _file(events: Iterable[dg.DagsterEvent]) -> str | None:
    """Return the path that `raw_zip` settled on, else the name of the file that the table was loaded from."""
    found = None
    for event in events:
        if event.is_step_materialization and event.asset_key is not None:
            metadata = event.step_materialization_data.materialization.metadata
            key = {"raw_zip": "path", "baby_names_table": "file"}.get(event.asset_key.to_user_string(), "")
            if found is None and key in metadata:
                found = str(metadata[key].value)
    return found


def _counts(events: Iterable[dg.DagsterEvent]) -> tuple[dict[str, int | None], bool]:
    """Return what happened to rows and contacts, and whether the contacts' part was a dry run."""
    counts: dict[str, int | None] = dict.fromkeys((*COUNT_COLUMNS, TABLE_ROWS, *SYNC_COUNTS), 0)
    dry_run = False
    for event in events:
        if event.is_step_materialization and event.asset_key == dg.AssetKey("baby_names_table"):
            metadata = event.step_materialization_data.materialization.metadata
            counts.update(_numbers(metadata, COUNT_COLUMNS))
            counts[TABLE_ROWS] = _numbers(metadata, [ROW_COUNT])[ROW_COUNT]
        elif event.event_type == dg.DagsterEventType.STEP_START and event.step_key == "hubspot_contacts":
            counts.update(dict.fromkeys(SYNC_COUNTS))
        elif event.event_type == dg.DagsterEventType.ASSET_OBSERVATION:
            observed = event.asset_observation_data.asset_observation
            if observed.partition is None:
                counts.update(_numbers(observed.metadata, SYNC_COUNTS))
                dry_run = bool(observed.metadata[DRY_RUN_KEY].value)
    return counts, dry_run


def _file_warnings(events: Iterable[dg.DagsterEvent]) -> list[str]:
    metadata = [
        event.step_materialization_data.materialization.metadata
        for event in events
        if event.is_step_materialization and event.asset_key == dg.AssetKey("raw_zip")
    ]
    return [f"raw_zip: {known[WARNING_KEY].value}" for known in metadata if WARNING_KEY in known]


def _seconds(instance: dg.DagsterInstance, run_id: str) -> dict[str, float]:
    seconds = {
        step.step_key: round(step.end_time - step.start_time, 3)
        for step in instance.get_run_step_stats(run_id)
        if step.step_key in ALL_ASSETS and step.start_time and step.end_time
    }
    run = instance.get_run_stats(run_id)
    if run.end_time and run.start_time:
        seconds["total"] = round(run.end_time - run.start_time, 3)
    return seconds


def _numbers(metadata: Mapping[str, dg.MetadataValue[Any]], names: Sequence[str]) -> dict[str, int]:
    return {name: int(metadata[name].value) for name in names if name in metadata}
