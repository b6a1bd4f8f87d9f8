"""What a run is called, for people."""

from typing import Any

import dagster as dg
import pytest

from babynames_dagster.cli.runs.pipeline import job_to_run
from babynames_dagster.orchestration.assets.partitions import DRY_RUN_TAG, PARTITION_TAG
from babynames_dagster.orchestration.automation.jobs import (
    ALL_ASSETS,
    DRY_RUN_JOB,
    PIPELINE_JOB,
    SYNC_JOB,
    partition_range_tags,
    run_title,
)
from babynames_dagster.settings import load_settings

DRY = {"ops": {"hubspot_contacts": {"config": {"dry_run": True}}}}
WET = {"ops": {"hubspot_contacts": {"config": {"dry_run": False}}}}


def keys(*names: str) -> frozenset[dg.AssetKey]:
    return frozenset(dg.AssetKey(name) for name in names)


@pytest.mark.parametrize(
    ("run", "title"),
    [
        ({"job_name": PIPELINE_JOB, "run_config": WET}, "babynames"),
        ({"job_name": PIPELINE_JOB, "run_config": DRY}, "babynames (dry run)"),
        ({"job_name": DRY_RUN_JOB, "tags": {DRY_RUN_TAG: "true"}}, "babynames (dry run)"),
        ({"job_name": SYNC_JOB, "tags": partition_range_tags()}, "hubspot_sync"),
        ({"job_name": SYNC_JOB, "tags": partition_range_tags("D", "F")}, "hubspot_sync (D to F)"),
        ({"job_name": SYNC_JOB, "tags": {PARTITION_TAG: "J"}, "run_config": DRY}, "hubspot_sync (J, dry run)"),
        ({"job_name": "__ASSET_JOB"}, "all assets"),
        ({"job_name": "__ASSET_JOB", "asset_selection": keys(*ALL_ASSETS, "customers")}, "all assets"),
        (
            {"job_name": "__ASSET_JOB", "asset_selection": keys("hubspot_contacts"), "run_config": DRY},
            "hubspot_contacts (dry run)",
        ),
        (
            {"job_name": "__ASSET_JOB_0", "asset_selection": keys("hubspot_contacts", "raw_zip", "customers")},
            "raw_zip, hubspot_contacts, customers",
        ),
    ],
)
def test_a_run_is_called_what_people_asked_for(run: dict[str, Any], title: str) -> None:
    assert run_title(dg.DagsterRun(**run)) == title


def test_dagsters_job_of_all_assets_is_known_by_its_name() -> None:
    job = job_to_run(load_settings(), with_years=True)
    assert run_title(dg.DagsterRun(job_name=job.name)) == "all assets"
