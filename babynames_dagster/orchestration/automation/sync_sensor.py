"""The sensor `hubspot_sync`: starts runs for just those partitions that have something to send."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from babynames_dagster.database.ledger.key import NAMES, Ledger
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.orchestration.assets.partitions import CONTACT_PARTITIONS
from babynames_dagster.orchestration.automation.jobs import SYNC_JOB, UNDER_WAY, partition_range_tags
from babynames_dagster.orchestration.automation.ranges import neighbouring
from babynames_dagster.orchestration.resources.database import DatabaseResource
from babynames_dagster.orchestration.resources.hubspot import HubSpotResource

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from babynames_dagster.database.senders import SenderRow

INTERVAL_SECONDS = 600
FAILURE_PAUSE_SECONDS = 6 * 3600
"""How long a failed sync is left alone: a permanent failure fails again, and each failure alerts somebody."""


def sync_sensor() -> dg.SensorDefinition:
    """Return the sensor; it is off until somebody switches it on."""

    @dg.sensor(
        name="hubspot_sync",
        job_name=SYNC_JOB,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Brings the partitions that have unsent or failed contacts, also the day after a daily limit.",
    )
    def hubspot_sync(
        context: dg.SensorEvaluationContext, database: DatabaseResource, hubspot: HubSpotResource
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        from babynames_dagster.hubspot.leases import describe_senders

        waiting = _reason_to_wait(context.instance, now=time.time())
        if waiting is not None:
            yield dg.SkipReason(waiting)
            return
        try:
            work, being_sent = _work(database.engine, hubspot)
        except PipelineError as error:
            yield dg.SkipReason(str(error))
            return
        left_out = [row for row in being_sent if row.partition in work]
        to_send = work.keys() - {row.partition for row in left_out}
        for first, last in neighbouring(to_send, CONTACT_PARTITIONS.get_partition_keys()):
            yield dg.RunRequest(tags=partition_range_tags(first, last))
        if left_out:
            context.log.info("Left out: %s.", describe_senders(left_out))
        if not work:
            yield dg.SkipReason("Every name is synced or rejected.")
        elif not to_send:
            yield dg.SkipReason(f"All that is left to send is under way: {describe_senders(left_out)}.")

    return hubspot_sync


def _reason_to_wait(instance: dg.DagsterInstance, *, now: float) -> str | None:
    """Say why no sync is to be started: one is under way, or the last one failed a short while ago."""
    if instance.get_runs(dg.RunsFilter(job_name=SYNC_JOB, statuses=list(UNDER_WAY)), limit=1):
        return "A sync is under way."
    last = next(iter(instance.get_run_records(dg.RunsFilter(job_name=SYNC_JOB), limit=1)), None)
    if last is None or last.dagster_run.status != dg.DagsterRunStatus.FAILURE or last.end_time is None:
        return None
    left = last.end_time + FAILURE_PAUSE_SECONDS - now
    return f"The last sync failed; the next one is asked for in {left / 60:.0f} minutes." if left > 0 else None


def _work(engine: "Engine", hubspot: HubSpotResource) -> "tuple[dict[str, int], list[SenderRow]]":
    """Count what a sync could send, by partition, and say who sends which partition at this moment.

    Raises:
        PipelineError: What such a sync would fail with at once, the daily reserve included; any DB_* code.
    """
    from babynames_dagster.database.ledger.candidates import ContactScope, require_years
    from babynames_dagster.database.ledger.comparison import partitions_with_work
    from babynames_dagster.database.senders import active_senders
    from babynames_dagster.names.contacts.mapping import NameMapping

    settings = hubspot.settings.hubspot
    scope = ContactScope.from_settings(settings)
    require_years(engine, scope)
    with hubspot.client(engine) as client:
        left = client.limiter.daily_remaining
        if left is not None and left <= settings.daily_reserve:
            raise PipelineError(
                ErrorCode.HUBSPOT_DAILY_LIMIT,
                f"{left:,} of today's calls are left, and HUBSPOT_DAILY_RESERVE keeps them.",
            )
        mapping = NameMapping.from_settings(settings).contacts.fingerprint
        work = partitions_with_work(engine, client.portal_id, mapping, scope)
        return work, active_senders(engine, Ledger(client.portal_id, NAMES))
