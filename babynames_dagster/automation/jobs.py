"""The jobs: the whole pipeline, and the HubSpot half alone."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from babynames_dagster.assets.partitions import CONTACT_PARTITIONS, WHOLE_RANGE
from babynames_dagster.settings import Settings

PIPELINE_JOB = "babynames"
SYNC_JOB = "hubspot_sync"
UNDER_WAY = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
)


def pipeline_assets(settings: Settings) -> list[str]:
    """Return the assets of the main job; the year data only where a year filter needs them."""
    filtered = settings.min_year is not None or settings.max_year is not None
    years = ["baby_name_years"] if filtered else []
    return ["raw_zip", "baby_names_table", *years, "hubspot_contacts"]


def pipeline_job(settings: Settings) -> UnresolvedAssetJobDefinition:
    """Return the job that takes a file all the way to HubSpot."""
    return dg.define_asset_job(
        PIPELINE_JOB,
        selection=pipeline_assets(settings),
        partitions_def=CONTACT_PARTITIONS,
        description="Kaggle to table to HubSpot. Run it over all partitions, A...other.",
    )


def sync_job() -> UnresolvedAssetJobDefinition:
    """Return the job that only brings HubSpot in line with the table."""
    return dg.define_asset_job(
        SYNC_JOB,
        selection=["hubspot_contacts"],
        partitions_def=CONTACT_PARTITIONS,
        description="Table to HubSpot: only the partitions that have something to send.",
    )


def partition_range_tags(first: str = WHOLE_RANGE[0], last: str = WHOLE_RANGE[1]) -> dict[str, str]:
    """Return the tags that make one run cover a range of partitions, by default all."""
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
