"""Options that more than one command has, each declared once."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer
import typer.main

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]


@dataclass
class Verbosity:
    """How much the user wants to hear.

    Attributes:
        quiet: Nothing but results and errors.
        verbose: Dagster's own log lines, too.
    """

    quiet: bool = False
    verbose: bool = False


def verbosity_of(context: typer.Context) -> Verbosity:
    """Return how much the user wants to hear, as said before and behind the command's name."""
    return context.ensure_object(Verbosity)


def verbosity_options() -> list[Any]:
    """Return `--quiet` and `--verbose` as parameters to add to a command."""
    template = typer.Typer(add_completion=False)
    template.command()(_verbosity)
    return [
        parameter for parameter in typer.main.get_command(template).params if parameter.name in {"quiet", "verbose"}
    ]


def _be_quiet(context: typer.Context, wanted: bool) -> None:  # noqa: FBT001 - Typer's own way to call it
    verbosity_of(context).quiet |= wanted


def _be_verbose(context: typer.Context, wanted: bool) -> None:  # noqa: FBT001 - Typer's own way to call it
    verbosity_of(context).verbose |= wanted


def _verbosity(
    *,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", callback=_be_quiet, expose_value=False, help="Only results and errors.")
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", callback=_be_verbose, expose_value=False, help="Dagster's log lines, too."),
    ] = False,
) -> None:
    """Carry the two options."""
