"""The option `--demo` of commands that only look: a demo's tables and contacts in place of the real ones."""

from typing import Annotated

import typer

from babynames_dagster.cli.options import environment_of, settings_of
from babynames_dagster.sandbox.home import own_variables, sandbox_folder, sandbox_names
from babynames_dagster.settings import Settings, load_settings


def _names(context: typer.Context) -> list[str]:
    return sandbox_names(settings_of(context).files.data)


Demo = Annotated[
    str | None,
    typer.Option(
        help="Of this demo instead: `sample`, or a dataset's name below `data/demo`.",
        autocompletion=_names,
    ),
]


def settings_of_chosen(context: typer.Context, demo: str | None) -> Settings:
    """Return the settings that a command uses, or those of a demo.

    Raises:
        BadParameter: There is no demo of that name.
        PipelineError: INVALID_CONFIG; see `load_settings`.
    """
    settings = settings_of(context)
    if demo is None:
        return settings
    data, known = settings.files.data, _names(context)
    if demo not in known:
        mistake = f"{demo!r} is no demo's name; there are: {', '.join(known) or 'none yet'}"
        raise typer.BadParameter(mistake, param_hint="'--demo'")
    return load_settings({**environment_of(context), **own_variables(sandbox_folder(data, demo))})
