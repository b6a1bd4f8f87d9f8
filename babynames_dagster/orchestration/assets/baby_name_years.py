"""`baby_name_years`: births by name and year, for exact year filters and charts."""

import dagster as dg

from babynames_dagster.datafile.digest import HashedFile
from babynames_dagster.names.stream import YEARS, RowStream
from babynames_dagster.orchestration.assets.lineage import YEARS_LINEAGE, YEARS_SCHEMA
from babynames_dagster.orchestration.assets.tables import LoadConfig, table_asset
from babynames_dagster.orchestration.resources.files import FilesResource


@table_asset(code_version="1", schema=YEARS_SCHEMA, lineage=YEARS_LINEAGE, deps=["baby_names_table"])
def baby_name_years(
    context: dg.AssetExecutionContext, config: LoadConfig, raw_zip: HashedFile, files: FilesResource
) -> RowStream:
    """How many children got each name in each year, in `baby_name_years`.

    Only MIN_YEAR, MAX_YEAR and the chart need it, so the main job leaves it out unless one of the two is set:
    materialize it by hand. The chart of births by year is behind "Show Markdown" in its metadata.
    """
    from babynames_dagster.names.csv.reading import ReadOptions, stream_file

    with files.failures(context.log):
        return stream_file(
            YEARS,
            raw_zip,
            options=ReadOptions.from_settings(files.settings),
            full_reload=config.full_reload,
        )
