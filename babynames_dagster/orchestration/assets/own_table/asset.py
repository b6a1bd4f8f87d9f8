"""The asset of somebody's own table: its rows as contacts of the HubSpot account, and its checks.

What belongs here: the asset and the checks, made of the fields of a `ContactTable`. What does not: the fields
(`contact_table.py`), what all contact assets do (`contacts/runs.py`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg

from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.orchestration.assets.contacts.config import POOL, SyncConfig
from babynames_dagster.orchestration.assets.hubspot_checks import SAMPLE_SIZE, sample_result, since_start
from babynames_dagster.orchestration.assets.own_table.contact_table import ContactTable
from babynames_dagster.orchestration.assets.partitions import covered_partitions
from babynames_dagster.orchestration.resources.failures import dagster_failures
from babynames_dagster.orchestration.resources.hubspot import HubSpotResource

if TYPE_CHECKING:
    from babynames_dagster.hubspot.api.client import HubSpotClient
    from babynames_dagster.sources.table import TableSource

_TABLE = "contact_table"
"""What an asset is made of, in its metadata: for the UI, and for commands that are about its sync."""


def hubspot_contacts_asset(table: ContactTable) -> dg.AssetsDefinition:
    """Return the asset that keeps an account's contacts equal to a table.

    It needs the resources `hubspot` and `database`, where the ledger is, and the one that `table.source` names.

    Args:
        table: What it is made of.

    Raises:
        PipelineError: SOURCE_INVALID, INVALID_CONFIG where the fields don't go together.
    """
    table.check()
    names = table.partitioning.names

    @dg.asset(
        key=_key(table.asset_key),
        group_name=table.group_name,
        kinds={"hubspot"},
        pool=POOL,
        description=table.description or f"One HubSpot contact for each row of {table.table or 'the query'}.",
        partitions_def=dg.StaticPartitionsDefinition(list(names)) if table.partitions else None,
        output_required=False,  # a dry run materializes nothing
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[_key(name) for name in table.deps],
        required_resource_keys=_resources(table),
        metadata={"dagster/column_schema": _schema(table), _TABLE: _fields(table)},
    )
    def contacts(context: dg.AssetExecutionContext, config: SyncConfig) -> Iterator[dg.MaterializeResult[Any]]:
        from babynames_dagster.orchestration.assets.contacts.runs import sync_and_record

        with dagster_failures(context.log):
            engine = context.resources.database.engine
        yield from sync_and_record(
            context,
            config,
            hubspot=context.resources.hubspot,
            engine=engine,
            source=lambda: _source(context, table),
            overrides=table.overrides,
        )

    return contacts


def hubspot_contacts_checks(table: ContactTable) -> list[dg.AssetChecksDefinition]:
    """Return the checks of `hubspot_contacts_asset(table)`.

    Args:
        table: What the asset is made of.
    """
    key, resources = _key(table.asset_key), _resources(table)

    @dg.asset_check(
        asset=key,
        required_resource_keys=resources,
        description="Every row is in the ledger, with what became of it.",
    )
    def every_row_has_an_outcome(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        with _opened(context, table) as (source, client):
            ledger = Ledger(client.portal_id, source.sync)
            covered = covered_partitions(context.run.tags, source.partitions)
            rows = unsent = unfit = 0
            for page in source.pages(ledger, covered):
                rows += len(page)
                unfit += sum(row.unfit is not None for row in page)
                unsent += sum(row.unfit is None and row.entry.outcome is None for row in page)
        metadata = {"rows": rows, "rows_that_can_be_no_contact": unfit, "rows_without_an_outcome": unsent}
        return dg.AssetCheckResult(passed=not unsent, metadata=metadata)

    @dg.asset_check(
        asset=key,
        required_resource_keys=resources,
        description="A sample read back from HubSpot is ours, and holds what was sent.",
    )
    def sample_reads_back(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        from babynames_dagster.hubspot.reconcile.sample import compare_sample

        with _opened(context, table) as (source, client):
            sample = compare_sample(client, source.ledger_engine, source, since=since_start(context), size=SAMPLE_SIZE)
            requests = client.traffic.requests
        return sample_result(context, sample, requests)

    return [every_row_has_an_outcome, sample_reads_back] if table.checks else []


def table_of(spec: dg.AssetSpec) -> ContactTable | None:
    """Return what an asset is made of; None where it is not one of a table's contacts."""
    kept = spec.metadata.get(_TABLE)
    return ContactTable.model_validate(kept.data) if isinstance(kept, dg.JsonMetadataValue) else None


def _fields(table: ContactTable) -> dg.JsonMetadataValue:
    return dg.MetadataValue.json(table.model_dump(include={*ContactTable.model_fields}, exclude_defaults=True))


@contextmanager
def _opened(
    context: dg.AssetCheckExecutionContext, table: ContactTable
) -> "Iterator[tuple[TableSource, HubSpotClient]]":
    """Open what a check looks at: the rows, and the account."""
    with dagster_failures(context.log):
        source = _source(context, table)
        hubspot: HubSpotResource = context.resources.hubspot
        with hubspot.client(source.ledger_engine) as client:
            yield source, client


def _source(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, table: ContactTable) -> "TableSource":
    rows, ledger = getattr(context.resources, table.source), context.resources.database
    return table.rows_in(rows.engine, ledger.engine)


def _resources(table: ContactTable) -> set[str]:
    return {"hubspot", "database", table.source}


def _key(text: str) -> dg.AssetKey:
    return dg.AssetKey(text.split("/"))


def _schema(table: ContactTable) -> dg.TableSchema:
    sent: Sequence[tuple[str, str]] = [
        ("email", f"from the column {table.email_column}, in lower case"),
        *((name, f"from the column {column}") for column, name in table.columns.items()),
        *((name, f"the same for every contact: {value!r}") for name, value in table.constants.items()),
    ]
    once = "; given once, when the contact is made"
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name, "string", f"{text}{once if name in table.initial else ''}") for name, text in sent
        ]
    )
