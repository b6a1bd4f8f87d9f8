"""The entry point: runs the command, and ends with one clear message where one fails, never with a traceback."""

import atexit
import contextlib
import errno
import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType

from babynames_dagster.cli.app import EXIT_INTERRUPTED, babynames, exit_status
from babynames_dagster.cli.interruptions import send_again
from babynames_dagster.cli.options import SharedOptions
from babynames_dagster.cli.terminal import COMMAND_LOGGER, err, show_error
from babynames_dagster.common.file_errors import write_error
from babynames_dagster.common.log.files import LOGGER, log_to_files
from babynames_dagster.common.log.masking import Mask
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import load_settings

_OBJECTS_BETWEEN_COLLECTIONS = 20_000
"""Python's own 700 or 2,000 suit programs that start small: Dagster makes over 100,000 as it is imported, to stay."""

_log = logging.getLogger(COMMAND_LOGGER)


def main() -> None:
    """Run the command, and leave with its exit status."""
    atexit.register(gc.freeze)  # or Python searches all that Dagster made for garbage, several times, to end
    _open_standard_streams()
    signal.signal(signal.SIGTERM, _terminate)
    sys.unraisablehook = send_again
    # Python shows warnings that no handler takes; commands that only look take none.
    logging.getLogger(LOGGER).addHandler(logging.NullHandler())
    # SQLAlchemy logs a traceback where Ctrl-C meets a connection that is being closed.
    logging.getLogger("sqlalchemy").addHandler(logging.NullHandler())
    shared = SharedOptions()
    try:
        with _rare_collections():
            babynames()(prog_name="babynames", obj=shared)
    except SystemExit as end:
        if end.code == EXIT_INTERRUPTED:
            err.print("Stopped. Run the same command again: it resumes where it stopped.")
        _log.info("Exit status %s.", end.code)
        raise
    except PipelineError as error:
        _leave(error)
    except OSError as error:
        _leave(_refused(error))
    except Exception as error:  # noqa: BLE001 - the last place that can report it; the log has the traceback
        with contextlib.suppress(PipelineError):
            settings = load_settings(shared.environment())
            log_to_files(settings.files, Mask(settings.secrets()))
        _log.exception("The command failed.")
        _leave(PipelineError(ErrorCode.UNEXPECTED, f"{type(error).__name__}: {error}"))


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """Let Python look for garbage less often."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _open_standard_streams() -> None:
    """Let standard streams that are closed lead nowhere; else the next file to be opened would be one of them."""
    for name, descriptor, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            setattr(sys, name, os.fdopen(descriptor, mode))


def _refused(error: OSError) -> PipelineError:
    """Return what it means that the operating system refused something, where nothing nearer knew."""
    if error.filename:
        return write_error(error, str(error.filename))
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EBADF, errno.EIO}:
        return PipelineError(
            ErrorCode.FILE_NOT_WRITABLE,
            f"Where standard output leads, nothing can be written: {error.strerror}.",
            remedy="Let it lead elsewhere, or free some space there; `babynames status` shows what was done.",
        )
    if error.errno == errno.ENOENT:  # what is asked for without a name is the working folder
        return PipelineError(
            ErrorCode.FILE_NOT_FOUND,
            "The working folder is no longer there.",
            remedy="Change to a folder that is there, then run the same command again.",
        )
    return PipelineError(ErrorCode.UNEXPECTED, str(error))


def _leave(error: PipelineError) -> None:
    show_error(error)
    status = exit_status(error)
    _log.info("Exit status %s.", status)
    sys.exit(status)


def _terminate(number: int, _: FrameType | None) -> None:
    """Leave through every clean-up on the way, as after Ctrl-C."""
    sys.exit(128 + number)
