"""The sensor `run_failed`: tells people of failed runs, by webhook and mail.

What belongs here: reading a failed run off Dagster. What does not: delivery (`alerts.py`).
"""

import dagster as dg

from babynames_dagster.automation.alerts import Alert, send_alert
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.resources.failing import error_of
from babynames_dagster.settings import current_settings


def failure_sensor() -> dg.SensorDefinition:
    """Return the sensor; without ALERT_WEBHOOK_URL and SMTP_HOST it tells nobody."""

    @dg.run_failure_sensor(
        name="run_failed",
        default_status=dg.DefaultSensorStatus.RUNNING,
        monitor_all_code_locations=True,  # runs of the command line belong to none
        description="Posts to ALERT_WEBHOOK_URL and mails through SMTP_HOST when a run fails.",
    )
    def run_failed(context: dg.RunFailureSensorContext) -> None:
        settings = current_settings()
        error = _first_error(context)
        run = context.dagster_run
        alert = Alert(
            job=run.job_name,
            run_id=run.run_id,
            code=error.code.name,
            cause=error.what,
            remedy=error.remedy,
            link=f"{settings.alerts.ui_url}/runs/{run.run_id}",
        )
        for problem in send_alert(alert, settings):
            context.log.warning(problem)

    return run_failed


def _first_error(context: dg.RunFailureSensorContext) -> PipelineError:
    """Return what the first failed step said; a worker that died leaves only the run's own message."""
    for event in context.get_step_failure_events():
        return error_of(event)
    return PipelineError(ErrorCode.UNEXPECTED, str(context.failure_event.message))
