"""The sensor `hubspot_sync`: starts runs for just those partitions that have something to send."""

from collections.abc import Iterator

import dagster as dg

from babynames_dagster.assets.partitions import CONTACT_PARTITIONS
from babynames_dagster.automation.jobs import SYNC_JOB, UNDER_WAY, partition_range_tags
from babynames_dagster.automation.ranges import neighbouring
from babynames_dagster.database.contact_source import ContactScope
from babynames_dagster.database.ledger import partitions_with_work
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.mapping import ContactMapping
from babynames_dagster.resources.database import DatabaseResource
from babynames_dagster.resources.hubspot import HubSpotResource
from babynames_dagster.settings import current_settings

INTERVAL_SECONDS = 600


def sync_sensor() -> dg.SensorDefinition:
    """Return the sensor; it is off until somebody switches it on."""

    @dg.sensor(
        name="hubspot_sync_sensor",
        job_name=SYNC_JOB,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Brings the partitions that have unsent or failed contacts, also the day after a daily limit.",
    )
    def hubspot_sync_sensor(
        context: dg.SensorEvaluationContext, database: DatabaseResource, hubspot: HubSpotResource
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        if context.instance.get_runs(dg.RunsFilter(job_name=SYNC_JOB, statuses=list(UNDER_WAY)), limit=1):
            yield dg.SkipReason("A sync is under way.")
            return
        settings = current_settings()
        try:
            with hubspot.client(database.engine) as client:
                work = partitions_with_work(
                    database.engine,
                    client.portal_id,
                    ContactMapping.from_settings(settings).fingerprint,
                    ContactScope.from_settings(settings),
                )
        except PipelineError as error:
            yield dg.SkipReason(str(error))
            return
        for first, last in neighbouring(work, CONTACT_PARTITIONS.get_partition_keys()):
            yield dg.RunRequest(tags=partition_range_tags(first, last))
        if not work:
            yield dg.SkipReason("Every name is synced, or rejected for good.")

    return hubspot_sync_sensor
