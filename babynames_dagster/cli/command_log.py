"""The log of commands that do work: in LOG_DIR, and its warnings on the terminal.

What belongs here: switching it on, once a command. What does not: files and lines (`common/log/`), or what the
commands themselves show (`terminal.py`).
"""

import logging
import sys
from collections.abc import Iterator

import typer
from rich.text import Text
from typing_extensions import override

from babynames_dagster.cli.options import verbosity_of
from babynames_dagster.cli.terminal import COMMAND_LOGGER, err
from babynames_dagster.common.log.files import LOGGER, log_to_files
from babynames_dagster.common.log.json_lines import log_as_json
from babynames_dagster.common.log.masking import Mask
from babynames_dagster.common.paths import printable
from babynames_dagster.settings import Settings

_log = logging.getLogger(COMMAND_LOGGER)

_NEW_LEDGER = ". Its ledger does not know what was sent from another folder, which --data-dir or DATA_DIR would name."


def log_command(
    context: typer.Context, settings: Settings, *, makes_data: bool = False, shown_from: int = logging.WARNING
) -> None:
    """Let a command that does work write to LOG_DIR, beginning with what it was asked to do.

    Args:
        context: The command's context; how much it says meanwhile follows from its verbosity.
        settings: LOG_DIR, LOG_LEVEL.
        makes_data: Whether the command may be the first that writes into the data folder. Another keeps no log in a
            data folder that is not there, so that looking makes no folder.
        shown_from: The least level of log lines that are shown on the terminal, too.

    Raises:
        PipelineError: FILE_NOT_WRITABLE where LOG_DIR can't be made or written.
    """
    verbosity = verbosity_of(context)
    files = settings.files
    is_new = makes_data and not files.data.exists()
    mask = Mask(settings.secrets())
    if makes_data or files.data.exists() or not files.logs.is_relative_to(files.data):
        log_to_files(files, mask)
    log_as_json(files, mask, stream=sys.stderr)
    err.quiet = files.log_format == "json"  # each line of stderr is an object then
    notes = _Notes(logging.ERROR if verbosity.quiet else logging.INFO if verbosity.verbose else shown_from)
    package = logging.getLogger(LOGGER)
    package.addHandler(notes)
    if not package.isEnabledFor(notes.level):
        package.setLevel(notes.level)
    for note in [*_new_folder(settings, is_new=is_new), *notes_on(settings)]:
        _log.warning("%s", note)
        if not verbosity.quiet:
            err.print(Text(f"Note: {note}"))
    asked = {name: value for name, value in context.params.items() if value}
    _log.info("%s %s", context.command_path, " ".join(f"{name}={printable(value)}" for name, value in asked.items()))


def _new_folder(settings: Settings, *, is_new: bool) -> Iterator[str]:
    if is_new:
        yield f"new data folder {settings.files.data}{_NEW_LEDGER if settings.keeps_tables_in_data else ''}"


def notes_on(settings: Settings) -> Iterator[str]:
    """Yield what a person may not expect of the settings."""
    for given, meant in settings.misspelt.items():
        yield f"{given} is no setting: did you mean {meant}?"
    if settings.overruled:
        names = ", ".join(settings.overruled)
        yield f"the environment sets {names} otherwise than {settings.env_file}, and wins."


class _Notes(logging.Handler):
    """Shows what the domain logs; a command's own lines are on the terminal already, as is its progress."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.addFilter(lambda record: record.name != COMMAND_LOGGER and not hasattr(record, "progress"))

    @override
    def emit(self, record: logging.LogRecord) -> None:
        err.print(Text(f"Note: {record.getMessage()}"))
