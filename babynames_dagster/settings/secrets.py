"""Secret settings as they are handed on: by the variable's name, the value only where it is used."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr

from babynames_dagster.errors import PipelineError
from babynames_dagster.settings.env_file import env_texts, looked_at
from babynames_dagster.settings.groups.group import not_set
from babynames_dagster.settings.model import VARIABLES, Settings, load_settings
from babynames_dagster.settings.shell import shell_environment


class Secrets:
    """The secret settings, looked up when they are asked for, so that one that was rotated counts at once."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Look in the sources of these settings; by default in the environment and `.env`."""
        self._settings = settings

    @property
    def env_file(self) -> Path | None:
        """The file of settings that was chosen; None where it is this process's own."""
        return self._settings.env_file if self._settings is not None else None

    def __iter__(self) -> Iterator[tuple[str, SecretStr]]:
        """Yield every secret that is set: variable and value."""
        return self._current().secrets()

    def value_of(self, variable: str) -> SecretStr | None:
        """Return a secret; None where it is not set.

        A project with resources of its own names its variables as it likes: one that is no setting is looked up in
        the environment, and in `.env` below it.

        Raises:
            PipelineError: INVALID_CONFIG where the sources can't be read any more.
        """
        if variable in VARIABLES:
            return dict(self).get(variable)
        environment = shell_environment()
        text = {**env_texts(environment), **environment}.get(variable, "").strip()
        return SecretStr(text) if text else None

    def not_set(self, variable: str, what: str) -> PipelineError:
        """Return the error of a secret that is not set.

        Args:
            variable: Its variable.
            what: What it is for.
        """
        return not_set({variable: what}, self.env_file or looked_at(shell_environment()))

    def _current(self) -> Settings:
        return load_settings() if self._settings is None else self._settings.reread()
