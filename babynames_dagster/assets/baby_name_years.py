"""`baby_name_years`: births by name and year, for exact year filters and charts."""

import dagster as dg
import pyarrow as pa

from babynames_dagster.assets.baby_names_table import LoadConfig
from babynames_dagster.assets.lineage import YEARS_LINEAGE, YEARS_SCHEMA
from babynames_dagster.assets.partitions import GROUP, OWNERS
from babynames_dagster.io_managers.files import StoredFile
from babynames_dagster.names.reading import ReadOptions, years_reader
from babynames_dagster.resources.failing import dagster_failures
from babynames_dagster.settings import current_settings


@dg.asset(
    group_name=GROUP,
    owners=OWNERS,
    kinds={"pyarrow", "mysql"},
    code_version="1",
    backfill_policy=dg.BackfillPolicy.single_run(),
    io_manager_key="mysql_io_manager",
    deps=["baby_names_table"],
    metadata={"dagster/column_schema": YEARS_SCHEMA, "dagster/column_lineage": YEARS_LINEAGE},
)
def baby_name_years(context: dg.AssetExecutionContext, config: LoadConfig, raw_zip: StoredFile) -> pa.RecordBatchReader:
    """How many children got each name in each year, in `baby_name_years`.

    Only MIN_YEAR, MAX_YEAR and the chart need it, so the main job leaves it out unless one of the two is set:
    materialize it by hand. The chart of births by year is behind "Show Markdown" in its metadata.
    """
    with dagster_failures(context.log):
        return years_reader(
            raw_zip.file,
            sha256=raw_zip.sha256,
            options=ReadOptions.from_settings(current_settings()),
            full_reload=config.full_reload,
        )
