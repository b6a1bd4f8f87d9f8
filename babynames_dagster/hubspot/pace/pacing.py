"""When the next call may go: a sliding log of the last window's calls, as a pure decision.

What belongs here: the arithmetic. What does not: where the log is kept (`database/rate_limits.py`) and waiting
for the moment (`limiter.py`).

HubSpot counts calls in a rolling window. A generic cell-rate algorithm keeps that rule too, but spaces calls evenly
from the first one. On top of `calls / rate`, a run then pays the latency of its last call, and every stall. A log of
the calls' own times gives lost time back: whatever the last window leaves free may be used at once.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

MARGIN_SECONDS = 0.02
"""Added to the window, for what neither clock nor answers say of two calls' trips to the server."""

CATCH_UP = 2.0
"""How many times faster than the even pace calls may follow each other. Without a bound, a whole window's calls
would queue up in front of the server, and arrive later than they were sent."""

MOST_DETOUR_SECONDS = 2.0
"""How much later than it was sent a call is taken to have arrived, at most."""

UNSTATED_DETOUR_SECONDS = 0.1
"""The same where HubSpot does not say when it began to work. Costs 1 % of 10 s where latencies vary, as most answers
then are later than this."""

_MOST_CALLERS = 100
"""Processes that reserve slots at the same time, each one of them."""

_WORTH_SAYING_SECONDS = 10.0
_SAME_PAUSE_SECONDS = 5.0

_DAY_SECONDS = 24 * 3600.0
"""After this, a daily limit has started again, in whatever time zone the account is."""

MAX_PAUSE_SECONDS = 60.0
"""Longest pause that one answer can ask for, unless the user has more patience."""


@dataclass(frozen=True)
class Limit:
    """What HubSpot allows one app.

    Attributes:
        calls: Calls in any window.
        window: The window's seconds.
        spacing: Least seconds between two calls, where the user wants it slower (HUBSPOT_BATCH_DELAY).
    """

    calls: int = 100
    window: float = 10.0
    spacing: float = 0.0

    @property
    def least_gap(self) -> float:
        """Least seconds between two calls."""
        return max(self.spacing, self.window / self.calls / CATCH_UP)


_WINDOW_BOUNDS = (0.05, 60.0)
_LEAST_CALLS_A_SECOND = 1.0
"""A tenth of what the smallest account has: less is no limit, and would freeze a run."""


def is_believable(limit: Limit) -> bool:
    """Return whether HubSpot can have meant a limit that one of its answers gave."""
    least, most = _WINDOW_BOUNDS
    return least <= limit.window <= most and limit.calls / limit.window >= _LEAST_CALLS_A_SECOND


def next_slot(calls: Sequence[float], *, now: float, paused_until: float, limit: Limit) -> float:
    """Return the earliest moment at which one more call keeps every rolling window within the limit.

    Args:
        calls: Times of earlier calls, ascending, reserved ones included.
        now: This moment on the same clock.
        paused_until: No call goes before this moment.
        limit: What HubSpot allows.
    """
    slot = max(now, paused_until)
    if calls:
        slot = max(slot, calls[-1] + limit.least_gap)
    if len(calls) >= limit.calls:
        slot = max(slot, calls[-limit.calls] + limit.window + MARGIN_SECONDS)
    return slot


def clock_set_back_by(calls: Sequence[float], *, now: float, paused_until: float, limit: Limit) -> float:
    """Return by about how many seconds the clock was set back since the last calls; 0 where nothing shows it.

    A slot is reserved a little ahead of the present, or of the end of a pause. A call that is further ahead of one, and
    not within the reach of the other, was made by a clock that was ahead of today's.

    Args:
        calls: Times of the calls.
        now: This moment.
        paused_until: No call goes before this moment.
        limit: What HubSpot allows.
    """
    reach = limit.window + MAX_PAUSE_SECONDS + limit.spacing * _MOST_CALLERS
    ahead = [call for call in calls if call > now + reach and not paused_until <= call <= paused_until + reach]
    return max(ahead, default=now) - now


def still_counted(calls: Sequence[float], *, now: float, limit: Limit) -> list[float]:
    """Return the calls that can still matter, ascending; the last one always does, for the gap after it."""
    ordered = sorted(calls)
    first = bisect_right(ordered, now - limit.window - MARGIN_SECONDS)
    return ordered[first:] or ordered[-1:]


@dataclass(frozen=True)
class Trip:
    """One call and its answer.

    Attributes:
        latency: Seconds from the call's sending to its answer.
        start: The moment that HubSpot says it began to work on it (`startedAt`), less the moment of sending. The two
            clocks differ, so that only differences between trips mean something. None where HubSpot does not say.
    """

    latency: float
    start: float | None = None


def detour(trip: Trip, recent: Sequence[Trip]) -> float:
    """Return how many seconds later than the quickest calls one call may have reached the server.

    An answer that took longer than the quickest was held up on the way there, in the server's queue, at its work,
    or on the way back. Only the first two matter; `startedAt` separates them from the others.

    Args:
        trip: The call.
        recent: The last calls, this one included.
    """
    latencies = [other.latency for other in recent]
    delay = trip.latency - min(latencies)
    starts = [other.start for other in recent if other.start is not None]
    # Starts further apart than any answer took are no clock's.
    if trip.start is None or max(starts) - min(starts) > max(latencies):
        return min(delay, UNSTATED_DETOUR_SECONDS)
    return min(delay, trip.start - min(starts), MOST_DETOUR_SECONDS)


def calls_left_today(remaining: int | None, *, as_of: float, calls: Sequence[float], now: float) -> int | None:
    """Return how many calls the day still has, or None where HubSpot does not say, or said it a day ago.

    Args:
        remaining: What the newest answer said.
        as_of: The time of the call that it answered.
        calls: Times of the calls, ascending; those after `as_of` are not in `remaining` yet.
        now: This moment on the same clock.
    """
    if remaining is None or abs(now - as_of) >= _DAY_SECONDS:
        return None
    return remaining - (len(calls) - bisect_right(calls, as_of))


def is_worth_saying(pause: float, *, waited: float, until: float, said_until: float) -> bool:
    """Return whether a pause is worth reporting.

    Args:
        pause: Its seconds.
        waited: Seconds that the same call has waited before it.
        until: When it ends.
        said_until: Until when they know that calls wait, by the same clock. Pauses that end within some seconds of each
            other are one: each call learns of it by itself.
    """
    return waited + pause > _WORTH_SAYING_SECONDS and until > said_until + _SAME_PAUSE_SECONDS
