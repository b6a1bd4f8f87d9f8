"""The sensor `new_file`: a zip or CSV that turns up in the download folder is taken all the way to HubSpot.

What belongs here: Dagster's side. What does not: the decision, which `new_files.py` makes from plain values.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from babynames_dagster.common.paths import path_to_text
from babynames_dagster.datafile.digest import sha256_within
from babynames_dagster.datafile.folder import list_folder
from babynames_dagster.datafile.record import read_run_record
from babynames_dagster.errors import PipelineError
from babynames_dagster.orchestration.automation.jobs import PIPELINE_JOB, UNDER_WAY, partition_range_tags
from babynames_dagster.orchestration.automation.new_files import (
    HASH_SECONDS,
    ContentState,
    FileRun,
    SensorState,
    decide,
)
from babynames_dagster.orchestration.resources.database import DatabaseResource
from babynames_dagster.orchestration.resources.files import FilesResource

FILE_TAG = "babynames/file_sha256"
INTERVAL_SECONDS = 30
SETTLE_SECONDS = 5.0
NOTES_SHOWN = 10


def file_sensor(*, settle_seconds: float = SETTLE_SECONDS) -> dg.SensorDefinition:
    """Return the sensor; it is off until somebody switches it on.

    Args:
        settle_seconds: How long a file must have been still before it counts as written to its end.
    """

    @dg.sensor(
        name="new_file",
        job_name=PIPELINE_JOB,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Loads each zip or CSV that turns up in DOWNLOAD_DIR, once per content, whatever its name.",
    )
    def new_file(
        context: dg.SensorEvaluationContext, database: DatabaseResource, files: FilesResource
    ) -> dg.SensorResult | dg.SkipReason:
        from babynames_dagster.database.loading.loads import is_loaded

        downloads = files.settings.downloads

        def content_state(sha256: str) -> ContentState:
            if is_loaded(database.engine, sha256):
                return ContentState.LOADED
            return _state_by_runs(context.instance, downloads, sha256)

        try:
            decision = decide(
                SensorState.from_cursor(context.cursor),
                list_folder(downloads),
                now=time.time(),
                settle_seconds=settle_seconds,
                digest=lambda path: sha256_within(Path(path), HASH_SECONDS),
                content_state=content_state,
            )
        except PipelineError as error:
            return dg.SkipReason(str(error))
        for note in decision.notes:
            context.log.info(note)
        nothing = _in_short(decision.notes) or f"No new file in {downloads}."
        return dg.SensorResult(
            run_requests=[_request(run) for run in decision.runs],
            skip_reason=None if decision.runs else dg.SkipReason(nothing),
            cursor=decision.state.to_cursor(),
        )

    return new_file


def _in_short(notes: Sequence[str]) -> str:
    more = [f"and {len(notes) - NOTES_SHOWN} more"] if len(notes) > NOTES_SHOWN else []
    return "; ".join([*notes[:NOTES_SHOWN], *more])


def _request(run: FileRun) -> dg.RunRequest:
    known = {} if run.sha256 is None else {"sha256": run.sha256}
    return dg.RunRequest(
        run_key=run.run_key,
        run_config={"ops": {"raw_zip": {"config": {"path": path_to_text(Path(run.path)), **known}}}},
        tags={**partition_range_tags(), **({} if run.sha256 is None else {FILE_TAG: run.sha256})},
    )


def _state_by_runs(instance: dg.DagsterInstance, downloads: Path, sha256: str) -> ContentState:
    """Say what runs made of a content: those that were started for it, and any that settled on it."""
    for run in instance.get_runs(dg.RunsFilter(statuses=list(UNDER_WAY))):
        record = read_run_record(downloads, run.run_id)
        if run.tags.get(FILE_TAG) == sha256 or (record is not None and record.sha256 == sha256):
            return ContentState.UNDER_WAY
    if instance.get_runs(dg.RunsFilter(tags={FILE_TAG: sha256}), limit=1):
        return ContentState.FAILED
    return ContentState.NEW
