"""How a long step reports how far it is.

What belongs here: the value that is reported, the type of the listener, one line that describes a report, and the
Python log of reports. What does not: throttling and drawing, which are the listener's business.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

progress_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """How far a step is.

    Attributes:
        stage: What is being done: `download`, `load`, `sync` or `undo`.
        done: Units done so far.
        total: Units in all, where known.
        unit: What is counted: `bytes`, `rows` or `contacts`.
        skipped: Units of `done` that took no time, because an earlier run did them: they are in no rate.
    """

    stage: str
    done: int
    total: int | None
    unit: str
    skipped: int = 0

    @property
    def worked(self) -> int:
        """Units that took time: what a rate is made of."""
        return self.done - self.skipped


ProgressListener = Callable[[Progress], None]


def ignore_progress(_: Progress) -> None:
    """Listen to nothing: the default."""


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
    """Put a report on the Python log alone, for commands that are no Dagster runs and for the terminal."""
    progress_log.debug("%s", progress.stage, extra={"progress": progress})
