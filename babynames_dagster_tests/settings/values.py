"""Values of settings, by their variables."""

from typing import Any

from babynames_dagster.settings import Settings


def value_of(settings: Settings, variable: str) -> Any:  # noqa: ANN401 - the fields' own types
    """Return the value of the setting that a variable sets."""
    return next(
        getattr(group, name)
        for group in settings.groups.values()
        for name, field in type(group).model_fields.items()
        if field.validation_alias == variable
    )
