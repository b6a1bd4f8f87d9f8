"""`hubspot_contacts`: the HubSpot account's contacts equal the table, partition by partition."""

import socket
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from babynames_dagster.assets.lineage import CONTACTS_LINEAGE, CONTACTS_SCHEMA
from babynames_dagster.assets.partitions import CONTACT_PARTITIONS, GROUP, OWNERS
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.sync.run import ContactCounts, PartitionReport, Reject, SyncOptions, SyncReport
from babynames_dagster.hubspot.sync.settings_advice import slow_settings_warning
from babynames_dagster.io_managers.tables import LoadedTable
from babynames_dagster.resources.failing import as_failure, dagster_failures
from babynames_dagster.resources.hubspot import HubSpotResource
from babynames_dagster.resources.reporting import notices, progress_events
from babynames_dagster.settings import current_settings

REJECTS_SHOWN = 10
PREVIEW_PROPERTIES = ("email", "firstname", "lastname")
DRY_RUN_KEY = "dry_run"
POOL = "hubspot"


class SyncConfig(dg.Config):
    """What a run may ask of the sync."""

    full_refresh: bool = Field(default=False, description="Send every row, changed or not.")
    retry_rejected: bool = Field(default=False, description="Send again what HubSpot rejected before.")
    dry_run: bool = Field(default=False, description="Only say what would be done; write nothing anywhere.")


@dg.asset(
    group_name=GROUP,
    owners=OWNERS,
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
) -> Iterator[dg.MaterializeResult[Any]]:
    """One contact per name, upserted by email, at the pace that HubSpot allows.

    Only rows that changed since HubSpot acknowledged them are sent. The ledger says of each row whether it is
    synced, rejected (with HubSpot's reason) or failed; rejected rows do not hold up the others.

    In a partition's metadata, the counts, `first_rejects`, `preview` and `contacts_per_second` are its own. Requests
    carry several partitions at once, so `seconds` is the time from when its first contact was ready to be sent until
    its last one had an outcome, and `requests`, `waited_seconds` (pauses after a 429) and `share_of_ceiling` say what
    the run did in that time, for all partitions. The share is of what HubSpot's limit allows over a long time; a short
    run can exceed 1. The run's totals are in an observation of this asset.
    """
    options = SyncOptions(
        full_refresh=config.full_refresh, retry_rejected=config.retry_rejected, dry_run=config.dry_run
    )
    with dagster_failures(context.log):
        warning = slow_settings_warning(current_settings())
        if warning is not None:
            context.log.warning(warning)
        report = hubspot.sync(
            baby_names_table.engine,
            partitions=context.partition_keys,
            options=options,
            on_progress=progress_events(context.log),
            sender=f"run {context.run.run_id[:8]} of {context.run.job_name} on {socket.gethostname()}",
            say=notices(context.log),
        )
    context.log_event(dg.AssetObservation(asset_key=context.asset_key, metadata=run_metadata(report)))
    failure = what_failed(report)
    if failure is not None:
        _materialize_what_succeeded(context, report)
        raise as_failure(failure)
    if report.dry_run:
        _observe_what_would_be_done(context, report)
        return
    for partition, told in report.by_partition.items():
        context.add_asset_metadata(partition_metadata(told), partition_key=partition)
    yield dg.MaterializeResult()


def what_failed(report: SyncReport) -> PipelineError | None:
    """Return why the sync did not reach every row; None where it did."""
    if report.stopped is not None:
        return report.stopped
    failed = {partition: counts.failed for partition, counts in report.by_partition.items() if counts.failed}
    if not failed:
        unsent = report.total.unsent
        return PipelineError(ErrorCode.INTERRUPTED, f"{unsent:,} contacts were not reached.") if unsent else None
    where = ", ".join(f"{partition}: {count:,}" for partition, count in failed.items())
    return PipelineError(
        ErrorCode.HUBSPOT_ROWS_FAILED, f"{sum(failed.values()):,} contacts could not be sent ({where})."
    )


def _observe_what_would_be_done(context: dg.AssetExecutionContext, report: SyncReport) -> None:
    for partition, told in report.by_partition.items():
        context.log_event(
            dg.AssetObservation(
                asset_key=context.asset_key,
                partition=partition,
                metadata={DRY_RUN_KEY: True, **partition_metadata(told)},
            )
        )


def _materialize_what_succeeded(context: dg.AssetExecutionContext, report: SyncReport) -> None:
    """Record the partitions that are complete, although the step as a whole fails."""
    for partition, told in report.by_partition.items():
        if told.complete:
            context.log_event(
                dg.AssetMaterialization(
                    asset_key=context.asset_key, partition=partition, metadata=partition_metadata(told)
                )
            )


def partition_metadata(report: PartitionReport) -> dict[str, Any]:
    """Return what the UI shows of one partition: its own counts, and what the run did in its span (`Span`).

    There are no rates where nothing was sent: 0 would look slow in a plot.
    """
    metadata: dict[str, Any] = {
        "dagster/partition_row_count": report.contacts,
        **_count_metadata(report),
        "seconds": round(report.span.seconds, 3),
        "requests": report.span.requests,
        "waited_seconds": round(report.span.waited_seconds, 3),
    }
    if report.contacts_per_second is not None and report.share_of_ceiling is not None:
        metadata["contacts_per_second"] = round(report.contacts_per_second, 1)
        metadata["share_of_ceiling"] = round(report.share_of_ceiling, 4)
    if report.preview:
        rows = [dg.TableRecord({name: contact[name] for name in PREVIEW_PROPERTIES}) for contact in report.preview]
        metadata["preview"] = dg.MetadataValue.table(rows)
    return {**metadata, **_rejects_metadata(report.first_rejects)}


def run_metadata(report: SyncReport) -> dict[str, Any]:
    """Return what the UI shows of the run as a whole, whose requests carry several partitions at once."""
    share = {} if report.achieved_share is None else {"share_of_ceiling": round(report.achieved_share, 4)}
    return {
        "portal_id": str(report.portal_id),
        "contacts": dg.MetadataValue.url(f"https://app.hubspot.com/contacts/{report.portal_id}/objects/0-1"),
        DRY_RUN_KEY: report.dry_run,
        **_count_metadata(report.total),
        "requests": report.requests,
        "rate_limited": report.rate_limited,
        "waited_seconds": round(report.waited_seconds, 3),
        **share,
        "seconds": round(report.seconds, 3),
        **_rejects_metadata(report.first_rejects),
    }


def _count_metadata(counts: ContactCounts) -> dict[str, int]:
    return {
        "contacts_created": counts.created,
        "contacts_updated": counts.updated,
        "contacts_unchanged": counts.unchanged,
        "contacts_rejected": counts.rejected,
        "contacts_failed": counts.failed,
        "contacts_archived": counts.archived,
        "contacts_unsent": counts.unsent,
    }


def _rejects_metadata(rejects: Sequence[Reject]) -> dict[str, Any]:
    records = [
        dg.TableRecord(
            {
                "email": reject.email,
                "category": reject.category,
                "message": reject.message[:300],
                "correlation_id": reject.correlation_id or "",
            }
        )
        for reject in rejects[:REJECTS_SHOWN]
    ]
    return {"first_rejects": dg.MetadataValue.table(records)} if records else {}
