"""The jobs: the whole pipeline, and the HubSpot half alone."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from babynames_dagster.assets.partitions import RANGE_END_TAG, RANGE_START_TAG, WHOLE_RANGE
from babynames_dagster.settings import HubSpotSettings

PIPELINE_JOB = "babynames"
SYNC_JOB = "hubspot_sync"
ALL_ASSETS = ("raw_zip", "baby_names_table", "baby_name_years", "hubspot_contacts")
UNDER_WAY = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
)


def pipeline_assets(settings: HubSpotSettings) -> list[str]:
    """Return the assets of the main job; the year data only where a year filter needs them."""
    filtered = settings.min_year is not None or settings.max_year is not None
    return [name for name in ALL_ASSETS if filtered or name != "baby_name_years"]


def pipeline_job(settings: HubSpotSettings) -> UnresolvedAssetJobDefinition:
    """Return the job that takes a file all the way to HubSpot."""
    return dg.define_asset_job(
        PIPELINE_JOB,
        selection=pipeline_assets(settings),
        description="Kaggle to table to HubSpot. Run it over all partitions, A...other.",
    )


def sync_job() -> UnresolvedAssetJobDefinition:
    """Return the job that only brings HubSpot in line with the table."""
    return dg.define_asset_job(
        SYNC_JOB,
        selection=["hubspot_contacts"],
        description="Table to HubSpot: only the partitions that have something to send.",
    )


def partition_range_tags(first: str = WHOLE_RANGE[0], last: str = WHOLE_RANGE[1]) -> dict[str, str]:
    """Return the tags that make one run cover a range of partitions, by default all."""
    return {RANGE_START_TAG: first, RANGE_END_TAG: last}
