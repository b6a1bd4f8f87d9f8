"""Where the settings' texts come from: the environment, and `.env` below it.

What belongs here: names of variables, and the syntax of `.env`. What does not: what a text means.
"""

import io
import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from typing_extensions import override

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings.group import Group, is_secret

OLDER_NAMES = {"HUBSPOT_API_KEY": "HUBSPOT_ACCESS_TOKEN"}
"""Variables that had another name in the TypeScript version of this pipeline; the newer name wins."""

_VERBATIM = {"CSV_DELIMITER"}


class NamedTexts(PydanticBaseSettingsSource):
    """Takes the settings from texts by variable name, in any case; blank ones count as not set.

    Attributes:
        named: The settings that have a text here, blank ones included.
    """

    def __init__(
        self, settings_cls: type[BaseSettings], texts: Mapping[str, str], *, without: AbstractSet[str] = frozenset()
    ) -> None:
        """Look the settings' names up in these texts.

        Args:
            settings_cls: The settings.
            texts: Texts by variable name.
            without: Variables to leave alone, because a stronger source names them.
        """
        super().__init__(settings_cls)
        self.named = {OLDER_NAMES.get(name.upper(), name.upper()) for name in texts}
        self._texts: dict[str, str] = {}
        older: dict[str, str] = {}
        for given, text in texts.items():
            name = given.upper()
            if text.strip() and OLDER_NAMES.get(name, name) not in without:
                if name in OLDER_NAMES:
                    older[OLDER_NAMES[name]] = text
                else:
                    self._texts[name] = text
        self._texts = {**older, **self._texts}

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return a group's texts by variable."""
        group = field.annotation
        if not (isinstance(group, type) and issubclass(group, Group)):
            raise TypeError(f"{field_name} is no group of settings")
        found = {name: self._text(name, setting) for name, setting in group.variables().items() if name in self._texts}
        return found, field_name, True

    def _text(self, name: str, setting: FieldInfo) -> str:
        # Space around a password may be part of it.
        return self._texts[name] if is_secret(setting) or name in _VERBATIM else self._texts[name].strip()

    @override
    def __call__(self) -> dict[str, Any]:
        return {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}


def environment(settings_cls: type[BaseSettings]) -> NamedTexts:
    """Return the process's environment as a source."""
    return NamedTexts(settings_cls, os.environ)


def env_file(settings_cls: type[BaseSettings], path: Path, *, without: AbstractSet[str] = frozenset()) -> NamedTexts:
    """Return a `.env` as a source; an absent one is empty.

    It is read as Node's dotenv reads it, as the TypeScript version did: a `$` in a value is a dollar sign, and
    backticks quote as well. As there, a variable that the environment names is not taken from the file, not even
    where it is blank: so `SMTP_HOST= babynames ...` leaves out what `.env` says.

    Args:
        settings_cls: The settings.
        path: The file.
        without: The variables that the environment names.

    Raises:
        PipelineError: INVALID_CONFIG where it can't be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return NamedTexts(settings_cls, {})
    except UnicodeDecodeError as error:
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"{path} is not UTF-8 text ({error.reason} at byte {error.start}).",
            remedy=f"Save {path} as UTF-8.",
        ) from None
    except OSError as error:
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"{path} can't be read: {error.strerror}.",
            remedy=f"Make {path} readable for this user, or remove it.",
        ) from None
    values = dotenv_values(stream=io.StringIO(text), interpolate=False)
    texts = {name: _without_backticks(value) for name, value in values.items() if value}
    return NamedTexts(settings_cls, texts, without=without)


def _without_backticks(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == "`" else value
