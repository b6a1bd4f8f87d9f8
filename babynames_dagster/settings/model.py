"""All settings, in the groups that the parts of the pipeline take.

What belongs here: reading them once, and reporting every mistake at once. What does not: the settings themselves, one
module a group; where their texts come from (`sources.py`).
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import URL

from babynames_dagster.settings.database import DatabaseSettings
from babynames_dagster.settings.files import FileSettings
from babynames_dagster.settings.group import Group, invalid, mistake, not_set
from babynames_dagster.settings.hubspot import HubSpotSettings
from babynames_dagster.settings.kaggle import KaggleSettings
from babynames_dagster.settings.load import LoadSettings
from babynames_dagster.settings.operation import AlertSettings, RetrySettings, ScheduleSettings
from babynames_dagster.settings.sources import env_file, environment

ENV_FILE = Path(".env")

GROUPS: dict[str, type[Group]] = {
    "database": DatabaseSettings,
    "kaggle": KaggleSettings,
    "files": FileSettings,
    "load": LoadSettings,
    "hubspot": HubSpotSettings,
    "retries": RetrySettings,
    "schedule": ScheduleSettings,
    "alerts": AlertSettings,
}
VARIABLES = {name: field for group in GROUPS.values() for name, field in group.variables().items()}
"""Every setting by its variable."""
_GROUP_OF = {name: key for key, group in GROUPS.items() for name in group.variables()}


class Settings(BaseSettings):
    """The pipeline's settings. Build it with `load_settings()`, which reports mistakes for people."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    kaggle: KaggleSettings = Field(default_factory=KaggleSettings)
    files: FileSettings = Field(default_factory=FileSettings)
    load: LoadSettings = Field(default_factory=LoadSettings)
    hubspot: HubSpotSettings = Field(default_factory=HubSpotSettings)
    retries: RetrySettings = Field(default_factory=RetrySettings)
    schedule: ScheduleSettings = Field(default_factory=ScheduleSettings)
    alerts: AlertSettings = Field(default_factory=AlertSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Say who wins: what is given in code, the environment, `.env`, the defaults."""
        exported = environment(settings_cls)
        return init_settings, exported, env_file(settings_cls, ENV_FILE, without=exported.named)

    @property
    def groups(self) -> dict[str, Group]:
        """The groups by name."""
        return {name: getattr(self, name) for name in GROUPS}

    def database_address(self) -> URL:
        """Return the database's address; see `DatabaseSettings.address`.

        Raises:
            PipelineError: MISSING_CONFIG where a server is meant, but not its database or user.
        """
        return self.database.address(self.files.data)

    def require_for_run(self) -> None:
        """Make sure that what every run needs is there.

        Raises:
            PipelineError: MISSING_CONFIG, naming every absent variable at once.
        """
        missing = self.hubspot.missing("access_token") | self.database.missing(*self.database.needed)
        if missing:
            raise not_set(missing)

    def secrets(self) -> Iterator[tuple[str, SecretStr]]:
        """Yield every secret that is set: variable and value."""
        for group in self.groups.values():
            yield from group.secrets()


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - the fields' own types
    """Read the environment and `.env` into settings.

    Args:
        overrides: Values by variable, in lower case, that win over both; what the command line was told.

    Raises:
        PipelineError: INVALID_CONFIG with every mistake at once: variable, value (never a secret's), and what
            it should be.
    """
    given: dict[str, Any] = {}
    for name, value in overrides.items():
        given.setdefault(_GROUP_OF[name.upper()], {})[name.upper()] = value
    try:
        return Settings(**given)
    except ValidationError as error:
        mistakes = [
            mistake(GROUPS[str(item["loc"][0])], {**item, "loc": item["loc"][1:]})
            for item in error.errors(include_url=False)
        ]
        raise invalid(mistakes) from None


@lru_cache(maxsize=1)
def current_settings() -> Settings:
    """Return this process's settings, read at the first call."""
    return load_settings()
