"""What an error of the database is worth: which retries a transaction gets.

A lock that was waited for (DB_LOCK_TIMEOUT) gets none: it was waited for DB_TIMEOUT already.
"""

from collections.abc import Callable

from babynames_dagster.common.retry import Policy, Result, Retries, retried
from babynames_dagster.errors import ErrorCode, PipelineError

# Two transactions that meet in the same rows part within milliseconds, and each meeting lets one of them through.
_CONTENTION = Retries(most=10, base=0.05)
_SHORT = Retries(most=4, base=0.2)
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
