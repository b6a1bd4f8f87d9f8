"""The `babynames` command's frame: its commands, and their exit statuses.

What belongs here: what every command shares. What does not: a command's work (`commands/`, one module each, imported
when it is called), nor how the whole ends (`main.py`).
"""

from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
import typer.core
import typer.main
from typing_extensions import override

from babynames_dagster.cli.options import shared_options
from babynames_dagster.cli.terminal import show_error
from babynames_dagster.errors import ErrorCode, PipelineError

EXIT_FAILED = 1
EXIT_CONFIGURATION = 2
EXIT_INTERRUPTED = 130
_CONFIGURATION = {ErrorCode.MISSING_CONFIG, ErrorCode.INVALID_CONFIG}

COMMANDS = {
    "run": "Run the whole graph for real: Kaggle to table to HubSpot.",
    "demo": "Run the whole graph against a sandbox on loopback: no account needed.",
    "spread": "Launch the sync of the names as several runs, so that several workers share it.",
    "check": "Try each connection for real: what is wrong, and what to do.",
    "status": "Show tables, ledger, last loads and runs at a glance.",
    "rejects": "List rejected rows, and contacts that were rejected, failed or left alone as somebody's, with reasons.",
    "plan": "Say row by row what a run would do in HubSpot; write nothing.",
    "apply": "Write the rows of a plan, and no others; a row that is no longer what was reviewed is refused.",
    "reconcile": "Read every contact of the ledger back from HubSpot, and say what became of it.",
    "undo": "Archive in HubSpot the contacts that this pipeline created; never those it only updated.",
    "login": "Open a window, sign in to Kaggle by hand, and keep the session for headless runs.",
    "migrate": "Bring the database's schema to its newest version.",
    "metrics": "Serve the pipeline's figures to Prometheus until Ctrl-C.",
    "sandbox": "Serve a Kaggle-like site and a HubSpot-like API on loopback until Ctrl-C.",
    "clean": "Remove the demo's state; with --all, everything in the data folder.",
}
"""Each command, in the order that people meet them, with the first line of its help.

A command is the function of its name in the module of its name in `commands/`. The list of commands needs no more than
this, so that neither help nor completion waits for the imports of them all.
"""


class _Commands(typer.core.TyperGroup):
    """Imports a command when it is called."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - whatever Typer hands over
        super().__init__(**given)
        self.commands = {name: typer.core.TyperCommand(name, help=summary) for name, summary in COMMANDS.items()}

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    @override
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command_named(name) if name is not None else command, rest


def command_named(name: str) -> Any:  # noqa: ANN401 - Typer's own class has no public name
    """Import a command.

    Args:
        name: One of `COMMANDS`.
    """
    module = import_module(f"babynames_dagster.cli.commands.{name}")
    alone = typer.Typer(rich_markup_mode="markdown", add_completion=False)
    alone.command(name)(getattr(module, name))
    command = typer.main.get_command(alone)
    command.params.extend(shared_options(command.params))
    return command


app = typer.Typer(
    name="babynames",
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="US baby names: from Kaggle to a table to HubSpot, with the truth about every row.",
    epilog="Settings come from the environment and `.env`. Exit status: 0 all well, 1 something failed, "
    "2 configuration, 130 stopped.",
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - Typer's own way to call it
    if wanted:
        typer.echo(f"babynames {version('babynames_dagster')}")
        raise typer.Exit


@app.callback()
def _global_options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version, and leave.")
    ] = False,
) -> None:
    pass


def babynames() -> Any:  # noqa: ANN401 - Typer's own class has no public name
    """Return the whole command."""
    group = typer.main.get_command(app)
    group.params.extend(shared_options())
    return group


def end(stopped: PipelineError | None, *, failed: bool) -> None:
    """End a command that has reported what it did, with what stopped it and the exit status.

    Args:
        stopped: What ended it early; None where nothing did.
        failed: Whether not all was done.
    """
    if stopped is not None:
        show_error(stopped)
        raise typer.Exit(exit_status(stopped))
    if failed:
        raise typer.Exit(EXIT_FAILED)


def exit_status(error: PipelineError) -> int:
    """Return the exit status for an error."""
    return EXIT_CONFIGURATION if error.code in _CONFIGURATION else EXIT_FAILED
