"""Schedules: the whole pipeline once a day, off until somebody switches it on."""

import dagster as dg

from babynames_dagster.automation.jobs import PIPELINE_JOB, partition_range_tags
from babynames_dagster.settings import ScheduleSettings


def daily_schedule(settings: ScheduleSettings) -> dg.ScheduleDefinition:
    """Return the daily schedule, at the time of DAILY_CRON."""

    @dg.schedule(
        name="daily",
        job_name=PIPELINE_JOB,
        cron_schedule=settings.daily_cron,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Kaggle to table to HubSpot, once a day (DAILY_CRON).",
    )
    def daily(_: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(tags=partition_range_tags())

    return daily
