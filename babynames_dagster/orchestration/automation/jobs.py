"""The jobs of the assets: the whole pipeline, the same as a dry run, and the HubSpot half alone."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from babynames_dagster.orchestration.assets.partitions import (
    DRY_RUN_TAG,
    PARTITION_TAG,
    RANGE_END_TAG,
    RANGE_START_TAG,
    WHOLE_RANGE,
)
from babynames_dagster.settings import HubSpotSettings

PIPELINE_JOB = "babynames"
SYNC_JOB = "hubspot_sync"
DRY_RUN_JOB = "babynames_dry_run"
ALL_ASSETS = ("raw_zip", "baby_names_table", "baby_name_years", "hubspot_contacts")
_IMPLICIT_JOB = "__ASSET_JOB"
"""How the name of the job begins that Dagster makes of all assets (`IMPLICIT_ASSET_JOB_NAME`, 1.13)."""
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


def asset_jobs(settings: HubSpotSettings) -> list[Any]:
    """Return the jobs: everything, everything but the sending, and the sending alone.

    Their type is none that Dagster exports.
    """
    assets = dg.AssetSelection.assets(*pipeline_assets(settings))  # bare names would be parsed as expressions
    return [
        dg.define_asset_job(
            PIPELINE_JOB,
            selection=assets,
            description="From Kaggle's file to the table to HubSpot. **Without a partition it covers all 27**: leave "
            "the box empty and confirm. To load another file, set `ops.raw_zip.config.path`.",
        ),
        dg.define_asset_job(
            DRY_RUN_JOB,
            selection=assets,
            tags={DRY_RUN_TAG: "true"},  # a job's config counts only where a partition is chosen
            description="The same without writing to HubSpot: the file is fetched and loaded, and the run's "
            "observation of `hubspot_contacts` says what would be created and updated. *Launch Run*, *Confirm*.",
        ),
        dg.define_asset_job(
            SYNC_JOB,
            selection=dg.AssetSelection.assets("hubspot_contacts"),
            description="From the table to HubSpot: only what changed is sent. Without a partition it covers all 27.",
        ),
    ]


def run_title(run: dg.DagsterRun) -> str:
    """Say what a run is, in people's words: its job, or its assets where Dagster's own job of all assets ran them."""
    title = run.job_name
    if title.startswith(_IMPLICIT_JOB):
        chosen = {key.to_user_string() for key in run.asset_selection or ()} or {*ALL_ASSETS}
        named = [name for name in (*ALL_ASSETS, *sorted(chosen)) if name in chosen]
        title = "all assets" if chosen >= {*ALL_ASSETS} else ", ".join(dict.fromkeys(named))
    elif title == DRY_RUN_JOB:
        title = PIPELINE_JOB
    notes = [*_covered(run.tags), *(["dry run"] if is_dry(run) else [])]
    return f"{title} ({', '.join(notes)})" if notes else title


def _covered(tags: Mapping[str, str]) -> list[str]:
    """Return the partition or range that a run is about; nothing where that is all."""
    if PARTITION_TAG in tags:
        return [tags[PARTITION_TAG]]
    covered = tags.get(RANGE_START_TAG), tags.get(RANGE_END_TAG)
    return [] if None in covered or covered == WHOLE_RANGE else [f"{covered[0]} to {covered[1]}"]


def is_dry(run: dg.DagsterRun) -> bool:
    """Say whether a run only says what it would write to HubSpot."""
    ops: Any = run.run_config.get("ops") or {}
    config = (ops.get("hubspot_contacts") or {}).get("config") or {}
    return run.tags.get(DRY_RUN_TAG) == "true" or bool(config.get("dry_run"))


def partition_range_tags(first: str = WHOLE_RANGE[0], last: str = WHOLE_RANGE[1]) -> dict[str, str]:
    """Return the tags that make one run cover a range of partitions, by default all."""
    return {RANGE_START_TAG: first, RANGE_END_TAG: last}
