"""Where Dagster starts: the assets, their resources, jobs and automation, put together.

What belongs here: wiring. What does not: anything with a decision in it.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import dagster as dg

from babynames_dagster.common.log.json_lines import log_as_json
from babynames_dagster.common.log.masking import Mask
from babynames_dagster.orchestration.assets.baby_name_years import baby_name_years
from babynames_dagster.orchestration.assets.baby_names_table import baby_names_table
from babynames_dagster.orchestration.assets.checks import ALL_CHECKS
from babynames_dagster.orchestration.assets.hubspot_contacts import hubspot_contacts
from babynames_dagster.orchestration.assets.raw_zip import raw_zip
from babynames_dagster.orchestration.automation.file_sensor import file_sensor
from babynames_dagster.orchestration.automation.jobs import asset_jobs
from babynames_dagster.orchestration.automation.retention import tidy_job, tidy_schedule
from babynames_dagster.orchestration.automation.run_sensors import failure_sensor, success_sensor
from babynames_dagster.orchestration.automation.schedules import daily_schedule
from babynames_dagster.orchestration.automation.sync_sensor import sync_sensor
from babynames_dagster.orchestration.io_managers.files import FilesystemIOManager
from babynames_dagster.orchestration.io_managers.tables import TableIOManager
from babynames_dagster.orchestration.resources.database import DatabaseResource
from babynames_dagster.orchestration.resources.fields import config_of
from babynames_dagster.orchestration.resources.files import FilesResource
from babynames_dagster.orchestration.resources.hubspot import HubSpotResource
from babynames_dagster.orchestration.resources.kaggle import KaggleResource
from babynames_dagster.orchestration.resources.loading import LoadingResource
from babynames_dagster.settings import Secrets, Settings, load_settings

ASSETS = (raw_zip, baby_names_table, baby_name_years, hubspot_contacts)
FRESH_DAYS = 366.0
"""Kaggle's dataset follows a file that appears once a year."""


def resources_of(settings: Settings) -> dict[str, Any]:
    """Return the resources of these settings; nothing is opened yet, and no secret is in any of them."""
    secrets, retries = Secrets(settings), config_of(settings.retries)
    folders = config_of(settings.files)
    for name in ("dagster_home", "secrets_dir", "aws_secret"):  # of no use to a run
        folders.pop(name, None)
    files = FilesResource(**folders, secrets=secrets)
    database = DatabaseResource(**config_of(settings.database), data_dir=files.data_dir, secrets=secrets)
    loading = LoadingResource(**config_of(settings.load), **retries)
    kaggle = KaggleResource(**config_of(settings.kaggle), **retries, files=files, secrets=secrets)
    return {
        "files": files,
        "database": database,
        "loading": loading,
        "kaggle": kaggle,
        "hubspot": HubSpotResource(**config_of(settings.hubspot), **retries, secrets=secrets),
        "file_io_manager": FilesystemIOManager(kaggle=kaggle),
        "table_io_manager": TableIOManager(database=database, files=files, loading=loading),
    }


def described(spec: dg.AssetSpec, *, settings: Settings) -> dg.AssetSpec:
    """Return an asset's description with what the settings say of it: owners, and how old the file may be."""
    if settings.alerts.owners:
        spec = spec.replace_attributes(owners=settings.alerts.owners)
    if spec.key == raw_zip.key:
        days = settings.kaggle.max_age_days or FRESH_DAYS
        spec = dg.apply_freshness_policy(spec, dg.FreshnessPolicy.time_window(fail_window=timedelta(days=days)))
    return spec


def build_definitions(settings: Settings, *, resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Put the code location together.

    Args:
        settings: The settings; absent credentials are no mistake until a step needs them.
        resources: Resources by key that replace the default ones.
    """
    jobs = asset_jobs(settings.hubspot)
    return dg.Definitions(
        assets=[asset.map_asset_specs(partial(described, settings=settings)) for asset in ASSETS],
        asset_checks=ALL_CHECKS,
        jobs=[
            *jobs,
            tidy_job(
                [asset.key for asset in ASSETS],
                [job.name for job in jobs],
                days=settings.schedule.runs_kept_days,
            ),
        ],
        schedules=[daily_schedule(settings.schedule), tidy_schedule()],
        sensors=[
            file_sensor(),
            sync_sensor(),
            dg.AutomationConditionSensorDefinition(
                "tables_follow",
                target=[baby_names_table, baby_name_years],
                description="Loads the tables when what they are made from has changed, outside of the jobs, too.",
            ),
            failure_sensor(settings),
            success_sensor(settings),
        ],
        resources={**resources_of(settings), **(resources or {})},
        executor=dg.in_process_executor,
    )


@dg.definitions
def definitions() -> dg.Definitions:
    """Return this project's code location.

    Raises:
        PipelineError: INVALID_CONFIG.
    """
    settings = load_settings()
    log_as_json(settings.files, Mask(settings.secrets()))
    for given, meant in settings.misspelt.items():
        dg.get_dagster_logger().warning("%s is no setting: did you mean %s?", given, meant)
    return build_definitions(settings)
