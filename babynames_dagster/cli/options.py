"""Options that more than one command has, each declared once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.main

from babynames_dagster.names.identity import INITIALS, OTHER, initial_of
from babynames_dagster.settings import Settings, load_settings
from babynames_dagster.settings.env_file import CHOICE
from babynames_dagster.settings.shell import shell_environment

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
OverrideGuards = Annotated[bool, typer.Option("--override-guards", help="Write more than HUBSPOT_MAX_... allow.")]


def _partition(context: typer.Context, value: str | None) -> str | None:
    """Return a partition of the names by its name, whatever its case; another sync's is not looked at."""
    if value is None or context.params.get("sync") is not None:
        return value
    known: dict[str, str] = {partition.casefold(): partition for partition in INITIALS}
    found = known.get(value.strip().casefold())
    if found is None:
        mistake = f"{value!r} is none of {INITIALS[0]}..{INITIALS[-2]} or {OTHER}"
        near = initial_of(value.strip() or " ")
        raise typer.BadParameter(mistake if near == OTHER else f"{mistake}; did you mean {near}?")
    return found


Partition = Annotated[
    str | None,
    typer.Option(
        help="Only this partition of the contacts: A..Z or other.",
        callback=_partition,
        autocompletion=lambda: [*INITIALS],
    ),
]
AnyPartition = Annotated[
    str | None,
    typer.Option(
        help="Only this partition of the contacts: A..Z or other; with --sync, one of the asset's.",
        callback=_partition,
        autocompletion=lambda: [*INITIALS],
    ),
]


@dataclass
class Verbosity:
    """How much is shown.

    Attributes:
        quiet: Nothing but results and errors.
        verbose: Dagster's own log lines, too.
    """

    quiet: bool = False
    verbose: bool = False


@dataclass
class SharedOptions:
    """What the options say that every command takes, before and behind its name.

    Attributes:
        verbosity: How much is shown.
        variables: Variables that win over those of the environment.
    """

    verbosity: Verbosity = field(default_factory=Verbosity)
    variables: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Return the environment that the command uses.

        Raises:
            PipelineError: INVALID_CONFIG; see `shell_environment`.
        """
        return shell_environment() | self.variables


def verbosity_of(context: typer.Context) -> Verbosity:
    """Return how much is shown."""
    return _shared_of(context).verbosity


def environment_of(context: typer.Context) -> dict[str, str]:
    """Return the environment that a command uses.

    Raises:
        PipelineError: INVALID_CONFIG; see `shell_environment`.
    """
    return _shared_of(context).environment()


def settings_of(context: typer.Context) -> Settings:
    """Return the settings that a command uses.

    Raises:
        PipelineError: INVALID_CONFIG; see `load_settings`.
    """
    return load_settings(environment_of(context))


def shared_options(own: Iterable[Any] = ()) -> list[Any]:
    """Return the options that every command takes, as parameters to add to it.

    Args:
        own: The command's own parameters, which win over shared ones of the same name.
    """
    template = typer.Typer(add_completion=False)
    template.command()(_shared)
    others = {"help", *(parameter.name for parameter in own)}
    return [parameter for parameter in typer.main.get_command(template).params if parameter.name not in others]


def _shared_of(context: typer.Context) -> SharedOptions:
    return context.ensure_object(SharedOptions)


def _be_quiet(context: typer.Context, wanted: bool) -> None:  # noqa: FBT001 - Typer's own way to call it
    verbosity_of(context).quiet |= wanted


def _be_verbose(context: typer.Context, wanted: bool) -> None:  # noqa: FBT001 - Typer's own way to call it
    verbosity_of(context).verbose |= wanted


def _use_env_file(context: typer.Context, path: Path | None) -> None:
    if path is not None:
        _shared_of(context).variables[CHOICE] = str(path)


def _use_data_dir(context: typer.Context, path: Path | None) -> None:
    if path is not None:
        _shared_of(context).variables["DATA_DIR"] = str(path)


def _shared(
    *,
    env_file: Annotated[
        Path | None,
        typer.Option(
            callback=_use_env_file,
            expose_value=False,
            exists=True,
            resolve_path=True,
            help="Read this file in place of `.env`.",
        ),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            callback=_use_data_dir,
            expose_value=False,
            resolve_path=True,
            help="Keep everything in this folder: DATA_DIR for this command.",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", callback=_be_quiet, expose_value=False, help="Only results and errors.")
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", callback=_be_verbose, expose_value=False, help="Dagster's log lines, too."),
    ] = False,
) -> None:
    """Carry the options."""
