"""The asset checks: what must be true of the file, the tables and the contacts after a run.

What belongs here: turning an answer of the domain into a passed or failed check. What does not: the questions
themselves, which `database/` and `hubspot/` ask.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from babynames_dagster.common.paths import printable
from babynames_dagster.datafile.digest import sha256_of
from babynames_dagster.datafile.record import read_record
from babynames_dagster.errors import PipelineError
from babynames_dagster.orchestration.assets.baby_name_years import baby_name_years
from babynames_dagster.orchestration.assets.baby_names_table import baby_names_table
from babynames_dagster.orchestration.assets.hubspot_checks import HUBSPOT_CHECKS
from babynames_dagster.orchestration.assets.raw_zip import raw_zip
from babynames_dagster.orchestration.resources.database import DatabaseResource
from babynames_dagster.orchestration.resources.files import FilesResource
from babynames_dagster.orchestration.resources.loading import LoadingResource

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from babynames_dagster.database.loading.loads import LoadRow


@dg.asset_check(asset=raw_zip, description="The file is still the one that raw_zip recorded: it has the same SHA-256.")
def zip_matches_its_record(files: FilesResource) -> dg.AssetCheckResult:
    """Compare the file with its record: size and time of change, and its SHA-256 where those differ."""
    record = read_record(files.settings.downloads, ())
    if record is None:
        return dg.AssetCheckResult(passed=False, description="No run has settled on a file yet.")
    try:
        # A run has hashed the file just before, and the next step does so again: what looks the same is not read here.
        found = record.sha256 if record.looks_the_same() else sha256_of(Path(record.path))
    except PipelineError as error:
        return dg.AssetCheckResult(passed=False, description=str(error))
    return dg.AssetCheckResult(
        passed=found == record.sha256,
        metadata={"recorded": record.sha256, "found": found, "path": printable(record.path)},
    )


@dg.asset_check(
    asset=baby_names_table,
    description="Every row is counted: read = inserted + present + duplicate + rejected.",
)
def rows_add_up(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource, files: FilesResource
) -> dg.AssetCheckResult:
    """Add up the load's counts."""
    with files.failures(context.log):
        load = judged_load(context, database.engine)
    if load is None:
        return dg.AssetCheckResult(passed=False, description="No load has finished yet.")
    return dg.AssetCheckResult(
        passed=load.rows.accounted_for == load.rows.read,
        metadata={
            "file": load.file_name,
            **load.rows.by_column(),
            "rows_accounted_for": load.rows.accounted_for,
        },
    )


@dg.asset_check(
    asset=baby_names_table,
    blocking=True,
    description="At most REJECT_LIMIT of the file's rows are rejected. If this fails, nothing is sent to HubSpot.",
)
def few_rows_are_rejected(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource, loading: LoadingResource, files: FilesResource
) -> dg.AssetCheckResult:
    """Compare the load's share of rejects with the limit."""
    limit = loading.reject_limit
    with files.failures(context.log):
        load = judged_load(context, database.engine)
    if load is None:
        return dg.AssetCheckResult(passed=False, description="No load has finished yet.")
    share = load.rows.rejected / load.rows.read if load.rows.read else 0.0
    return dg.AssetCheckResult(
        passed=share <= limit,
        metadata={
            "file": load.file_name,
            "rows_read": load.rows.read,
            "rows_rejected": load.rows.rejected,
            "rejected_share": round(share, 6),
            "reject_limit": limit,
        },
    )


@dg.asset_check(asset=baby_name_years, description="Every row belongs to a name that is in baby_names.")
def births_belong_to_names(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource, files: FilesResource
) -> dg.AssetCheckResult:
    """Count the names that have births and are gone."""
    from babynames_dagster.database.births import count_orphans

    with files.failures(context.log):
        missing = count_orphans(database.engine)
    return dg.AssetCheckResult(passed=missing == 0, metadata={"names_missing": missing})


@dg.asset_check(
    asset=baby_name_years,
    description="The table holds as many rows of the last finished load as that load counted.",
)
def rows_match_last_load(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource, files: FilesResource
) -> dg.AssetCheckResult:
    """Compare what the last load counted with the rows that have its id.

    Loads at work in its time may have been the last to meet some of its rows: as many more can be meant.
    """
    from babynames_dagster.database.births import count_years_of_loads_beside
    from babynames_dagster.database.loading.loaded_rows import count_rows_of_load
    from babynames_dagster.database.loading.loads import last_finished_load

    with files.failures(context.log):
        load = last_finished_load(database.engine, "baby_name_years")
        if load is None:
            return dg.AssetCheckResult(passed=False, description="No load has finished yet.")
        found = count_rows_of_load(database.engine, load.target, load.id)
        beside = count_years_of_loads_beside(database.engine, load)
    counted = load.rows.inserted + load.rows.present
    return dg.AssetCheckResult(
        passed=found <= counted <= found + beside,
        metadata={
            "load_id": str(load.id),
            "rows_counted": counted,
            "rows_found": found,
            "rows_of_loads_beside": beside,
        },
    )


def judged_load(context: dg.AssetCheckExecutionContext, engine: "Engine") -> "LoadRow | None":
    """Return the load that a check of `baby_names_table` is about; None where there is none.

    It is the one that this run materialized, which may have been loaded long before. Else it is the latest
    materialization's, as the page of the asset shows it; else the last that finished.
    """
    from babynames_dagster.database.loading.loads import last_finished_load

    table = dg.AssetKey("baby_names_table")
    of_run = [
        entry.dagster_event.step_materialization_data.materialization
        for entry in context.instance.all_logs(context.run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        if entry.dagster_event is not None and entry.dagster_event.asset_key == table
    ]
    latest = context.instance.get_latest_materialization_event(table)
    for materialization in (*of_run, latest.asset_materialization if latest is not None else None):
        if materialization is not None and "sha256" in materialization.metadata:
            load = last_finished_load(engine, "baby_names", sha256=str(materialization.metadata["sha256"].value))
            if load is not None:
                return load
    return last_finished_load(engine, "baby_names")


ALL_CHECKS = [
    zip_matches_its_record,
    rows_add_up,
    few_rows_are_rejected,
    births_belong_to_names,
    rows_match_last_load,
    *HUBSPOT_CHECKS,
]
