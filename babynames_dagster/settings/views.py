"""Groups that a room of the domain takes together; what a room gets no view of, it can't use or give away."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import SecretStr

from babynames_dagster.settings.groups.files import FileSettings
from babynames_dagster.settings.groups.hubspot import HubSpotSettings
from babynames_dagster.settings.groups.kaggle import KaggleSettings
from babynames_dagster.settings.groups.load import LoadSettings
from babynames_dagster.settings.groups.operation import RetrySettings


@dataclass(frozen=True)
class FetchSettings:
    """What getting the dataset's file takes."""

    kaggle: KaggleSettings
    files: FileSettings
    retries: RetrySettings

    def secrets(self) -> Iterator[tuple[str, SecretStr]]:
        """Yield every secret that is set: variable and value."""
        return self.kaggle.secrets()


@dataclass(frozen=True)
class LoadingSettings:
    """What loading a table takes."""

    load: LoadSettings
    retries: RetrySettings


@dataclass(frozen=True)
class AccountSettings:
    """What the sync with a HubSpot account takes."""

    hubspot: HubSpotSettings
    retries: RetrySettings
