"""The entry point: gathers the commands, and ends with one clear message where one fails, never with a traceback."""

import sys

from babynames_dagster.cli import accounts, inspection, runs, upkeep
from babynames_dagster.cli.app import EXIT_INTERRUPTED, app, exit_status
from babynames_dagster.cli.terminal import err, show_error
from babynames_dagster.errors import PipelineError

COMMAND_MODULES = (accounts, inspection, runs, upkeep)
"""Importing them is what puts their commands on the app."""


def main() -> None:
    """Run the command, and leave with its exit status."""
    try:
        app()
    except PipelineError as error:
        show_error(error)
        sys.exit(exit_status(error))
    except KeyboardInterrupt:
        err.print("Stopped. Run the same command again: it goes on where it stopped.")
        sys.exit(EXIT_INTERRUPTED)
