"""The filesystem IO manager: promotes finished downloads, and hands on files only after looking at them again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg

from babynames_dagster.common.paths import printable
from babynames_dagster.datafile.digest import HashedFile, hashed
from babynames_dagster.datafile.record import FileRecord, read_record, write_record
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.obtained import Obtained
from babynames_dagster.orchestration.resources.kaggle import KaggleResource
from babynames_dagster.settings import FetchSettings

SHA256_KEY = "sha256"
PATH_KEY = "path"
WARNING_KEY = "warning"


class FilesystemIOManager(dg.ConfigurableIOManager):
    """Keeps the dataset's file, and which one each run settled on."""

    kaggle: KaggleResource

    def handle_output(self, context: dg.OutputContext, obj: Obtained) -> None:
        """Give a finished download its final name, atomically, and record its identity."""
        from babynames_dagster.datafile.store import keep_copy
        from babynames_dagster.datafile.workspace import promote
        from babynames_dagster.kaggle.retrying import retried

        settings = self.kaggle.settings
        found = obj.found
        with self.kaggle.files.failures(context.log):
            if obj.path != obj.final:
                found = replace(found, file=replace(found.file, path=promote(obj.path, obj.final)))
            record = FileRecord.of(found)
            write_record(settings.files.downloads, context.run_id, record)
            retried(lambda: keep_copy(settings.files, context.run_id, record), settings, context.log)
        file = found.file
        metadata: dict[str, Any] = {
            PATH_KEY: dg.MetadataValue.path(printable(file.path)),
            SHA256_KEY: found.sha256,
            "bytes": file.size,
            "uncompressed_bytes": file.text_size,
            "kind": file.kind,
            "file_in_zip": file.inside,
            "method": obj.method,
            "how": obj.how,
        }
        if file.warning:
            context.log.warning(file.warning)
            metadata[WARNING_KEY] = file.warning
        context.add_output_metadata(metadata)

    def load_input(self, context: dg.InputContext) -> HashedFile:
        """Return the file that this run, the run it repeats, or else the latest one settled on; else a kept one.

        Raises:
            Failure: FILE_NOT_FOUND where there is none, FILE_CHANGED where it is another one by now.
        """
        from babynames_dagster.datafile.kept import kept_files
        from babynames_dagster.datafile.store import bring_recorded
        from babynames_dagster.kaggle.retrying import retried

        settings = self.kaggle.settings
        run = context.step_context.dagster_run
        run_ids = [run_id for run_id in (run.run_id, run.parent_run_id, run.root_run_id) if run_id]
        with self.kaggle.files.failures(context.log):
            retried(lambda: bring_recorded(settings.files, run_ids, context.log), settings, context.log)
            record = read_record(settings.files.downloads, run_ids)
            if record is not None:
                return _recorded(record, settings)
            kept = kept_files(settings).sound
            if kept is None:
                raise PipelineError(ErrorCode.FILE_NOT_FOUND, f"There is no dataset in {settings.files.downloads} yet.")
            return hashed(kept)


def _recorded(record: FileRecord, settings: FetchSettings) -> HashedFile:
    """Return a recorded file after looking at it again.

    Args:
        record: What was recorded.
        settings: KAGGLE_FILE and MAX_UNCOMPRESSED_BYTES.

    Raises:
        PipelineError: FILE_NOT_FOUND, FILE_CHANGED, or any ZIP_* or CSV_* code.
    """
    from babynames_dagster.datafile.kept import inspect_dataset

    found = hashed(inspect_dataset(Path(record.path), settings))
    if found.sha256 != record.sha256:
        raise PipelineError(
            ErrorCode.FILE_CHANGED,
            f"{record.path} is no longer the file that raw_zip recorded: SHA-256 {found.sha256}, not {record.sha256}.",
        )
    return found
