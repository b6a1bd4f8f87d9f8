"""Kaggle, as the settings name it."""

import logging
from typing import Literal

import dagster as dg

from babynames_dagster.common.paths import path_from_text
from babynames_dagster.common.progress import ProgressListener
from babynames_dagster.kaggle.obtained import Obtained
from babynames_dagster.orchestration.resources.fields import SecretName, described, looked_up, settings_of
from babynames_dagster.orchestration.resources.files import FilesResource
from babynames_dagster.settings import FetchSettings, KaggleSettings, RetrySettings, Secrets


class KaggleResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # Dagster's own examples leave it bare
    """The dataset's file, by browser, REST, or from the download folder."""

    email: str | None = described(KaggleSettings, "email")
    password: SecretName = described(KaggleSettings, "password")
    base_url: str = described(KaggleSettings, "base_url")
    dataset: str = described(KaggleSettings, "dataset")
    file: str = described(KaggleSettings, "file")
    headless: bool = described(KaggleSettings, "headless")
    method: Literal["browser", "api", "auto"] = described(KaggleSettings, "method")
    username: str | None = described(KaggleSettings, "username")
    key: SecretName = described(KaggleSettings, "key")
    api_token: SecretName = described(KaggleSettings, "api_token")
    config_dir: str | None = described(KaggleSettings, "config_dir")
    max_age_days: float | None = described(KaggleSettings, "max_age_days")
    timeout: float = described(KaggleSettings, "timeout")
    locators: dict[str, list[str]] = described(KaggleSettings, "locators")
    chromium_path: str | None = described(KaggleSettings, "chromium_path")
    max_retries: int = described(RetrySettings, "max_retries")
    retry_delay: int = described(RetrySettings, "retry_delay")
    files: FilesResource
    secrets: dg.ResourceDependency[Secrets] = looked_up()

    @property
    def settings(self) -> FetchSettings:
        """The settings that the domain takes.

        Raises:
            PipelineError: INVALID_CONFIG where a field can't be what it is.
        """
        return FetchSettings(
            settings_of(KaggleSettings, self, self.secrets), self.files.settings, settings_of(RetrySettings, self)
        )

    @property
    def dataset_url(self) -> str:
        """The page of the dataset that the settings name."""
        return f"{self.base_url}/datasets/{self.dataset}"

    def obtain(self, *, path: str | None, force: bool, on_progress: ProgressListener, log: logging.Logger) -> Obtained:
        """Make sure that the dataset's file is here.

        Args:
            path: Another file to use instead.
            force: Whether to fetch again what is there already.
            on_progress: Called as bytes arrive.
            log: Gets a line for each step.

        Raises:
            PipelineError: MISSING_CONFIG, any KAGGLE_*, ZIP_* or FILE_* code.
        """
        from babynames_dagster.kaggle.obtain import obtain_dataset

        return obtain_dataset(
            self.settings,
            force=force,
            path=path_from_text(path).expanduser() if path else None,
            on_progress=on_progress,
            log=log,
        )
