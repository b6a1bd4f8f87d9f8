"""Where Dagster starts: the assets, their resources, jobs and automation, put together.

What belongs here: wiring. What does not: anything with a decision in it.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from babynames_dagster.assets.baby_name_years import baby_name_years
from babynames_dagster.assets.baby_names_table import baby_names_table
from babynames_dagster.assets.checks import ALL_CHECKS
from babynames_dagster.assets.hubspot_contacts import hubspot_contacts
from babynames_dagster.assets.raw_zip import raw_zip
from babynames_dagster.automation.file_sensor import file_sensor
from babynames_dagster.automation.jobs import pipeline_job, sync_job
from babynames_dagster.automation.run_sensors import failure_sensor, success_sensor
from babynames_dagster.automation.schedules import daily_schedule
from babynames_dagster.automation.sync_sensor import sync_sensor
from babynames_dagster.io_managers.files import FilesystemIOManager
from babynames_dagster.io_managers.tables import MySQLIOManager
from babynames_dagster.resources.database import DatabaseResource
from babynames_dagster.resources.hubspot import HubSpotResource
from babynames_dagster.resources.kaggle import KaggleResource
from babynames_dagster.settings import current_settings


def default_resources() -> dict[str, Any]:
    """Return the resources of the settings; nothing is opened yet."""
    database = DatabaseResource()
    return {
        "database": database,
        "file_io_manager": FilesystemIOManager(),
        "mysql_io_manager": MySQLIOManager(database=database),
        "kaggle": KaggleResource(),
        "hubspot": HubSpotResource(),
    }


def build_definitions(*, resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Put the code location together.

    Args:
        resources: Resources by key that replace the default ones.

    Raises:
        PipelineError: INVALID_CONFIG; absent credentials are no mistake until a step needs them.
    """
    settings = current_settings()
    return dg.Definitions(
        assets=[raw_zip, baby_names_table, baby_name_years, hubspot_contacts],
        asset_checks=ALL_CHECKS,
        jobs=[pipeline_job(settings), sync_job()],
        schedules=[daily_schedule(settings)],
        sensors=[file_sensor(), sync_sensor(), failure_sensor(), success_sensor()],
        resources={**default_resources(), **(resources or {})},
        executor=dg.in_process_executor,
    )


@dg.definitions
def definitions() -> dg.Definitions:
    """Return this project's code location."""
    return build_definitions()
