"""Trying database work again: what is worth it, how often, and after what pause.

What belongs here: the retry policy of a load. What does not: the work.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.retry import backoff_seconds
from babynames_dagster.settings import LoadingSettings

T = TypeVar("T")

_LOST = {ErrorCode.DB_CONNECTION_LOST, ErrorCode.DB_UNREACHABLE}
# Two loads that meet in the same rows part within milliseconds, and each meeting ends with one of them getting on.
_CONTENTION_TRIES = 10
_CONTENTION_PAUSE = 0.05


class Retrying:
    """Calls work again after deadlocks, lock-wait time-outs and lost connections."""

    def __init__(self, settings: LoadingSettings) -> None:
        """Take MAX_RETRIES and RETRY_DELAY, which are about lost connections."""
        self._tries = settings.retries.max_retries
        self._pause = settings.retries.delay_seconds

    def call(
        self,
        work: Callable[[], T],
        *,
        on_failure: Callable[[], None] | None = None,
    ) -> T:
        """Call work until it succeeds.

        Args:
            work: What to do, on a connection of its own; it can be done twice.
            on_failure: Called before each further try.

        Raises:
            PipelineError: The last error, once the tries are used up; any other error at once.
        """
        attempt = 0
        while True:
            try:
                return work()
            except PipelineError as error:
                attempt += 1
                busy = error.code is ErrorCode.DB_BUSY
                if not (busy or error.code in _LOST) or attempt > (_CONTENTION_TRIES if busy else self._tries):
                    raise
                if on_failure is not None:
                    on_failure()
                time.sleep(backoff_seconds(attempt, base=_CONTENTION_PAUSE if busy else self._pause))
