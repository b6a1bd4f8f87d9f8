"""The job `tidy`: deletes Dagster's own records of old runs, which Dagster keeps for ever.

What belongs here: which runs go. What does not: ticks, which `dagster.yaml` sees to, and our own tables.
"""

from collections.abc import Collection
from datetime import datetime, timedelta, timezone
from pathlib import Path

import dagster as dg

from babynames_dagster.names.identity import INITIALS

TIDY_JOB = "tidy"
_ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def delete_old_runs(
    instance: dg.DagsterInstance, assets: Collection[dg.AssetKey], jobs: Collection[str], *, before: datetime
) -> int:
    """Delete our runs that were recorded before a moment and have ended, with their events.

    Runs that made what an asset or a partition holds now are kept: with their events, Dagster would forget that it was
    ever materialized. So are those of other code locations, which may share the instance.

    Args:
        instance: Dagster's instance.
        assets: Our assets, whose present state is kept.
        jobs: The names of our jobs.
        before: With its time zone.

    Returns:
        How many runs were deleted.
    """
    kept = _runs_behind(instance, assets)
    runs = instance.get_runs(dg.RunsFilter(statuses=list(_ENDED), created_before=before))
    ours = set(assets)
    going = [
        run.run_id
        for run in runs
        if run.run_id not in kept and (run.job_name in jobs or _only_about(instance, run, ours))
    ]
    for run_id in going:
        instance.delete_run(run_id)
        instance.compute_log_manager.delete_logs(prefix=[run_id])
        if not instance.is_ephemeral:
            # With SQLite, a run's events are a file, which Dagster empties and leaves as large as it was.
            for emptied in (Path(instance.root_directory) / "history" / "runs").glob(f"{run_id}.db*"):
                emptied.unlink(missing_ok=True)
    return len(going)


def _only_about(instance: dg.DagsterInstance, run: dg.DagsterRun, assets: set[dg.AssetKey]) -> bool:
    """Return whether a run without a job of its own is about assets of these alone."""
    checked = {check.asset_key for check in run.asset_check_selection or ()}
    about = checked | set(run.asset_selection or ()) or _planned(instance, run)
    return bool(about) and about <= assets


def _planned(instance: dg.DagsterInstance, run: dg.DagsterRun) -> set[dg.AssetKey]:
    planned = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    events = [entry.dagster_event for entry in planned]
    return {event.asset_key for event in events if event is not None and event.asset_key is not None}


def _runs_behind(instance: dg.DagsterInstance, assets: Collection[dg.AssetKey]) -> set[str]:
    """Return the runs of the latest materialization of each asset and of each partition."""
    wanted = [dg.AssetRecordsFilter(asset_key=key) for key in assets]
    wanted += [
        dg.AssetRecordsFilter(asset_key=key, asset_partitions=[partition]) for key in assets for partition in INITIALS
    ]
    return {record.run_id for each in wanted for record in instance.fetch_materializations(each, limit=1).records}


def tidy_job(assets: Collection[dg.AssetKey], jobs: Collection[str], *, days: int) -> dg.JobDefinition:
    """Return the job.

    Args:
        assets: Our assets, whose present state is kept.
        jobs: The names of our other jobs.
        days: RUNS_KEPT_DAYS.
    """

    @dg.op(name="delete_old_runs", description="Deletes runs older than RUNS_KEPT_DAYS.")
    def delete(context: dg.OpExecutionContext) -> None:
        if not days:
            context.log.info("RUNS_KEPT_DAYS is 0: all runs are kept.")
            return
        before = datetime.now(timezone.utc) - timedelta(days=days)
        count = delete_old_runs(context.instance, assets, {*jobs, TIDY_JOB}, before=before)
        context.log.info("%d runs of more than %d days ago were deleted.", count, days)

    @dg.job(
        name=TIDY_JOB,
        executor_def=dg.in_process_executor,
        description="Deletes Dagster's records of runs older than RUNS_KEPT_DAYS, except those behind the assets' "
        "present state. Our own tables are not touched.",
    )
    def tidy() -> None:
        delete()

    return tidy


def tidy_schedule() -> dg.ScheduleDefinition:
    """Return the schedule of the job, on from the start: what it deletes is no more than old history."""
    return dg.ScheduleDefinition(
        name="tidy_weekly",
        job_name=TIDY_JOB,
        cron_schedule="30 3 * * 0",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Deletes Dagster's records of old runs, on Sunday nights (RUNS_KEPT_DAYS).",
    )
