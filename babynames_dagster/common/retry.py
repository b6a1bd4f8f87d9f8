"""Trying again: the one loop, its pauses, and the form of a policy.

What belongs here: what downloads, loads and short transactions share. What does not: which error is worth a retry, and
how often, which the policy of each says; HubSpot's calls, whose batches are cut and paced between two tries.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from babynames_dagster.errors import PipelineError

Result = TypeVar("Result")

_LONGEST_PAUSE = 60.0
_RANDOM = random.SystemRandom()


@dataclass(frozen=True)
class Retries:
    """What a policy allows after a certain error.

    Attributes:
        most: Tries after the first.
        base: Seconds before the first of them; doubled each time.
        least: Seconds that each pause has at least.
    """

    most: int
    base: float
    least: float = 0.0


Policy = Callable[[PipelineError], Retries | None]
"""What an error is worth; None where a retry can't help."""


def retried(
    work: Callable[[], Result],
    policy: Policy,
    *,
    on_failure: Callable[[PipelineError, int, float], None] = lambda *_: None,
    stop: threading.Event | None = None,
) -> Result:
    """Return what some work returns, trying again as the policy allows.

    Args:
        work: What to do; it can be done twice.
        policy: What each error is worth.
        on_failure: Called before each pause: the error, how many tries have failed, the pause's seconds.
        stop: Ends a pause when set, and lets no try follow.

    Raises:
        PipelineError: The last try's.
    """
    stop = stop or threading.Event()
    failed = 0
    while True:
        try:
            return work()
        except PipelineError as error:
            failed += 1
            retries = policy(error)
            if retries is None or failed > retries.most:
                raise
            pause = max(retries.least, backoff_seconds(failed, base=retries.base))
            on_failure(error, failed, pause)
            if stop.wait(pause):
                raise


def backoff_seconds(attempt: int, *, base: float) -> float:
    """Return the pause after a failed try: exponential with equal jitter.

    Half of the pause is fixed and half is random: clients that failed together do not come back together, and none
    comes back at once. It is "equal jitter" (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).

    Args:
        attempt: Which try failed, from 1.
        base: Seconds after the first failure.
    """
    ceiling = min(_LONGEST_PAUSE, base * 2.0 ** min(attempt - 1, 30))
    return ceiling / 2 + _RANDOM.uniform(0, ceiling / 2)
