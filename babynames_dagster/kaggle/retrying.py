"""Trying again what can pass.

What belongs here: the loop and its pauses. What does not: which error is worth it, which `errors.py` says.
"""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.retry import backoff_seconds
from babynames_dagster.settings import FetchSettings, Seconds

Result = TypeVar("Result")

_LONGEST_WAIT: Seconds = 300.0


class RetryAfterError(PipelineError):
    """An error whose sender named the time to wait.

    Attributes:
        seconds: How long, from now.
    """

    def __init__(self, code: ErrorCode, what: str, *, seconds: Seconds) -> None:
        """Build the error; a wait of more than five minutes is for the next run, not for this one."""
        super().__init__(code, what, retryable=seconds <= _LONGEST_WAIT)
        self.seconds = seconds


def retried(attempt: Callable[[], Result], settings: FetchSettings, log: logging.Logger) -> Result:
    """Run something until it succeeds, fails for good, or MAX_RETRIES are used up.

    Args:
        attempt: What to run.
        settings: For MAX_RETRIES and RETRY_DELAY.
        log: Where each failed try is told.

    Raises:
        PipelineError: The last try's.
    """
    tried = 0
    while True:
        tried += 1
        try:
            return attempt()
        except PipelineError as error:
            if not error.retryable or tried > settings.retries.max_retries:
                raise
            pause = backoff_seconds(tried, base=settings.retries.delay_seconds)
            if isinstance(error, RetryAfterError):
                pause = max(pause, error.seconds)
            log.warning(
                "[%s] %s Try %d of %d follows in %.1f s.",
                error.code.name,
                error.what,
                tried + 1,
                settings.retries.max_retries + 1,
                pause,
            )
        time.sleep(pause)
