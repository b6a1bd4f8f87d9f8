"""How settings become the fields of a resource, and the fields settings again.

What belongs here: the translation, the same for every resource. A secret is a field that holds its variable's name:
Dagster shows that and never the value, which is looked up where it is used.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import dagster as dg
from pydantic import BeforeValidator, Field, SecretStr

from babynames_dagster.settings import Secrets
from babynames_dagster.settings.groups.group import Group, variable

GroupT = TypeVar("GroupT", bound=Group)

_LEFT_TO_THE_GROUP = object()


class Secret(dg.Config):
    """A secret, by the variable that holds it: in the environment, or in `.env`."""

    env: str = Field(description="The variable's name.")


def _named(value: object) -> object:
    return {"env": value.env_var_name} if isinstance(value, dg.EnvVar) else value


if TYPE_CHECKING:
    SecretName = Secret | dg.EnvVar | None
else:
    SecretName = Annotated[Secret | None, BeforeValidator(_named)]
"""A field that takes `dg.EnvVar("NAME")`.

A `str` field with an `EnvVar` fails where the variable is not set, also in runs that have no use for it, and does not
find what only `.env` has. This one does neither.
"""


def described(group: type[Group], name: str, *, default: object = _LEFT_TO_THE_GROUP) -> Any:  # noqa: ANN401 - a field
    """Return a resource's field for a setting, with its default and description.

    Args:
        group: The setting's group.
        name: The setting's field.
        default: Another default than the setting's.
    """
    field = group.model_fields[name]
    value = field.get_default(call_default_factory=True) if default is _LEFT_TO_THE_GROUP else default
    return Field(default=_as_config(value), description=f"{field.description} ({variable(field)})")


def looked_up() -> Any:  # noqa: ANN401 - a field
    """Return the field of the secrets that a resource is given; by default those of the environment and `.env`."""
    return Field(default_factory=Secrets)


def config_of(group: Group) -> dict[str, Any]:
    """Return what was set of a group as a resource takes it; secrets by name."""
    return {
        name: dg.EnvVar(variable(type(group).model_fields[name])) if isinstance(value, SecretStr) else _as_config(value)
        for name, value in ((name, getattr(group, name)) for name in group.model_fields_set)
    }


def settings_of(group: type[GroupT], resource: dg.ConfigurableResource[Any], secrets: Secrets | None = None) -> GroupT:
    """Return a resource's fields as the group of settings that the domain takes.

    Args:
        group: The group.
        resource: The resource; fields that the group doesn't have are left out.
        secrets: Where the values of secrets are found.

    Raises:
        PipelineError: INVALID_CONFIG where a field can't be what it is.
    """
    values = {name: getattr(resource, name) for name in group.model_fields if name in type(resource).model_fields}
    found = {name: _value_of(value, secrets) for name, value in values.items()}
    made = group.of({name: value for name, value in found.items() if value is not None})
    if secrets is not None and secrets.env_file is not None:
        made.read_from(secrets.env_file)
    return made


def require_named(resource: dg.ConfigurableResource[Any], name: str, secrets: Secrets) -> None:
    """Make sure that the variable which a field names has a value: without it, its default would be meant.

    Args:
        resource: The resource.
        name: A field with a secret.
        secrets: Where the values of secrets are found.

    Raises:
        PipelineError: MISSING_CONFIG, naming the variable; INVALID_CONFIG where its sources can't be read.
    """
    value = getattr(resource, name)
    variable_named = value.env_var_name if isinstance(value, dg.EnvVar) else getattr(value, "env", None)
    if variable_named is not None and secrets.value_of(variable_named) is None:
        raise secrets.not_set(variable_named, f"{name} of {type(resource).__name__}")


def _value_of(value: object, secrets: Secrets | None) -> object:
    if isinstance(value, dg.EnvVar):  # a resource that is used outside of a run
        value = Secret(env=value.env_var_name)
    return secrets.value_of(value.env) if isinstance(value, Secret) and secrets is not None else value


def _as_config(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _as_config(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value
