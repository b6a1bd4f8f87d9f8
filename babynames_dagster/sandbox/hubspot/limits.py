"""The stand-in's rate limits: a rolling window of calls, and a day's calls.

What belongs here: counting, and what answers say of it. What does not: HTTP.
"""

import time
from collections import deque


class RollingWindow:
    """Lets so many calls into any window of time; refused calls do not count.

    Attributes:
        calls: Calls in any window.
        seconds: The window's length.
        daily: Calls a day, counted since the start.
        daily_used: Calls counted so far.
        refused: Calls that found the window full.
        shortest_gap: Least seconds that lay between a call and the one `calls` before it; None until that many came.
    """

    def __init__(self, calls: int = 100, seconds: float = 10.0, daily: int = 250_000) -> None:
        """Start with an empty window: by default that of a private app of a free account."""
        self.calls = calls
        self.seconds = seconds
        self.daily = daily
        self.daily_used = 0
        self.refused = 0
        self.shortest_gap: float | None = None
        self._arrivals: deque[float] = deque()

    @property
    def used_up_for_today(self) -> bool:
        """Whether the day has no call left."""
        return self.daily_used >= self.daily

    def enter(self) -> bool:
        """Count a call that arrives now, and return whether the window takes it."""
        now = time.monotonic()
        while self._arrivals and self._arrivals[0] <= now - 2 * self.seconds:
            self._arrivals.popleft()
        if len(self._arrivals) >= self.calls:
            gap = now - self._arrivals[-self.calls]
            if gap < self.seconds:
                self.refused += 1
                return False
            self.shortest_gap = min(gap, self.shortest_gap or gap)
        self._arrivals.append(now)
        self.daily_used += 1
        return True

    def headers(self) -> dict[str, str]:
        """Return what every answer says of the limits."""
        now = time.monotonic()
        inside = sum(arrival > now - self.seconds for arrival in self._arrivals)
        return {
            "X-HubSpot-RateLimit-Max": str(self.calls),
            "X-HubSpot-RateLimit-Remaining": str(max(0, self.calls - inside)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(round(self.seconds * 1000)),
            "X-HubSpot-RateLimit-Daily": str(self.daily),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, self.daily - self.daily_used)),
        }
