"""What a run did, read off its recorded events.

What belongs here: the summary's counts, times and failure. What does not: starting the run, or drawing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import dagster as dg

from babynames_dagster.database.loading.loads import COUNT_COLUMNS, RowCounts
from babynames_dagster.errors import PipelineError
from babynames_dagster.orchestration.assets.contacts.config import DRY_RUN_KEY
from babynames_dagster.orchestration.assets.contacts.metadata import SYNC_COUNTS
from babynames_dagster.orchestration.assets.hubspot_checks import REQUESTS_KEY
from babynames_dagster.orchestration.automation.jobs import ALL_ASSETS
from babynames_dagster.orchestration.io_managers.files import WARNING_KEY
from babynames_dagster.orchestration.io_managers.tables import RESUMED_AT
from babynames_dagster.orchestration.resources.failures import check_title, check_titles, error_of_run, failed_checks

TABLE_ROWS = "table_rows"
LOAD_COUNTS = (*COUNT_COLUMNS, TABLE_ROWS)
ROW_COUNT = "dagster/row_count"
CHECKS, BETWEEN = "checks", "between_steps"
_GROUPS = {"baby_names_table": ("the rows of the file", LOAD_COUNTS), "hubspot_contacts": ("the contacts", SYNC_COUNTS)}
_ARCHIVED = (
    "Archived contacts are left alone. --full-refresh makes those again that `babynames undo` archived, "
    "`babynames reconcile --recreate` those that were archived or deleted in HubSpot."
)


@dataclass(frozen=True)
class PipelineResult:
    """What a run did.

    Attributes:
        run_id: Dagster's id of the run.
        error: Why it failed; None where it did not.
        counts: What happened to rows and contacts; None where it is not known, or was not to be counted.
        seconds: Seconds by asset, of all asset checks, between the steps (Dagster's own work), and in all (`total`).
        selected: The assets that the run was to make.
        failed_checks: Asset checks that did not pass, as `asset: check`.
        warnings: What raw_zip says about its choice of a file, the sync about the account, and checks that only warn.
        details: What a failed check or a warning says, by its entry in the two lists.
        file: The file that the run was about; None where no step has settled on one.
        resumed_at: Rows of the load that earlier runs had committed; None where the load did not come to its end.
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
    resumed_at: int | None = None
    selected: frozenset[str] = frozenset()

    @property
    def known(self) -> dict[str, int | None]:
        """The counts of each group of which any is known."""
        groups = [names for _, names in _GROUPS.values() if any(self.counts[name] is not None for name in names)]
        return {name: self.counts[name] for names in groups for name in names}

    @property
    def notes(self) -> list[str]:
        """Say what is not known, whose rows are counted, and what makes archived contacts again."""
        unknown = [
            f"What became of {what} is not known: the run ended before {asset} did."
            for asset, (what, names) in _GROUPS.items()
            if asset in self.selected and not self.known.keys() & set(names)
        ]
        archived = [_ARCHIVED] if self.counts["contacts_archived"] else []
        return [*unknown, *self._whose_rows(), *archived]

    def _whose_rows(self) -> Iterator[str]:
        """Say which rows are counted that this run did not load."""
        read = self.counts[COUNT_COLUMNS[0]]
        if read is None:
            return
        if self.resumed_at is None:
            yield "The load is not done: rows_* count what the table has of it, by this run and earlier ones."
        elif self.resumed_at:
            yield (
                f"The load was resumed: earlier runs loaded {self.resumed_at:,} of its {read:,} rows, this one the "
                f"other {read - self.resumed_at:,}; rows_* count them all."
            )

    def with_load(self, rows: RowCounts) -> "PipelineResult":
        """Return the result with the counts of a load that did not come to its end, as far as it is in the table."""
        return replace(self, counts={**self.counts, **rows.by_column()})

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
            RESUMED_AT: self.resumed_at,
            "seconds": self.seconds,
            "failed_checks": self.failed_checks,
            "warnings": self.warnings,
            "details": self.details,
            "run_id": self.run_id,
            "error": error,
        }


