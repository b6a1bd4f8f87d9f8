"""The `babynames` command's frame: global options, the order of its commands, exit statuses.

What belongs here: what every command shares. What does not: a command's work, nor how the whole ends (`main.py`).
"""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Any

import typer
import typer.core
from typing_extensions import override

from babynames_dagster.errors import ErrorCode, PipelineError

EXIT_FAILED = 1
EXIT_CONFIGURATION = 2
EXIT_INTERRUPTED = 130
_CONFIGURATION = {ErrorCode.MISSING_CONFIG, ErrorCode.INVALID_CONFIG}


@dataclass
class Verbosity:
    """How much the user wants to hear.

    Attributes:
        quiet: Nothing but results and errors.
        verbose: Dagster's own log lines, too.
    """

    quiet: bool = False
    verbose: bool = False


class _InOrder(typer.core.TyperGroup):
    """Lists the commands in the order that people meet them."""

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=_COMMANDS.index)


_COMMANDS = [
    "run",
    "demo",
    "check",
    "status",
    "rejects",
    "plan",
    "apply",
    "reconcile",
    "undo",
    "login",
    "migrate",
    "sandbox",
    "clean",
]

app = typer.Typer(
    name="babynames",
    cls=_InOrder,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="US baby names: from Kaggle to a table to HubSpot, with the truth about every row.",
    epilog="Settings come from the environment and `.env`. Exit status: 0 all well, 1 something failed, "
    "2 configuration, 130 stopped.",
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it with the option's value
    if wanted:
        typer.echo(f"babynames {version('babynames_dagster')}")
        raise typer.Exit


@app.callback()
def _global_options(
    context: typer.Context,
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only results and errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Dagster's log lines, too.")] = False,
) -> None:
    context.obj = Verbosity(quiet=quiet, verbose=verbose)


def exit_status(error: PipelineError) -> int:
    """Return the exit status for an error."""
    return EXIT_CONFIGURATION if error.code in _CONFIGURATION else EXIT_FAILED
