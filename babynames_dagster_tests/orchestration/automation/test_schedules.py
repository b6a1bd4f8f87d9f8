"""The daily schedule, and which times it takes."""

import dagster as dg
import pytest

from babynames_dagster.definitions import build_definitions
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.orchestration.automation.schedules import daily_schedule
from babynames_dagster.settings import load_settings

WHOLE_RANGE = {"dagster/asset_partition_range_start": "A", "dagster/asset_partition_range_end": "other"}


def test_the_daily_schedule_is_off_by_default_and_runs_everything() -> None:
    schedule = daily_schedule(load_settings(daily_cron="15 4 * * *").schedule)
    assert schedule.cron_schedule == "15 4 * * *"
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    request = schedule(dg.build_schedule_context())
    assert isinstance(request, dg.RunRequest)
    assert request.tags.items() >= WHOLE_RANGE.items()


@pytest.mark.parametrize("text", ["at noon", "0 6 * * FOO", "0 25 * * *", "* * * * * * *", ""])
def test_a_time_that_dagster_refuses_is_named_as_a_mistake_in_the_settings(text: str) -> None:
    with pytest.raises(PipelineError, match="DAILY_CRON") as caught:
        build_definitions(load_settings(daily_cron=text))
    assert caught.value.code is ErrorCode.INVALID_CONFIG


@pytest.mark.parametrize("text", ["15 4 * * MON-FRI", "@weekly", "0 6 L * *"])
def test_whatever_dagster_understands_is_a_time(text: str) -> None:
    schedule = daily_schedule(load_settings(daily_cron=text, daily_time_zone="Europe/Berlin").schedule)
    assert (schedule.cron_schedule, schedule.execution_timezone) == (text, "Europe/Berlin")
