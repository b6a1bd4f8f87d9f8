"""What the assets that load a table have in common: how they are declared, and what a run may ask of them."""

from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from babynames_dagster.orchestration.assets.partitions import GROUP


class LoadConfig(dg.Config):
    """What a run may ask of a load."""

    full_reload: bool = Field(default=False, description="Read the file again even if it was loaded before.")


def table_asset(
    *, code_version: str, schema: dg.TableSchema, lineage: dg.TableColumnLineage, deps: Sequence[str] = ()
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Return the decorator of a function whose stream of record batches becomes a table.

    Args:
        code_version: To be raised where the same file would make another table.
        schema: The table's columns.
        lineage: Where they come from.
        deps: Assets that have to be there before, without being read.
    """
    return dg.asset(
        group_name=GROUP,
        kinds={"pyarrow", "sql"},
        code_version=code_version,
        backfill_policy=dg.BackfillPolicy.single_run(),
        io_manager_key="table_io_manager",
        deps=deps,
        # Both write to the database alone, where a file that was loaded is recognised, so that this can't flood
        # anything. Not on the others: raw_zip has nothing before it in Dagster (the schedule fetches), and on
        # hubspot_contacts it would send all 27 partitions after each load. The sensor `hubspot_sync` asks for those
        # that have something to send.
        automation_condition=dg.AutomationCondition.eager(),
        metadata={"dagster/column_schema": schema, "dagster/column_lineage": lineage},
    )
