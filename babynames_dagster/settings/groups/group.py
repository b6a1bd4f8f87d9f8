"""What the groups of settings have in common.

What belongs here: how a group is declared, checked and asked. What does not: any setting.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, PrivateAttr, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from typing_extensions import Self

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings.env_file import looked_at
from babynames_dagster.settings.wording import problem_of

_ADDRESS_PASSWORD = re.compile(r"(//[^/:@\s]*:)[^/@\s]*@")


class Group(BaseModel):
    """Settings that one part of the pipeline needs. A field's alias is its variable."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, allow_inf_nan=False, populate_by_name=True
    )

    _env_file: Path | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, values: Mapping[str, object]) -> Self:
        """Return the group with these values, by field or by variable.

        Raises:
            PipelineError: INVALID_CONFIG with every mistake at once.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            mistakes = [mistake(cls, dict(item)) for item in error.errors(include_url=False)]
            raise invalid(mistakes, looked_at(os.environ)) from None

    def replaced(self, values: Mapping[str, object]) -> Self:
        """Return the same settings but for some, by field.

        Raises:
            PipelineError: INVALID_CONFIG with every mistake at once.
        """
        others = self.of(values)
        return self.model_copy(update={name: getattr(others, name) for name in values})

    @classmethod
    def variables(cls) -> dict[str, FieldInfo]:
        """Return the group's fields by variable."""
        return {variable(field): field for field in cls.model_fields.values()}

    def require(self, *fields: str) -> None:
        """Make sure that settings which the selected step needs are there.

        Args:
            fields: Names of fields of this class.

        Raises:
            PipelineError: MISSING_CONFIG, naming every absent variable at once.
        """
        missing = self.missing(*fields)
        if missing:
            raise not_set(missing, self.env_file)

    def read_from(self, env_file: Path) -> None:
        """Remember the file of settings below the environment, for errors to name."""
        self._env_file = env_file

    @property
    def env_file(self) -> Path:
        """The file of settings below the environment; where nothing else was said, this process's own."""
        return self._env_file or looked_at(os.environ)

    def missing(self, *fields: str) -> dict[str, str]:
        """Return those of these fields that are not set: description by variable."""
        found = {name: type(self).model_fields[name] for name in fields if getattr(self, name) is None}
        return {variable(field): str(field.description) for field in found.values()}

    def secrets(self) -> Iterator[tuple[str, SecretStr]]:
        """Yield the secret settings that are set: variable and value."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                yield variable(field), value


def variable(field: FieldInfo) -> str:
    """Return the name of a setting's variable."""
    return str(field.validation_alias)


def is_secret(field: FieldInfo) -> bool:
    """Say whether a setting's value must never be shown."""
    return SecretStr.__name__ in str(field.annotation)


def not_set(missing: Mapping[str, str], env_file: Path) -> PipelineError:
    """Return the error of absent settings: description by variable."""
    lines = [f"{name}: {description}" for name, description in missing.items()]
    where = f"Not set, neither in the environment nor in {_described(env_file)}"
    return PipelineError(ErrorCode.MISSING_CONFIG, f"{where}:\n    " + "\n    ".join(lines))


def invalid(mistakes: list[str], env_file: Path) -> PipelineError:
    """Return the error of settings that can't be what they are."""
    where = f"The settings, from the environment and {_described(env_file)}, have mistakes"
    return PipelineError(ErrorCode.INVALID_CONFIG, f"{where}:\n    " + "\n    ".join(mistakes))


def _described(path: Path) -> str:
    return f"{path}, which is {'there' if path.exists() else 'not there'}"


def mistake(group: type[Group], error: Mapping[str, Any]) -> str:
    """Say what is wrong with one value: variable, value (never a secret's), and what it should be.

    Args:
        group: Whose field it is.
        error: What pydantic says; `loc` begins with the field or variable.
    """
    name = str(error["loc"][0])
    field = group.variables().get(name) or group.model_fields[name]
    shown = "(hidden)" if is_secret(field) else _ADDRESS_PASSWORD.sub(r"\1...@", repr(error["input"]))
    return f"{variable(field)}={shown}: {problem_of(error)}. {field.description}"
