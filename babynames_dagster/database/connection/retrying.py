"""What an error of the database is worth: which retries a transaction gets.

A lock that was waited for (DB_LOCK_TIMEOUT) gets none: it was waited for DB_TIMEOUT already.
"""

import logging
import threading
from collections.abc import Callable

from babynames_dagster.common.retry import Policy, Result, Retries, retried
from babynames_dagster.errors import ErrorCode, PipelineError

_log = logging.getLogger(__name__)

# Two transactions that meet in the same rows part within milliseconds, and each meeting lets one of them through.
_CONTENTION = Retries(most=10, base=0.05)
_SHORT = Retries(most=4, base=0.2)
RESTART = Retries(most=7, base=0.25)
"""Waits from 16 s to 32 s in all, while a server is started again, on a busy machine, too."""
_SAID_FROM_SECONDS = 1.0
_LOST = {ErrorCode.DB_CONNECTION_LOST, ErrorCode.DB_UNREACHABLE}


def of_database(lost: Retries) -> Policy:
    """Return the policy of work on the database.

    Args:
        lost: What a lost connection is worth.
    """

    def policy(error: PipelineError) -> Retries | None:
        if error.code is ErrorCode.DB_BUSY:
            return _CONTENTION
        return lost if error.code in _LOST else None

    return policy


def retried_transaction(transaction: Callable[[], Result]) -> Result:
    """Return what a short transaction returns, trying again after a deadlock or a lost connection.

    What it records happened already, so that it is tried for some seconds whatever MAX_RETRIES says.

    Args:
        transaction: What to do; leaves nothing behind when it raises.

    Raises:
        PipelineError: What the transaction raised, at once where a retry can't help, else after the last try.
    """
    return retried(transaction, of_database(_SHORT))


def through_a_restart(transaction: Callable[[], Result], stop: threading.Event | None = None) -> Result:
    """Return what a short transaction returns in the midst of a run, waiting for a server that is started again.

    What HubSpot has answered is said once: a contact whose creation is not recorded is not known as ours.

    Args:
        transaction: As for `retried_transaction`.
        stop: Ends the waiting when set, where nothing is lost by it.

    Raises:
        PipelineError: As `retried_transaction`.
    """
    return retried(transaction, of_database(RESTART), on_failure=_say, stop=stop)


def _say(error: PipelineError, _: int, pause: float) -> None:
    if error.code in _LOST and pause >= _SAID_FROM_SECONDS:
        _log.warning("The database is waited for, and tried again in %.0f s: %s", pause, error.what)
