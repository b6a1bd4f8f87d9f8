"""`hubspot_contacts`: the HubSpot account's contacts equal the table, partition by partition."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from babynames_dagster.orchestration.assets.contacts.config import POOL, SyncConfig
from babynames_dagster.orchestration.assets.lineage import CONTACTS_LINEAGE, CONTACTS_SCHEMA
from babynames_dagster.orchestration.assets.partitions import CONTACT_PARTITIONS, GROUP, covered_partitions
from babynames_dagster.orchestration.io_managers.tables import LoadedTable
from babynames_dagster.orchestration.resources.files import FilesResource
from babynames_dagster.orchestration.resources.hubspot import HubSpotResource
from babynames_dagster.orchestration.resources.reporting import progress_events

if TYPE_CHECKING:
    from babynames_dagster.hubspot.sync.report import SyncOptions


class NamesSyncConfig(SyncConfig):
    """What a run may ask of the sync of names."""

    plan: bool = Field(
        default=False,
        description="Write nothing to HubSpot, and row by row into a file what would be done, for `babynames apply`.",
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
    config: NamesSyncConfig,
    baby_names_table: LoadedTable,
    hubspot: HubSpotResource,
    files: FilesResource,
) -> Iterator[dg.MaterializeResult[Any]]:
    """One contact per name in HubSpot, created or updated by its email, at the pace that HubSpot allows.

    Only what changed since HubSpot acknowledged it is sent. The ledger says of each contact whether it is synced,
    rejected (with HubSpot's reason) or failed; a rejected contact does not hold up the others.

    **A run without a partition covers all 27.** With `dry_run: true` it only says what it would do; with
    `plan: true` it does so row by row, in a file.

    In the metadata of a partition, `contacts_*`, `first_rejects`, `first_failures` and `preview` are its own. The table
    `account` says the same of the whole run, and of all runs so far; `contacts` leads to them in HubSpot. A request
    carries contacts of several partitions. So `seconds`, `requests` and `waited_seconds` (pauses after a 429) are those
    of the run between the partition's first contact and its last one. The run's own figures are in its observation.
    """
    from babynames_dagster.names.contacts.source import NameSource
    from babynames_dagster.orchestration.assets.contacts.runs import sync_and_record

    engine = baby_names_table.engine
    if config.plan:
        _plan(context, config.options(context.run.tags), baby_names_table, hubspot, files)
        return
    yield from sync_and_record(
        context,
        config,
        hubspot=hubspot,
        engine=engine,
        source=lambda: NameSource.from_settings(engine, hubspot.settings.hubspot),
        failures=lambda how_far: files.failures(context.log, how_far),
    )


def _plan(
    context: dg.AssetExecutionContext,
    options: "SyncOptions",
    table: LoadedTable,
    hubspot: HubSpotResource,
    files: FilesResource,
) -> None:
    from babynames_dagster.names.contacts.source import NameSource
    from babynames_dagster.orchestration.assets.contacts.plan import plan_metadata, plan_path

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
