"""Kaggle, as the settings name it."""

import logging
from pathlib import Path

import dagster as dg

from babynames_dagster.kaggle.obtain import Obtained, obtain_dataset
from babynames_dagster.progress import ProgressListener
from babynames_dagster.settings import current_settings


class KaggleResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # Dagster's own examples leave it bare
    """The dataset, by browser, REST, or from the download folder. Configured by the environment: KAGGLE_*."""

    @property
    def dataset_url(self) -> str:
        """The page of the dataset that the settings name."""
        settings = current_settings()
        return f"{settings.kaggle.base_url}/datasets/{settings.kaggle.dataset}"

    def obtain(self, *, path: str | None, force: bool, on_progress: ProgressListener, log: logging.Logger) -> Obtained:
        """Make sure that the dataset's file is here.

        Args:
            path: Another file to use instead.
            force: Whether to fetch anew what is there already.
            on_progress: Hears of bytes as they arrive.
            log: Hears what is done.

        Raises:
            PipelineError: MISSING_CONFIG, any KAGGLE_*, ZIP_* or FILE_* code.
        """
        return obtain_dataset(
            current_settings(),
            force=force,
            path=Path(path).expanduser() if path else None,
            on_progress=on_progress,
            log=log,
        )
