"""The asset checks: what must be true of the file, the tables and the contacts after a run.

What belongs here: turning an answer of the domain into a passed or failed check. What does not: the questions
themselves, which `database/` and `hubspot/` ask.
"""

import time
from pathlib import Path

import dagster as dg

from babynames_dagster.assets.baby_name_years import baby_name_years
from babynames_dagster.assets.baby_names_table import baby_names_table
from babynames_dagster.assets.hubspot_checks import HUBSPOT_CHECKS
from babynames_dagster.assets.raw_zip import raw_zip
from babynames_dagster.database.loads import last_finished_load
from babynames_dagster.database.names_table import table_facts
from babynames_dagster.database.years_table import count_orphans, count_years_of_load, count_years_of_loads_beside
from babynames_dagster.datafile.inspect import sha256_of
from babynames_dagster.datafile.record import read_record
from babynames_dagster.errors import PipelineError
from babynames_dagster.resources.database import DatabaseResource
from babynames_dagster.resources.files import FilesResource
from babynames_dagster.resources.kaggle import KaggleResource
from babynames_dagster.resources.loading import LoadingResource

FRESH_DAYS = 366.0


@dg.asset_check(asset=raw_zip, description="The file still holds what was recorded when it was settled on.")
def zip_matches_its_record(files: FilesResource) -> dg.AssetCheckResult:
    """Compare the file's SHA-256 with the recorded one."""
    record = read_record(files.settings.downloads, ())
    if record is None:
        return dg.AssetCheckResult(passed=False, description="No run has settled on a file yet.")
    try:
        found = sha256_of(Path(record.path))
    except PipelineError as error:
        return dg.AssetCheckResult(passed=False, description=str(error))
    return dg.AssetCheckResult(
        passed=found == record.sha256, metadata={"recorded": record.sha256, "found": found, "path": record.path}
    )


@dg.asset_check(asset=raw_zip, description="The file is younger than KAGGLE_MAX_AGE_DAYS, or a year.")
def raw_zip_is_fresh(kaggle: KaggleResource) -> dg.AssetCheckResult:
    """Compare the file's age with what is allowed."""
    settings = kaggle.settings
    allowed = settings.kaggle.max_age_days or FRESH_DAYS
    record = read_record(settings.files.downloads, ())
    if record is None or not Path(record.path).exists():
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN, description="There is no file.")
    days = (time.time() - Path(record.path).stat().st_mtime) / 86400
    return dg.AssetCheckResult(
        passed=days <= allowed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"age_days": round(days, 2), "allowed_days": allowed},
    )


@dg.asset_check(asset=baby_names_table, description="Rows read = inserted + present + duplicate + rejected.")
def rows_add_up(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource, files: FilesResource
) -> dg.AssetCheckResult:
    """Add up the last load's counts."""
    with files.failures(context.log):
        load = last_finished_load(database.engine, "baby_names")
    if load is None:
        return dg.AssetCheckResult(passed=False, description="No load has finished yet.")
    accounted = load.rows_inserted + load.rows_present + load.rows_duplicate + load.rows_rejected
    return dg.AssetCheckResult(
        passed=accounted == load.rows_read,
        metadata={
            "rows_read": load.rows_read,
            "rows_inserted": load.rows_inserted,
            "rows_present": load.rows_present,
            "rows_duplicate": load.rows_duplicate,
            "rows_rejected": load.rows_rejected,
            "rows_accounted_for": accounted,
        },
    )


@dg.asset_check(
    asset=baby_names_table,
    blocking=True,
    description="Rejected rows are no larger a share of the file than REJECT_LIMIT; else nothing is sent to HubSpot.",
)
def few_rows_are_rejected(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource, loading: LoadingResource, files: FilesResource
) -> dg.AssetCheckResult:
    """Compare the last load's share of rejects with the limit."""
    limit = loading.reject_limit
    with files.failures(context.log):
        load = last_finished_load(database.engine, "baby_names")
    if load is None:
        return dg.AssetCheckResult(passed=False, description="No load has finished yet.")
    share = load.rows_rejected / load.rows_read if load.rows_read else 0.0
    return dg.AssetCheckResult(
        passed=share <= limit,
        metadata={
            "rows_read": load.rows_read,
            "rows_rejected": load.rows_rejected,
            "rejected_share": round(share, 6),
            "reject_limit": limit,
        },
    )


@dg.asset_check(asset=baby_names_table, description="No two rows share a slug.")
def slugs_are_unique(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource, files: FilesResource
) -> dg.AssetCheckResult:
    """Compare the number of distinct slugs with the number of rows."""
    with files.failures(context.log):
        facts = table_facts(database.engine)
    return dg.AssetCheckResult(
        passed=facts.rows == facts.distinct_slugs,
        metadata={"rows": facts.rows, "distinct_slugs": facts.distinct_slugs},
    )


@dg.asset_check(asset=baby_names_table, description="Sex is M or F in every row.")
def sex_is_m_or_f(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource, files: FilesResource
) -> dg.AssetCheckResult:
    """Count the rows whose sex is anything else."""
    with files.failures(context.log):
        facts = table_facts(database.engine)
    return dg.AssetCheckResult(passed=facts.other_sexes == 0, metadata={"rows_with_another_sex": facts.other_sexes})


@dg.asset_check(asset=baby_name_years, description="The name of every row is in baby_names.")
def births_belong_to_names(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource, files: FilesResource
) -> dg.AssetCheckResult:
    """Count the names that have births and are gone."""
    with files.failures(context.log):
        missing = count_orphans(database.engine)
    return dg.AssetCheckResult(passed=missing == 0, metadata={"names_missing": missing})


@dg.asset_check(
    asset=baby_name_years,
    description="Every row that the last finished load inserted or met is there, and no later load has touched it.",
)
def rows_match_last_load(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource, files: FilesResource
) -> dg.AssetCheckResult:
    """Compare what the last load counted with the rows that bear its id.

    Loads at work in its time may have been the last to meet some of its rows: as many more can be meant.
    """
    with files.failures(context.log):
        load = last_finished_load(database.engine, "baby_name_years")
        if load is None:
            return dg.AssetCheckResult(passed=False, description="No load has finished yet.")
        found = count_years_of_load(database.engine, load.id)
        beside = count_years_of_loads_beside(database.engine, load)
    counted = load.rows_inserted + load.rows_present
    return dg.AssetCheckResult(
        passed=found <= counted <= found + beside,
        metadata={
            "load_id": str(load.id),
            "rows_counted": counted,
            "rows_found": found,
            "rows_of_loads_beside": beside,
        },
    )


ALL_CHECKS = [
    zip_matches_its_record,
    raw_zip_is_fresh,
    rows_add_up,
    few_rows_are_rejected,
    slugs_are_unique,
    sex_is_m_or_f,
    births_belong_to_names,
    rows_match_last_load,
    *HUBSPOT_CHECKS,
]
