"""`baby_names_table`: one row per (name, sex) of the file."""

import dagster as dg

from babynames_dagster.datafile.digest import HashedFile
from babynames_dagster.names.stream import NAMES, RowStream
from babynames_dagster.orchestration.assets.lineage import NAMES_LINEAGE, NAMES_SCHEMA
from babynames_dagster.orchestration.assets.tables import LoadConfig, table_asset
from babynames_dagster.orchestration.resources.files import FilesResource
from babynames_dagster.orchestration.resources.loading import LoadingResource


@table_asset(code_version="1", schema=NAMES_SCHEMA, lineage=NAMES_LINEAGE)
def baby_names_table(
    context: dg.AssetExecutionContext,
    config: LoadConfig,
    raw_zip: HashedFile,
    files: FilesResource,
    loading: LoadingResource,
) -> RowStream:
    """The distinct names of the dataset, streamed from inside the zip into `baby_names`.

    Every row read is counted as inserted, already present, duplicate in the file, or rejected with its line and
    reason. A file that was loaded before is recognised; an interrupted load resumes after its last batch.
    """
    from babynames_dagster.names.csv.reading import ReadOptions, stream_file
    from babynames_dagster.names.loading.settings_advice import slow_settings_warning

    with files.failures(context.log):
        warning = slow_settings_warning(loading.settings)
        if warning is not None:
            context.log.warning(warning)
        return stream_file(
            NAMES,
            raw_zip,
            options=ReadOptions.from_settings(files.settings),
            full_reload=config.full_reload,
        )
