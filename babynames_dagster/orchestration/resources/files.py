"""The folders, the log, and how the dataset's CSV is read."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import dagster as dg

from babynames_dagster.common.log.files import log_to_files
from babynames_dagster.common.log.json_lines import log_as_json
from babynames_dagster.common.log.masking import Mask
from babynames_dagster.orchestration.resources.failures import dagster_failures
from babynames_dagster.orchestration.resources.fields import described, looked_up, settings_of
from babynames_dagster.settings import FileSettings, Secrets


class FilesResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # Dagster's own examples leave it bare
    """The folders, the log, and how the dataset's CSV is read."""

    data_dir: str = described(FileSettings, "data_dir")
    download_dir: str | None = described(FileSettings, "download_dir")
    dataset_store: str | None = described(FileSettings, "dataset_store")
    log_dir: str | None = described(FileSettings, "log_dir")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = described(FileSettings, "log_level")
    log_format: Literal["text", "json"] = described(FileSettings, "log_format")
    csv_encoding: str = described(FileSettings, "csv_encoding")
    csv_delimiter: str | None = described(FileSettings, "csv_delimiter")
    csv_columns: str | None = described(FileSettings, "csv_columns")
    max_uncompressed_bytes: int = described(FileSettings, "max_uncompressed_bytes")
    secrets: dg.ResourceDependency[Secrets] = looked_up()

    @property
    def settings(self) -> FileSettings:
        """The settings that the domain takes.

        Raises:
            PipelineError: INVALID_CONFIG where a field can't be what it is.
        """
        return settings_of(FileSettings, self)

    @contextmanager
    def failures(self, log: logging.Logger, how_far: Callable[[], str] = str) -> Iterator[None]:
        """Turn a PipelineError into a Failure, and let the step's log write to LOG_DIR, and as LOG_FORMAT says.

        Args:
            log: The step's log.
            how_far: As for `dagster_failures`.

        Raises:
            Failure: What the error says; marked where no retry can help.
        """
        with dagster_failures(log, how_far):
            mask = Mask(self.secrets)
            log_to_files(self.settings, mask, log)
            log_as_json(self.settings, mask, log)
            yield
