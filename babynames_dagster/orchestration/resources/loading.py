"""How a table is loaded: batches, rejects, retries."""

import dagster as dg

from babynames_dagster.orchestration.resources.fields import described, settings_of
from babynames_dagster.settings import LoadingSettings, LoadSettings, RetrySettings


class LoadingResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # Dagster's own examples leave it bare
    """How a table is loaded: batches, rejects, retries."""

    batch_size: int = described(LoadSettings, "batch_size")
    reject_limit: float = described(LoadSettings, "reject_limit")
    rejects_kept: int = described(LoadSettings, "rejects_kept")
    max_retries: int = described(RetrySettings, "max_retries")
    retry_delay: int = described(RetrySettings, "retry_delay")

    @property
    def settings(self) -> LoadingSettings:
        """The settings that the domain takes.

        Raises:
            PipelineError: INVALID_CONFIG where a field can't be what it is.
        """
        return LoadingSettings(settings_of(LoadSettings, self), settings_of(RetrySettings, self))
