"""Trying a short transaction again where that can help.

What belongs here: how often, and how long between. What does not: what is worth a retry, which `errors.py` says.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from babynames_dagster.errors import PipelineError
from babynames_dagster.retry import backoff_seconds

Result = TypeVar("Result")

_TRIES = 5
_RETRY_SECONDS = 0.2


def patiently(transaction: Callable[[], Result]) -> Result:
    """Return what a transaction returns, trying again after a deadlock or a lost connection.

    Args:
        transaction: What to do; leaves nothing behind when it raises.

    Raises:
        PipelineError: What the transaction raised, at once where a retry can't help, else after 5 tries.
    """
    attempt = 1
    while True:
        try:
            return transaction()
        except PipelineError as error:
            if not error.retryable or attempt == _TRIES:
                raise
        time.sleep(backoff_seconds(attempt, base=_RETRY_SECONDS))
        attempt += 1
