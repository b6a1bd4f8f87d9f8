"""The one limiter of an app: every thread, process and host asks the same database row before each call.

What belongs here: asking for a slot and waiting for it, and passing on what answers say. What does not: the
arithmetic (`pacing.py`) and the row (`database/rate_limits.py`).
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.retrying import retried_transaction, through_a_restart
from babynames_dagster.database.rate_limits import ClockReading, PacingRow, locked_pacing_row
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.pace.pacing import (
    MAX_PAUSE_SECONDS,
    Limit,
    Trip,
    calls_left_today,
    clock_set_back_by,
    detour,
    is_believable,
    next_slot,
    still_counted,
)

Result = TypeVar("Result")

_WORTH_CORRECTING_SECONDS = 0.005
"""A call that is later than its slot by more than this gets its true time into the log; the margin covers less."""

_ANSWERS_REMEMBERED = 50
"""The answers among which the quickest is looked for."""


@dataclass(frozen=True)
class Permit:
    """Leave to make one call.

    Attributes:
        slot: The reserved moment, by the database's clock.
        clock: The reading that translates this process's clock into the database's.
        paused: Seconds of the wait that are a pause of the whole app.
    """

    slot: float
    clock: ClockReading
    paused: float = 0.0


class RateLimiter:
    """Paces the calls of one app. Safe to share between threads.

    At most one thread of a process holds a slot that it has not used yet. A process that dies leaves one slot of one
    window unused, and no call waits for it.
    """

    def __init__(  # noqa: PLR0913 - all by keyword
        self,
        engine: Engine,
        app: str,
        *,
        calls_per_window: int | None = None,
        spacing_seconds: float = 0.0,
        daily_reserve: int = 0,
        patience_seconds: float = MAX_PAUSE_SECONDS,
    ) -> None:
        """Build the limiter; nothing is read yet.

        Args:
            engine: The database that holds the shared row.
            app: Digest of HubSpot's address and the app's token.
            calls_per_window: Calls a window, instead of what HubSpot says (HUBSPOT_RATE_LIMIT).
            spacing_seconds: Least seconds between two calls (HUBSPOT_BATCH_DELAY).
            daily_reserve: Calls of the day that are left to others (HUBSPOT_DAILY_RESERVE).
            patience_seconds: Longest pause that HubSpot may ask for (HUBSPOT_WAIT).
        """
        self._engine = engine
        self._app = app
        self._calls_per_window = calls_per_window
        self._spacing = spacing_seconds
        self._daily_reserve = daily_reserve
        self._longest_pause = patience_seconds
        self._turn = threading.Lock()
        self._news = threading.Lock()
        self._corrections: list[tuple[float, float]] = []
        self._trips: deque[Trip] = deque(maxlen=_ANSWERS_REMEMBERED)
        self._answers: list[float] = []
        self._refused = 0
        self._daily: tuple[float, int] | None = None
        self._daily_remaining: int | None = None
        self._stated = Limit()
        self._pause = _Pause()

    @property
    def limit(self) -> Limit:
        """The limit in force: HUBSPOT_RATE_LIMIT, else what HubSpot says, else what its smallest account allows."""
        return replace(self._stated, calls=self._calls_per_window or self._stated.calls, spacing=self._spacing)

    @property
    def daily_remaining(self) -> int | None:
        """Calls that the day has left, by HubSpot's newest answer; None where it does not say."""
        return self._daily_remaining

    @property
    def paused_seconds(self) -> float:
        """Seconds that calls had to stand still because HubSpot refused one (429)."""
        return self._pause.total

    def acquire(
        self,
        stop: threading.Event,
        *,
        counts_daily: bool = True,
        on_pause: Callable[[float], None] = lambda _: None,
    ) -> Permit:
        """Wait until one call may go.

        Args:
            stop: Ends the wait when set.
            counts_daily: Whether the call is refused when only the daily reserve is left. The call that asks how
                much is left must not be.
            on_pause: Called before a wait for a pause, which another process may have been asked for, with its seconds.

        Raises:
            PipelineError: INTERRUPTED when `stop` was set; HUBSPOT_DAILY_LIMIT when only HUBSPOT_DAILY_RESERVE
                calls are left today; any DB_* code.
        """
        with self._turn:
            while True:
                if stop.is_set():
                    raise PipelineError(ErrorCode.INTERRUPTED, "The run was asked to stop.")
                pauses = self._pause.count
                permit = self._reserve(stop, counts_daily=counts_daily)
                if permit.paused > 0:
                    on_pause(permit.paused)
                stop.wait(max(0.0, permit.clock.after + permit.slot - permit.clock.now - time.monotonic()))
                if self._pause.count == pauses and not stop.is_set():
                    return permit

    def arrived(
        self,
        permit: Permit,
        *,
        sent_at: float,
        answered_at: float,
        started_at: float | None = None,
        refused: bool = False,
    ) -> None:
        """Record when a call's last byte left and when its answer came, by `time.monotonic()`.

        On a busy machine both can be later than the slot promised. The call's place in the log is then corrected,
        so that the call that takes its place in the next window waits as much longer.

        Args:
            permit: The call's.
            sent_at: When its last byte left.
            answered_at: When its answer came.
            started_at: When HubSpot began to work on it, in seconds of HubSpot's clock; None where it does not say.
            refused: Whether HubSpot refused it for its rate (429).
        """
        with self._news:
            self._answers.append(answered_at - sent_at)
            self._refused += refused
            trip = Trip(answered_at - sent_at, None if started_at is None else started_at - sent_at)
            self._trips.append(trip)
            moment = permit.clock.now + sent_at - permit.clock.before + detour(trip, self._trips)
            if moment - permit.slot > _WORTH_CORRECTING_SECONDS:
                self._corrections.append((permit.slot, moment))

    def note_limits(
        self, permit: Permit, *, calls: int | None, window_seconds: float | None, daily_remaining: int | None
    ) -> None:
        """Pass on what an answer's rate limit headers said; None for those it lacked. Never raises."""
        if daily_remaining is not None:
            with self._news:
                if self._daily is None or permit.slot > self._daily[0]:
                    self._daily = (permit.slot, daily_remaining)
                    self._daily_remaining = daily_remaining
        known = self._stated
        stated = Limit(calls or known.calls, window_seconds or known.window)
        if stated != known and is_believable(stated):
            # The answer that said so counts for more than what it said: the next one says it again.
            with suppress(PipelineError):
                with locked_pacing_row(self._engine, self._app) as (row, _):
                    row.calls_per_window, row.window_seconds = stated.calls, stated.window
                self._stated = stated

    def pause(self, seconds: float | None) -> None:
        """Hold up every call of the app after a 429.

        Args:
            seconds: What HubSpot asked for; None for the window, after which it is free for certain.

        Raises:
            PipelineError: Any DB_* code, after some tries where a retry can help.
        """
        length = min(self._longest_pause, self.limit.window if seconds is None else seconds)
        self._pause.extend(length)

        def hold(row: PacingRow, clock: ClockReading) -> None:
            row.paused_until = max(row.paused_until, clock.now + length)

        self._with_row(hold)

    def belongs_to(self, portal_id: int) -> None:
        """Record which portal the app belongs to.

        Raises:
            PipelineError: Any DB_* code, after some tries where a retry can help.
        """

        def assign(row: PacingRow, _: ClockReading) -> None:
            row.portal_id = portal_id

        self._with_row(assign)

    def close(self) -> None:
        """Leave behind what the next caller has to know about the last calls, where the database takes it."""
        if self._corrections or self._daily or self._answers:
            with suppress(PipelineError):
                self._with_news(lambda row, clock, limit: None, retried_transaction)  # noqa: ARG005 - the news alone

    def _reserve(self, stop: threading.Event, *, counts_daily: bool) -> Permit:
        def take(row: PacingRow, clock: ClockReading, limit: Limit) -> Permit:
            left = calls_left_today(row.daily_remaining, as_of=row.daily_as_of, calls=row.calls, now=clock.now)
            if counts_daily and left is not None and left <= self._daily_reserve:
                raise PipelineError(
                    ErrorCode.HUBSPOT_DAILY_LIMIT,
                    f"{max(left, 0)} of today's HubSpot calls are left, and HUBSPOT_DAILY_RESERVE keeps "
                    f"{self._daily_reserve} for other apps.",
                )
            slot = next_slot(row.calls, now=clock.now, paused_until=row.paused_until, limit=limit)
            row.calls.append(slot)
            return Permit(slot, clock, max(0.0, row.paused_until - clock.now))

        # No call has been made yet, so that nothing is lost where the database is waited for no longer.
        return self._with_news(take, lambda transaction: through_a_restart(transaction, stop))

    def _with_news(
        self,
        work: Callable[[PacingRow, ClockReading, Limit], Result],
        tried: Callable[[Callable[[], Result]], Result] = through_a_restart,
    ) -> Result:
        """Work on the row once it is up to date with what this process has learnt since its last look."""
        with self._news:
            corrections, daily = dict(self._corrections), self._daily
            answers, refused = list(self._answers), self._refused

        def informed(row: PacingRow, clock: ClockReading) -> Result:
            stored = Limit(row.calls_per_window, row.window_seconds)
            self._stated = stored if is_believable(stored) else Limit()
            limit = self.limit
            calls = [corrections.get(call, call) for call in row.calls]
            back = clock_set_back_by(calls, now=clock.now, paused_until=row.paused_until, limit=limit)
            if back:
                calls = [call - back for call in calls]
                row.paused_until -= back
                row.daily_as_of -= back
            row.paused_until = min(row.paused_until, clock.now + self._longest_pause)
            row.calls = still_counted(calls, now=clock.now, limit=limit)
            if daily is not None and daily[0] > row.daily_as_of:
                row.daily_as_of, row.daily_remaining = daily
            row.answer_times = row.answer_times.plus(answers)
            row.calls_refused += refused
            return work(row, clock, limit)

        result = self._with_row(informed, tried)
        # Forgotten only now: a transaction that failed has passed nothing on.
        with self._news:
            self._corrections = [known for known in self._corrections if known[0] not in corrections]
            self._daily = None if self._daily == daily else self._daily
            del self._answers[: len(answers)]
            self._refused -= refused
        return result

    def _with_row(
        self,
        work: Callable[[PacingRow, ClockReading], Result],
        tried: Callable[[Callable[[], Result]], Result] = through_a_restart,
    ) -> Result:
        """Work on the locked row, and again after a deadlock or a lost connection."""

        def transaction() -> Result:
            with locked_pacing_row(self._engine, self._app) as row_and_clock:
                return work(*row_and_clock)

        return tried(transaction)


class _Pause:
    """The pauses that this process has seen: how many, and how long in all, overlaps counted once."""

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self._until = 0.0
        self._lock = threading.Lock()

    def extend(self, seconds: float) -> None:
        with self._lock:
            now = time.monotonic()
            self.count += 1
            self.total += max(0.0, now + seconds - max(now, self._until))
            self._until = max(self._until, now + seconds)
