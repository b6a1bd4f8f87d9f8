"""How long to wait before the next try.

What belongs here: the one back-off schedule that downloads, database and HubSpot calls share. What does
not: what is worth a retry, which `errors.py` and each protocol's own module decide.
"""

import random

_RANDOM = random.SystemRandom()


def backoff_seconds(attempt: int, *, base: float, cap: float = 60.0) -> float:
    """Return the pause after a failed try: exponential with equal jitter.

    Half of the pause is fixed and half is random, so that clients that failed together do not come back
    together, and none comes back at once ("equal jitter", AWS Architecture Blog, "Exponential Backoff And
    Jitter", 2015).

    Args:
        attempt: Which try failed, from 1.
        base: Seconds after the first failure.
        cap: Most seconds between two tries.
    """
    ceiling = min(cap, base * 2.0 ** min(attempt - 1, 30))
    return ceiling / 2 + _RANDOM.uniform(0, ceiling / 2)
