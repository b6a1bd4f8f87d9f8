"""How the sync went while each partition was under way.

Batches mix partitions and many are under way at once, so that neither time nor calls can be shared out among them. What
is true of a partition is what the run did in the partition's span. It begins when its first batch is handed over to be
sent, and ends when its latest outcome is known. The spans of neighbours overlap, and their calls add up to more than
the run's.

What belongs here: taking that time. What does not: the counts of a partition (`report.py`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Moment:
    """How far a run is.

    Attributes:
        seconds: A clock that only grows.
        requests: Calls made so far.
        paused_seconds: Seconds of pauses that HubSpot has ordered so far.
    """

    seconds: float
    requests: int
    paused_seconds: float


@dataclass(frozen=True)
class Span:
    """What a run did while one partition was under way; all zero where nothing of it was sent.

    Attributes:
        seconds: How long that was.
        requests: Calls in that time, whichever partitions they were for.
        waited_seconds: Seconds of the pauses (429) that began in that time, at most `seconds`.
    """

    seconds: float = 0.0
    requests: int = 0
    waited_seconds: float = 0.0

    @classmethod
    def between(cls, first: Moment, last: Moment) -> "Span":
        """Return what happened from one moment to another."""
        seconds = last.seconds - first.seconds
        return cls(
            seconds,
            last.requests - first.requests,
            min(last.paused_seconds - first.paused_seconds, seconds),
        )


@dataclass
class Spans:
    """The spans of a run's partitions; for one thread.

    Attributes:
        now: Says how far the run is.
    """

    now: Callable[[], Moment]
    _first: dict[str, Moment] = field(default_factory=dict)
    _last: dict[str, Moment] = field(default_factory=dict)

    def handed_over(self, partitions: Iterable[str]) -> None:
        """Note that rows of these partitions are about to be sent; each one's span begins with its first."""
        new = [partition for partition in partitions if partition not in self._first]
        if new:
            self._first.update(dict.fromkeys(new, self.now()))

    def answered(self, partitions: Iterable[str]) -> None:
        """Note that rows of these partitions have their outcomes; each one's span ends with its latest."""
        self._last.update(dict.fromkeys(partitions, self.now()))

    def of(self, partition: str) -> Span:
        """Return a partition's span."""
        if partition not in self._last:
            return Span()
        return Span.between(self._first[partition], self._last[partition])
