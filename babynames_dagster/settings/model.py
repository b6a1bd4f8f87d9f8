"""All settings, in the groups that the parts of the pipeline take.

What belongs here: reading them once, and reporting every mistake at once. What does not: the settings themselves, one
module a group; where their texts come from (`sources.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, PrivateAttr, SecretStr, ValidationError
from typing_extensions import Self, override

from babynames_dagster.settings.aws import aws_texts
from babynames_dagster.settings.env_file import ENV_FILE, chosen_path, env_texts, looked_at
from babynames_dagster.settings.groups.database import DatabaseSettings
from babynames_dagster.settings.groups.files import FileSettings
from babynames_dagster.settings.groups.group import Group, invalid, is_secret, mistake
from babynames_dagster.settings.groups.hubspot import HubSpotSettings
from babynames_dagster.settings.groups.kaggle import KaggleSettings
from babynames_dagster.settings.groups.load import LoadSettings
from babynames_dagster.settings.groups.operation import AlertSettings, RetrySettings, ScheduleSettings
from babynames_dagster.settings.shell import shell_environment
from babynames_dagster.settings.sources import FOR_OTHERS, OLDER_NAMES, folder_texts, named_texts, with_files
from babynames_dagster.settings.views import AccountSettings, FetchSettings, LoadingSettings
from babynames_dagster.settings.wording import misspelt

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

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
_VERBATIM = {"CSV_DELIMITER"}
_MAY_BE_BLANK = {"HUBSPOT_LEAD_STATUS", "HUBSPOT_LIFECYCLE_STAGE", "HUBSPOT_INITIAL_PROPERTIES"}
"""Settings whose blank text means: nothing of it."""
_GROUP_OF = {name: key for key, group in GROUPS.items() for name in group.variables()}


class _Notes(NamedTuple):
    """What may be odd in the sources of settings, and is no mistake."""

    given: frozenset[str]
    overruled: Sequence[str]
    env_file: Path


class Settings(BaseModel):
    """The pipeline's settings. Build it with `load_settings()`, which reports mistakes for people."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    database: DatabaseSettings
    kaggle: KaggleSettings
    files: FileSettings
    load: LoadSettings
    hubspot: HubSpotSettings
    retries: RetrySettings
    schedule: ScheduleSettings
    alerts: AlertSettings
    _sources: tuple[Mapping[str, str] | None, Mapping[str, Any]] = PrivateAttr(default=(None, {}))
    _notes: _Notes = PrivateAttr(default_factory=lambda: _Notes(frozenset(), [], ENV_FILE))

    @classmethod
    def read(cls, environment: Mapping[str, str] | None, overrides: Mapping[str, Any]) -> Self:
        """Read all sources; see `load_settings`.

        Raises:
            PipelineError: INVALID_CONFIG.
        """
        given = shell_environment() if environment is None else environment
        in_file = env_texts(given)
        known = [*VARIABLES, *OLDER_NAMES]
        exported, filed = (named_texts(with_files(layer, known)) for layer in (given, in_file))
        places = filed | exported
        folder = places.get("SECRETS_DIR", "").strip()
        kept = folder_texts(Path(folder).expanduser() if folder else None, known)
        managed = aws_texts(places.get("AWS_SECRET", "").strip(), known)
        texts = filed | named_texts(managed) | named_texts(kept) | exported
        cut = [
            f"{name}: holds a NUL character; save the file that it is in as UTF-8."
            for name in texts
            if "\0" in texts[name]
        ]
        if cut:
            raise invalid(cut, looked_at(given))
        values: dict[str, dict[str, Any]] = {name: {} for name in GROUPS}
        for name, text in texts.items():
            if name in VARIABLES and (text.strip() or name in _MAY_BE_BLANK):
                values[_GROUP_OF[name]][name] = text if _is_verbatim(name) else text.strip()
        for name, value in overrides.items():
            values[_GROUP_OF[name.upper()]][name.upper()] = value
        try:
            overruled = [name for name in VARIABLES if name in filed and exported.get(name, filed[name]) != filed[name]]
            named = frozenset({*exported, *filed}) - FOR_OTHERS
            notes = _Notes(named, overruled if chosen_path(given) else [], looked_at(given))
            return cls.model_validate(values, context=((environment, overrides), notes))
        except ValidationError as error:
            mistakes = [
                mistake(GROUPS[str(item["loc"][0])], {**item, "loc": item["loc"][1:]})
                for item in error.errors(include_url=False)
            ]
            raise invalid(mistakes, looked_at(given)) from None

    @override
    def model_post_init(self, context: Any) -> None:
        """Remember the sources, and what is odd in them."""
        if context is not None:
            self._sources, self._notes = context
            for group in self.groups.values():
                group.read_from(self.env_file)

    def reread(self) -> Self:
        """Return the settings as their sources have them at this moment, such as a secret that was rotated.

        Raises:
            PipelineError: INVALID_CONFIG.
        """
        return type(self).read(*self._sources)

    @property
    def groups(self) -> dict[str, Group]:
        """The groups by name."""
        return {name: getattr(self, name) for name in GROUPS}

    def database_address(self) -> "URL":
        """Return the database's address; see `DatabaseSettings.address`.

        Raises:
            PipelineError: MISSING_CONFIG where a server is meant, but not its database or user.
        """
        return self.database.address(self.files.data)

    @property
    def keeps_tables_in_data(self) -> bool:
        """Whether the tables, the ledger among them, are a file in the data folder."""
        if self.database.uses_server:
            return False
        return Path(str(self.database_address().database)).is_relative_to(self.files.data)

    @property
    def env_file(self) -> Path:
        """The file of settings below the environment; it need not be there."""
        return self._notes.env_file

    @property
    def misspelt(self) -> Mapping[str, str]:
        """Variables that are no setting and look much like one: what was meant, by what was given."""
        return misspelt(self._notes.given, [*VARIABLES, *OLDER_NAMES])

    @property
    def overruled(self) -> Sequence[str]:
        """Settings of a file that was chosen by name, of which the environment says something else, and wins."""
        return self._notes.overruled

    @property
    def fetching(self) -> FetchSettings:
        """What getting the dataset's file takes."""
        return FetchSettings(self.kaggle, self.files, self.retries)

    @property
    def loading(self) -> LoadingSettings:
        """What loading a table takes."""
        return LoadingSettings(self.load, self.retries)

    @property
    def account(self) -> AccountSettings:
        """What the sync with a HubSpot account takes."""
        return AccountSettings(self.hubspot, self.retries)

    def secrets(self) -> Iterator[tuple[str, SecretStr]]:
        """Yield every secret that is set: variable and value."""
        for group in self.groups.values():
            yield from group.secrets()


def load_settings(environment: Mapping[str, str] | None = None, /, **overrides: Any) -> Settings:  # noqa: ANN401 - the fields' own types
    """Read the environment, SECRETS_DIR, AWS_SECRET and `.env`, or the file in its place, into settings.

    What one of them names is not taken from the next.

    A blank variable counts as not set: `SMTP_HOST= babynames ...` leaves out what `.env` says.

    Args:
        environment: Variables in place of the process's own.
        overrides: Values by variable, in lower case, that win over both; those of the command line.

    Raises:
        PipelineError: INVALID_CONFIG with every mistake at once: variable, value (never a secret's), and what
            it should be.
    """
    return Settings.read(environment, overrides)


def _is_verbatim(name: str) -> bool:
    """Say whether space around a text may be part of it."""
    return name in _VERBATIM or is_secret(VARIABLES[name])
