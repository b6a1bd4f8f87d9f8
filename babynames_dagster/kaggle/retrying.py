"""The policy of downloads: which failures are tried again, and how often."""

import logging
from collections.abc import Callable

from babynames_dagster.common import retry
from babynames_dagster.common.retry import Result, Retries
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import FetchSettings

_LONGEST_WAIT_SECONDS: float = 300.0


class RetryAfterError(PipelineError):
    """An error whose sender named the time to wait.

    Attributes:
        seconds: How long, from now.
    """

    def __init__(self, code: ErrorCode, what: str, *, seconds: float) -> None:
        """Build the error; a wait of more than five minutes is for the next run, not for this one."""
        super().__init__(code, what, retryable=seconds <= _LONGEST_WAIT_SECONDS)
        self.seconds = seconds


def retried(attempt: Callable[[], Result], settings: FetchSettings, log: logging.Logger) -> Result:
    """Run something until it succeeds, fails permanently, or MAX_RETRIES are used up.

    Args:
        attempt: What to run.
        settings: For MAX_RETRIES and RETRY_DELAY.
        log: Where each failed try is logged.

    Raises:
        PipelineError: The last try's.
    """
    most = settings.retries.max_retries

    def policy(error: PipelineError) -> Retries | None:
        least = error.seconds if isinstance(error, RetryAfterError) else 0.0
        return Retries(most, settings.retries.delay_seconds, least) if error.retryable else None

    def report(error: PipelineError, failed: int, pause: float) -> None:
        log.warning("[%s] %s Try %d of %d follows in %.1f s.", error.code.name, error.what, failed + 1, most + 1, pause)

    return retry.retried(attempt, policy, on_failure=report)
