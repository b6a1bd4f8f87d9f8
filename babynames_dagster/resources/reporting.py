"""Progress of long steps: on Dagster's event log at a pace people can read, and on the Python log as it comes.

What belongs here: rates, shares, throttling. What does not: drawing, which the command line does with the records
it finds on the logger `babynames_dagster.progress`.
"""

import logging
import time
from collections.abc import Callable

import dagster as dg

from babynames_dagster.progress import Progress, ProgressListener

EVENT_SECONDS = 5.0
progress_log = logging.getLogger("babynames_dagster.progress")
notice_log = logging.getLogger(__name__)


def progress_events(
    log: dg.DagsterLogManager, *, every: float = EVENT_SECONDS, clock: Callable[[], float] = time.monotonic
) -> ProgressListener:
    """Return a listener that logs at most one event every `every` seconds, and each report to `progress_log`.

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
        progress_log.debug("%s", progress.stage, extra={"progress": progress})
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
        notice_log.warning("%s", text)

    return say


def describe(progress: Progress, *, seconds: float, since: int = 0) -> str:
    """Say in one line how far a step is: count, share, rate, time left.

    Args:
        progress: The report.
        seconds: Time since the first report.
        since: What the first report said was worked on already.
    """
    parts = [f"{progress.stage}: {progress.done:,} {progress.unit}"]
    if progress.total:
        parts[0] = f"{progress.stage}: {progress.done:,} of {progress.total:,} {progress.unit}"
        parts.append(f"{progress.done / progress.total:.0%}")
    rate = (progress.worked - since) / seconds if seconds > 0 else 0.0
    if rate > 0:
        parts.append(f"{rate:,.0f} {progress.unit}/s")
        if progress.total and progress.total >= progress.done:
            parts.append(f"{(progress.total - progress.done) / rate:,.0f} s left")
    return ", ".join(parts)


def log_progress(progress: Progress) -> None:
    """Put a report on the Python log alone, for commands that are no Dagster runs."""
    progress_log.debug("%s", progress.stage, extra={"progress": progress})
