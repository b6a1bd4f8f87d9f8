"""Schedules: the whole pipeline once a day, off until somebody switches it on."""

import dagster as dg
from dagster import DagsterInvalidDefinitionError

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.orchestration.automation.jobs import PIPELINE_JOB, partition_range_tags
from babynames_dagster.settings import ScheduleSettings


def daily_schedule(settings: ScheduleSettings) -> dg.ScheduleDefinition:
    """Return the daily schedule, at the time of DAILY_CRON.

    Raises:
        PipelineError: INVALID_CONFIG where Dagster, which reads it, can't make sense of DAILY_CRON.
    """
    try:
        return _daily(settings)
    except DagsterInvalidDefinitionError:
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"DAILY_CRON={settings.daily_cron!r} is no time that Dagster understands.",
            remedy="Set it to the five fields of cron: minute, hour, day, month, weekday, as in `0 6 * * MON-FRI`.",
        ) from None


def _daily(settings: ScheduleSettings) -> dg.ScheduleDefinition:
    @dg.schedule(
        name="daily",
        job_name=PIPELINE_JOB,
        cron_schedule=settings.daily_cron,
        execution_timezone=settings.daily_time_zone,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Kaggle to table to HubSpot, once a day (DAILY_CRON, DAILY_TIME_ZONE).",
    )
    def daily(_: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(tags=partition_range_tags())

    return daily
