"""Progress of long steps: on Dagster's event log at a pace people can read, and on the Python log as it comes.

The command line draws what it finds on the logger `babynames_dagster.common.progress`.
"""

import logging
import time
from collections.abc import Callable

import dagster as dg

from babynames_dagster.common.log.files import ON_EVENT_LOG
from babynames_dagster.common.progress import Progress, ProgressListener, describe, log_progress

EVENT_SECONDS = 5.0
notice_log = logging.getLogger(__name__)


def progress_events(
    log: dg.DagsterLogManager, *, every: float = EVENT_SECONDS, clock: Callable[[], float] = time.monotonic
) -> ProgressListener:
    """Return a listener that logs at most one event every `every` seconds, and puts each report on the Python log.

    Args:
        log: The run's log, shown in the UI.
        every: Seconds between two events.
        clock: Seconds that only grow.
    """
    started: float | None = None
    first_worked = 0
    last_event: float | None = None

    def listen(progress: Progress) -> None:
        nonlocal started, first_worked, last_event
        log_progress(progress)
        seen = clock()
        if started is None or last_event is None:
            started, first_worked, last_event = seen, progress.worked, seen
            return
        if seen - last_event >= every:
            last_event = seen
            log.info(describe(progress, seconds=seen - started, since=first_worked))

    return listen


def notices(log: dg.DagsterLogManager) -> Callable[[str], None]:
    """Return what puts a notice on the run's log, shown in the UI, and on the Python log, shown on the terminal."""

    def say(text: str) -> None:
        log.warning(text)
        notice_log.warning("%s", text, extra={ON_EVENT_LOG: True})

    return say
