"""What every asset of contacts does in a run: sync, and record each partition and the run.

What belongs here: from the sync's report to Dagster's events and failures. What does not: what is sent, and what an
asset's metadata says (`metadata.py`).
"""

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import dagster as dg
from sqlalchemy.engine import Engine

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.batches.outcomes import Kind
from babynames_dagster.hubspot.source import ContactSource
from babynames_dagster.hubspot.sync.report import SyncReport
from babynames_dagster.hubspot.sync.settings_advice import slow_settings_warning
from babynames_dagster.orchestration.assets.contacts.config import DRY_RUN_KEY, SyncConfig
from babynames_dagster.orchestration.assets.contacts.metadata import partition_metadata, run_metadata, whole_metadata
from babynames_dagster.orchestration.assets.partitions import covered_partitions
from babynames_dagster.orchestration.resources.failures import as_failure, dagster_failures
from babynames_dagster.orchestration.resources.hubspot import HubSpotResource
from babynames_dagster.orchestration.resources.reporting import notices, progress_events

Failures = Callable[[Callable[[], str]], AbstractContextManager[None]]
"""Turns errors into Dagster's; takes what says how far the sync came."""

_SHARED = (
    "HubSpot has %d fewer contacts than there are synced %ss: their emails lead to contacts of other %ss, because "
    "they were merged, or an email was added to another contact."
)


def sync_and_record(  # noqa: PLR0913 - what a run is made of, all by keyword
    context: dg.AssetExecutionContext,
    config: SyncConfig,
    *,
    hubspot: HubSpotResource,
    engine: Engine,
    source: Callable[[], ContactSource],
    overrides: Mapping[str, object] | None = None,
    failures: Failures | None = None,
) -> Iterator[dg.MaterializeResult[Any]]:
    """Sync the partitions of a run, and record what became of them.

    Args:
        context: The step.
        config: What the run asks for.
        hubspot: The account.
        engine: The ledger's database.
        source: Makes what is sent.
        overrides: Settings of HubSpot that are others for this asset.
        failures: Turns errors into Dagster's.

    Raises:
        Failure: What kept the sync from reaching every row.
    """
    broken_off: list[SyncReport] = []
    guarded = failures or (lambda how_far: dagster_failures(context.log, how_far))
    with guarded(lambda: how_far(broken_off)):
        warning = slow_settings_warning(hubspot.settings.hubspot)
        if warning is not None:
            context.log.warning(warning)
        rows = source()
        try:
            report = hubspot.sync(
                engine,
                rows,
                partitions=covered_partitions(context.run.tags, rows.partitions),
                options=config.options(context.run.tags),
                overrides=overrides or {},
                on_progress=progress_events(context.log),
                sender=f"run {context.run.run_id[:8]} of {context.run.job_name} on {socket.gethostname()}",
                say=notices(context.log),
                on_broken_off=broken_off.append,
            )
        except BaseException:
            for cut_short in broken_off:
                _observe_run(context, cut_short)
                _materialize_what_is_complete(context, cut_short)
            raise
    _observe_run(context, report)
    _warn(context.log, report, rows.noun)
    failure = what_failed(report)
    if failure is not None:
        _materialize_what_is_complete(context, report)
        raise as_failure(failure)
    if report.dry_run:
        _observe_what_would_be_done(context, report)
        return
    if context.assets_def.partitions_def is None:
        yield dg.MaterializeResult(metadata=whole_metadata(report))
        return
    if not (context.has_partition_key or context.has_partition_key_range):
        # Launched without partitions: Dagster would record a materialization of none of them. The checks wait for one.
        _materialize_what_is_complete(context, report)
        yield dg.MaterializeResult(metadata=run_metadata(report))
        return
    for partition, counts in report.by_partition.items():
        context.add_asset_metadata(partition_metadata(counts, report), partition_key=partition)
    yield dg.MaterializeResult()


def _warn(log: dg.DagsterLogManager, report: SyncReport, noun: str) -> None:
    """Say what of a run's outcome is for people to look at, and no failure."""
    if report.shared:
        log.warning(_SHARED, report.shared, noun, noun)
    if report.troubles.first_left:
        log.warning(report.troubles.left_alone)


def how_far(broken_off: Sequence[SyncReport]) -> str:
    """Say how far a sync came that was stopped; empty where it had not begun."""
    if not broken_off:
        return ""
    total = broken_off[0].total
    acknowledged = total.acknowledged + total.unchanged
    return f"The sync was stopped: {acknowledged:,} of {total.contacts:,} contacts are acknowledged by HubSpot."


def what_failed(report: SyncReport) -> PipelineError | None:
    """Return why the sync did not reach every row; None where it did."""
    if report.stopped is not None:
        return report.stopped
    failed = {partition: counts.failed for partition, counts in report.by_partition.items() if counts.failed}
    if report.mirrored is not None and report.mirrored.failed:
        problem = report.mirrored.problem
        said = f" {problem}" if problem else ""
        return PipelineError(
            ErrorCode.HUBSPOT_ROWS_FAILED, f"{report.mirrored.failed:,} orphaned contacts could not be archived.{said}"
        )
    if not failed:
        unsent = report.total.unsent
        return PipelineError(ErrorCode.INTERRUPTED, f"{unsent:,} contacts were not reached.") if unsent else None
    where = ", ".join(f"{partition}: {count:,}" for partition, count in failed.items())
    return PipelineError(
        ErrorCode.HUBSPOT_ROWS_FAILED,
        f"{sum(failed.values()):,} contacts could not be sent ({where}). {report.troubles.main_reason(Kind.FAILED)}",
    )


def _observe_run(context: dg.AssetExecutionContext, report: SyncReport) -> None:
    context.log_event(dg.AssetObservation(asset_key=context.asset_key, metadata=run_metadata(report)))


def _observe_what_would_be_done(context: dg.AssetExecutionContext, report: SyncReport) -> None:
    is_partitioned = context.assets_def.partitions_def is not None
    for partition, counts in report.by_partition.items():
        metadata = partition_metadata(counts, report) if is_partitioned else whole_metadata(report)
        context.log_event(
            dg.AssetObservation(
                asset_key=context.asset_key,
                partition=partition if is_partitioned else None,
                metadata={DRY_RUN_KEY: True, **metadata},
            )
        )


def _materialize_what_is_complete(context: dg.AssetExecutionContext, report: SyncReport) -> None:
    """Record the partitions that are complete, whatever becomes of the step as a whole."""
    if context.assets_def.partitions_def is None:
        return
    for partition, counts in report.by_partition.items():
        if counts.complete and not report.dry_run:
            context.log_event(
                dg.AssetMaterialization(
                    asset_key=context.asset_key, partition=partition, metadata=partition_metadata(counts, report)
                )
            )
