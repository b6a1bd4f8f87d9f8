"""The sensors `run_failed` and `run_succeeded`: what people, and a monitor, are sent at a run's end.

What belongs here: reading a run off Dagster, and whether it is one of ours. What does not: delivery (`alerts.py`).
"""

from collections.abc import Sequence

import dagster as dg

from babynames_dagster.common.log.masking import Mask
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.orchestration.assets.contacts.config import DRY_RUN_KEY
from babynames_dagster.orchestration.automation.jobs import run_title
from babynames_dagster.orchestration.resources.failures import check_titles, error_of_run, failed_checks
from babynames_dagster.settings import Settings

CONTACTS = dg.AssetKey("hubspot_contacts")
_WILL_RETRY_TAG = "dagster/will_retry"
_REPEATED = (
    "Nothing for now: Dagster starts this run again by itself (`run_retries` in dagster.yaml), and it resumes where it "
    "stopped. There is another alert if that fails, too."
)


def failure_sensor(settings: Settings) -> dg.SensorDefinition:
    """Return the sensor of failed runs; without ALERT_WEBHOOK_URL and SMTP_HOST it only logs."""

    @dg.run_failure_sensor(
        name="run_failed",
        default_status=dg.DefaultSensorStatus.RUNNING,
        monitor_all_code_locations=True,  # runs of the command line belong to none
        description="Posts to ALERT_WEBHOOK_URL and mails through SMTP_HOST when a run fails.",
    )
    def run_failed(context: dg.RunFailureSensorContext) -> None:
        if not is_ours(context):
            context.log.info("Left alone: run %s is another code location's.", context.dagster_run.run_id)
            return
        events = _events(context)
        error = error_of_run(events) or PipelineError(ErrorCode.UNEXPECTED, str(context.failure_event.message))
        if context.dagster_run.tags.get(_WILL_RETRY_TAG) == "true":
            error = PipelineError(error.code, error.what, remedy=_REPEATED)
        _alert(context, settings.reread(), error, check_titles(failed_checks(events), dg.AssetCheckSeverity.ERROR))

    return run_failed


def success_sensor(settings: Settings) -> dg.SensorDefinition:
    """Return the sensor of runs that succeeded: it reports failed checks, else pings SUCCESS_PING_URL."""

    @dg.run_status_sensor(
        name="run_succeeded",
        run_status=dg.DagsterRunStatus.SUCCESS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        monitor_all_code_locations=True,
        description="After a run that brought the contacts: pings SUCCESS_PING_URL if all checks passed, else alerts.",
    )
    def run_succeeded(context: dg.RunStatusSensorContext) -> None:
        if not is_ours(context):
            return
        from babynames_dagster.orchestration.automation.alerts import ping

        events = _events(context)
        checks = check_titles(failed_checks(events), dg.AssetCheckSeverity.ERROR)
        current = settings.reread()
        if checks:
            names = "; ".join(checks)
            _alert(
                context,
                settings.reread(),
                PipelineError(ErrorCode.CHECK_FAILED, f"All steps ended well, but not the checks {names}."),
            )
        elif current.alerts.success_ping_url is not None and _brought_contacts(events):
            problem = ping(current.alerts.success_ping_url.get_secret_value())
            if problem is not None:
                context.log.warning(problem)

    return run_succeeded


def is_ours(context: dg.RunStatusSensorContext) -> bool:
    """Say whether a run is one of this code location's: all that it executes is defined here.

    Runs of the command line have no origin, and a location may have any name, so that neither decides.
    """
    snapshot_id, here = context.dagster_run.job_snapshot_id, context.repository_def
    if snapshot_id is None or here is None:
        return True
    known = {node.name for job in here.get_all_jobs() for node in job.nodes}
    return set(context.instance.get_job_snapshot(snapshot_id).node_names) <= known


def _events(context: dg.RunStatusSensorContext) -> list[dg.DagsterEvent]:
    entries = context.instance.all_logs(context.dagster_run.run_id)
    return [entry.dagster_event for entry in entries if entry.dagster_event is not None]


def _brought_contacts(events: Sequence[dg.DagsterEvent]) -> bool:
    """Say whether a run synced contacts, and not only said what it would do."""
    for event in events:
        if event.is_asset_observation and event.asset_key == CONTACTS:
            metadata = event.asset_observation_data.asset_observation.metadata
            if DRY_RUN_KEY in metadata:
                return not metadata[DRY_RUN_KEY].value
    return False


def _alert(
    context: dg.RunStatusSensorContext, settings: Settings, error: PipelineError, checks: Sequence[str] = ()
) -> None:
    from babynames_dagster.orchestration.automation.alerts import Alert, send_alert

    run = context.dagster_run
    more = f"\nChecks that failed: {'; '.join(checks)}." if checks else ""
    alert = Alert(
        job=run_title(run),
        run_id=run.run_id,
        code=error.code.name,
        cause=error.what + more,
        remedy=error.remedy,
        link=f"{settings.alerts.ui_url}/runs/{run.run_id}",
    )
    for problem in send_alert(alert, settings.alerts, Mask(settings.secrets())):
        context.log.warning(problem)