def summarise(instance: dg.DagsterInstance, run_id: str, *, selected: Iterable[str]) -> PipelineResult:
    """Read a run's counts, times and failure off its recorded events, which a failed step has left, too.

    Args:
        instance: Where the run is recorded.
        run_id: Dagster's id of the run.
        selected: The assets that it was to make.
    """
    events = [entry.dagster_event for entry in instance.all_logs(run_id) if entry.dagster_event is not None]
    counts, dry_run = _counts(events)
    failed = failed_checks(events)
    return PipelineResult(
        run_id=run_id,
        error=error_of_run(events),
        counts=counts,
        seconds=_seconds(instance, run_id),
        failed_checks=check_titles(failed, dg.AssetCheckSeverity.ERROR),
        warnings=_warnings(events) + check_titles(failed, dg.AssetCheckSeverity.WARN),
        details={check_title(check): check.description for check in failed if check.description},
        dry_run=dry_run,
        file=_file(events),
        resumed_at=_resumed_at(events),
        selected=frozenset(selected),
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


def _resumed_at(events: Iterable[dg.DagsterEvent]) -> int | None:
    """Return how many rows of the load earlier runs had committed; None where it did not come to its end."""
    for event in events:
        if event.is_step_materialization and event.asset_key == dg.AssetKey("baby_names_table"):
            return _numbers(event.step_materialization_data.materialization.metadata, [RESUMED_AT])[RESUMED_AT]
    return None


def _counts(events: Iterable[dg.DagsterEvent]) -> tuple[dict[str, int | None], bool]:
    """Return what happened to rows and contacts, and whether the contacts' part was a dry run."""
    counts: dict[str, int | None] = dict.fromkeys((*LOAD_COUNTS, *SYNC_COUNTS))
    dry_run = False
    by_checks = 0
    for event in events:
        if event.is_step_materialization and event.asset_key == dg.AssetKey("baby_names_table"):
            metadata = event.step_materialization_data.materialization.metadata
            counts |= _numbers(metadata, COUNT_COLUMNS)
            counts[TABLE_ROWS] = _numbers(metadata, [ROW_COUNT])[ROW_COUNT]
        elif event.event_type == dg.DagsterEventType.ASSET_OBSERVATION:
            observed = event.asset_observation_data.asset_observation
            if observed.partition is None:
                counts |= _numbers(observed.metadata, SYNC_COUNTS)
                dry_run = bool(observed.metadata[DRY_RUN_KEY].value)
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            by_checks += _numbers(event.asset_check_evaluation_data.metadata, [REQUESTS_KEY]).get(REQUESTS_KEY) or 0
    of_sync = counts[REQUESTS_KEY]
    counts[REQUESTS_KEY] = of_sync if of_sync is None else of_sync + by_checks
    return counts, dry_run


def _warnings(events: Iterable[dg.DagsterEvent]) -> list[str]:
    """Return what `raw_zip` says about its choice of a file, and the sync about the account."""
    found = []
    for event in events:
        if event.is_step_materialization and event.asset_key == dg.AssetKey("raw_zip"):
            found.append(("raw_zip", event.step_materialization_data.materialization.metadata))
        elif event.is_asset_observation and event.asset_key == dg.AssetKey("hubspot_contacts"):
            found.append(("hubspot_contacts", event.asset_observation_data.asset_observation.metadata))
    return [f"{asset}: {metadata[WARNING_KEY].value}" for asset, metadata in found if WARNING_KEY in metadata]


def _seconds(instance: dg.DagsterInstance, run_id: str) -> dict[str, float]:
    """Return the seconds of each asset, then of what the run did beside them; they add up to its total as shown."""
    steps = {
        step.step_key: step.end_time - step.start_time
        for step in instance.get_run_step_stats(run_id)
        if step.start_time and step.end_time
    }
    seconds = {name: taken for name, taken in steps.items() if name in ALL_ASSETS}
    seconds[CHECKS] = sum((taken for name, taken in steps.items() if name not in ALL_ASSETS), 0.0)
    run = instance.get_run_stats(run_id)
    if run.end_time and run.start_time:
        seconds[BETWEEN] = max(0.0, run.end_time - run.start_time - sum(steps.values()))
        seconds = {name: round(taken, 2) for name, taken in seconds.items()}
        seconds["total"] = round(sum(seconds.values()), 2)
    return seconds


def _numbers(metadata: Mapping[str, dg.MetadataValue[Any]], names: Sequence[str]) -> dict[str, int | None]:
    return {name: int(metadata[name].value) for name in names if name in metadata}
