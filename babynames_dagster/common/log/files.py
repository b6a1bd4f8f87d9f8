"""Log files in LOG_DIR: one a day, shared by every process, without secrets.

What belongs here: where a record goes and what a line looks like. What does not: what is worth a record, nor the
event log and the terminal, which Dagster and the command line serve.
"""

import logging
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from typing_extensions import override

from babynames_dagster.common.file_errors import write_error
from babynames_dagster.common.log.masking import Mask
from babynames_dagster.settings import FileSettings

LOGGER = "babynames_dagster"
KEPT_DAYS = 30
ON_EVENT_LOG = "on_event_log"
"""The attribute of a record that a step's log has as well."""

_PATTERN = "babynames-*.log"


def log_to_files(files: FileSettings, mask: Mask, logger: logging.Logger | None = None) -> None:
    """Let a logger write to LOG_DIR as well, from LOG_LEVEL on; a second call changes nothing.

    Args:
        files: LOG_DIR, LOG_LEVEL.
        mask: Hides secrets.
        logger: The logger, such as the log of a Dagster step; by default this package's own.

    Raises:
        PipelineError: FILE_NOT_WRITABLE or DISK_FULL where LOG_DIR can't be made or written.
    """
    target = logging.getLogger(LOGGER) if logger is None else logger
    if any(isinstance(handler, DailyFiles) and handler.folder == files.logs for handler in target.handlers):
        return
    handler = DailyFiles(files.logs)
    handler.setLevel(files.log_level)
    handler.setFormatter(SafeLines(mask))
    try:
        handler.open()
    except OSError as error:
        remedy = "Make it writable for this user, or name another one in LOG_DIR."
        raise write_error(error, f"The log folder {files.logs}", remedy=remedy) from error
    if not target.isEnabledFor(handler.level):
        target.setLevel(handler.level)
    target.addHandler(handler)


class SafeLines(logging.Formatter):
    """Begins each line with time and level, those of a traceback or of a name with line breaks too.

    So nothing that a record quotes can pass for a record of its own.
    """

    def __init__(self, mask: Mask) -> None:
        """Take what must be masked."""
        super().__init__()
        self._mask = mask

    @override
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
        start = f"{moment} {record.levelname:<8} {record.name}: "
        text = self._mask(super().format(record))
        return "\n".join(start + line for line in text.splitlines() or [""])


class DailyFiles(logging.Handler):
    """Appends to `babynames-YYYY-MM-DD.log`, and removes the files of long ago.

    A file is named for its day from the start, because several processes write to it. One that is renamed at midnight,
    as in the standard library, would be renamed by each of them, over the other's.
    """

    def __init__(self, folder: Path) -> None:
        """Write below `folder`; nothing is opened yet."""
        super().__init__()
        self.folder = folder
        self._day = ""
        self._file: BinaryIO | None = None
        self._failed = False
        # The reports behind a progress bar come by the hundred a second; the event log has them at a human pace, and it
        # is written here, too.
        self.addFilter(lambda record: not (hasattr(record, "progress") or hasattr(record, ON_EVENT_LOG)))

    def open(self, day: str | None = None) -> None:
        """Open a day's file, by default today's.

        Raises:
            OSError: It can't be opened.
        """
        day = day or _day_of(time.time())
        self.folder.mkdir(parents=True, exist_ok=True)
        opened = (self.folder / _PATTERN.replace("*", day)).open("ab", buffering=0)
        self._close_file()
        self._day, self._file = day, opened
        for old in sorted(self.folder.glob(_PATTERN))[:-KEPT_DAYS]:
            old.unlink(missing_ok=True)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            day = _day_of(record.created)
            if self._file is None or day != self._day:
                self.open(day)
            if self._file is not None:
                # One unbuffered write at the file's end: lines of several processes do not mix.
                self._file.write((self.format(record) + "\n").encode("utf-8", "backslashreplace"))
        except Exception:  # noqa: BLE001 - a log must not break what it reports
            self.handleError(record)

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        if not self._failed:
            self._failed = True
            print(f"Log lines are lost: {self.folder} can't be written ({sys.exc_info()[1]}).", file=sys.stderr)  # noqa: T201 - the log itself is what fails

    @override
    def close(self) -> None:
        self.acquire()
        try:
            self._close_file()
        finally:
            self.release()
        super().close()

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _day_of(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp).astimezone().date().isoformat()
