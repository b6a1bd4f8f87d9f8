"""`hubspot_contacts`: the HubSpot account's contacts equal the table, partition by partition."""

import socket
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from babynames_dagster.assets.contact_metadata import DRY_RUN_KEY, partition_metadata, run_metadata
from babynames_dagster.assets.contact_plan import plan_metadata, plan_path
from babynames_dagster.assets.lineage import CONTACTS_LINEAGE, CONTACTS_SCHEMA
from babynames_dagster.assets.partitions import CONTACT_PARTITIONS, DRY_RUN_TAG, GROUP, covered_partitions
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.sync.outcomes import Kind
from babynames_dagster.hubspot.sync.run import SyncOptions, SyncReport
from babynames_dagster.hubspot.sync.settings_advice import slow_settings_warning
from babynames_dagster.io_managers.tables import LoadedTable
from babynames_dagster.names.contacts.source import NameSource
from babynames_dagster.resources.failures import as_failure
from babynames_dagster.resources.files import FilesResource
from babynames_dagster.resources.hubspot import HubSpotResource
from babynames_dagster.resources.reporting import notices, progress_events

POOL = "hubspot"
_SHARED = (
    "HubSpot has %d fewer contacts than there are synced names: their emails lead to contacts of other names, because "
    "they were merged, or an email was added to another contact."
)


class SyncConfig(dg.Config):
    """What a run may ask of the sync."""

    full_refresh: bool = Field(
        default=False, description="Send every contact, changed or not, those that undo archived among them."
    )
    retry_rejected: bool = Field(default=False, description="Send again the contacts that HubSpot rejected before.")
    plan: bool = Field(
        default=False,
        description="Write nothing to HubSpot, and row by row into a file what would be done, for `babynames apply`.",
    )
    override_guards: bool = Field(
        default=False, description="Write more than HUBSPOT_MAX_CREATES, _UPDATES and _ARCHIVES let through."
    )
    initial_values: bool = Field(
        default=False,
        description="Give contacts the values of HUBSPOT_INITIAL_PROPERTIES again where they were given others; with "
        "full_refresh, all of them.",
    )
    dry_run: bool = Field(
        default=False,
        description="Only say what would be done: nothing is written, neither to HubSpot nor to the ledger.",
    )


@dg.asset(
    group_name=GROUP,
    kinds={"hubspot"},
    pool=POOL,
    code_version="1",
    partitions_def=CONTACT_PARTITIONS,
    output_required=False,  # a dry run materializes nothing
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=["baby_name_years"],
    metadata={"dagster/column_schema": CONTACTS_SCHEMA, "dagster/column_lineage": CONTACTS_LINEAGE},
)
def hubspot_contacts(
    context: dg.AssetExecutionContext,
    config: SyncConfig,
    baby_names_table: LoadedTable,
    hubspot: HubSpotResource,
    files: FilesResource,
) -> Iterator[dg.MaterializeResult[Any]]:
    """One contact per name in HubSpot, created or updated by its email, at the pace that HubSpot allows.

    Only what changed since HubSpot acknowledged it is sent. The ledger says of each contact whether it is synced,
    rejected (with HubSpot's reason) or failed; a rejected contact does not hold up the others.

    **A run without a partition covers all 27.** With `dry_run: true` it only says what it would do; with
    `plan: true` it does so row by row, in a file.

    In the metadata of a partition, `contacts_*`, `first_rejects`, `first_failures` and `preview` are its own; the table
    `account` says the same of the whole run, and of all runs so far; `contacts` leads to them in HubSpot. A request
    carries contacts of several partitions, so that `seconds`, `requests` and `waited_seconds` (pauses after a 429) are
    those of the run between the partition's first contact and its last one. The run's own figures are in its
    observation.
    """
    options = SyncOptions(
        full_refresh=config.full_refresh,
        retry_rejected=config.retry_rejected,
        initial_values=config.initial_values,
        dry_run=config.dry_run or context.run.tags.get(DRY_RUN_TAG) == "true",
        override_guards=config.override_guards,
    )
    if config.plan:
        _plan(context, options, baby_names_table, hubspot, files)
        return
    broken_off: list[SyncReport] = []
    with files.failures(context.log, lambda: how_far(broken_off)):
        warning = slow_settings_warning(hubspot.settings.hubspot)
        if warning is not None:
            context.log.warning(warning)
        try:
            engine = baby_names_table.engine
            report = hubspot.sync(
                engine,
                NameSource.from_settings(engine, hubspot.settings.hubspot),
                partitions=covered_partitions(context.run.tags),
                options=options,
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
    if report.shared:
        context.log.warning(_SHARED, report.shared)
    failure = what_failed(report)
    if failure is not None:
        _materialize_what_is_complete(context, report)
        raise as_failure(failure)
    if report.dry_run:
        _observe_what_would_be_done(context, report)
        return
    if not (context.has_partition_key or context.has_partition_key_range):
        # Launched without partitions: Dagster would record a materialization of none of them. The checks wait for one.
        _materialize_what_is_complete(context, report)
        yield dg.MaterializeResult(metadata=run_metadata(report))
        return
    for partition, counts in report.by_partition.items():
        context.add_asset_metadata(partition_metadata(counts, report), partition_key=partition)
    yield dg.MaterializeResult()


def _plan(
    context: dg.AssetExecutionContext,
    options: SyncOptions,
    table: LoadedTable,
    hubspot: HubSpotResource,
    files: FilesResource,
) -> None:
    path = plan_path(files.settings.data, context.run.run_id)
    with files.failures(context.log):
        report = hubspot.plan(
            table.engine,
            NameSource.from_settings(table.engine, hubspot.settings.hubspot),
            partitions=covered_partitions(context.run.tags),
            options=options,
            path=path,
            on_progress=progress_events(context.log),
        )
    context.log_event(dg.AssetObservation(asset_key=context.asset_key, metadata=plan_metadata(report, path)))


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
        said = f" {problem.category}: {problem.message}" if problem else ""
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
    for partition, counts in report.by_partition.items():
        context.log_event(
            dg.AssetObservation(
                asset_key=context.asset_key,
                partition=partition,
                metadata={DRY_RUN_KEY: True, **partition_metadata(counts, report)},
            )
        )


def _materialize_what_is_complete(context: dg.AssetExecutionContext, report: SyncReport) -> None:
    """Record the partitions that are complete, whatever becomes of the step as a whole."""
    for partition, counts in report.by_partition.items():
        if counts.complete and not report.dry_run:
            context.log_event(
                dg.AssetMaterialization(
                    asset_key=context.asset_key, partition=partition, metadata=partition_metadata(counts, report)
                )
            )
