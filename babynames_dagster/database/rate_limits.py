"""The pacing state that every thread, process and host of one HubSpot app shares: one row an app.

What belongs here: reading and writing that row under its lock, by the database's clock. What does not: when a
call may go, which `hubspot/pace/pacing.py` decides.
"""

import struct
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from babynames_dagster.database.connection.engine import reading, writing
from babynames_dagster.database.portable import insert_if_missing, server_clock
from babynames_dagster.database.tables import rate_limits

ANSWER_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0)
"""The upper bounds of the histogram's buckets; one more bucket has none."""
_HISTOGRAM = struct.Struct(f"<{len(ANSWER_SECONDS) + 1}Qd")


@dataclass(frozen=True)
class AnswerTimes:
    """How long answers took.

    Attributes:
        counts: Answers by bucket of `ANSWER_SECONDS`, not cumulated.
        total: Seconds of them all.
    """

    counts: tuple[int, ...] = (0,) * (len(ANSWER_SECONDS) + 1)
    total: float = 0.0

    def plus(self, seconds: Sequence[float]) -> "AnswerTimes":
        """Return the histogram with some more answers in it."""
        counts = list(self.counts)
        for one in seconds:
            counts[bisect_left(ANSWER_SECONDS, one)] += 1
        return AnswerTimes(tuple(counts), self.total + sum(seconds))

    @classmethod
    def unpacked(cls, packed: bytes | None) -> "AnswerTimes":
        """Return what the column holds; an empty histogram where it has other buckets or is null."""
        if packed is None or len(packed) != _HISTOGRAM.size:
            return cls()
        *counts, total = _HISTOGRAM.unpack(packed)
        return cls(tuple(counts), total)

    def packed(self) -> bytes:
        """Return what the column is to hold."""
        return _HISTOGRAM.pack(*self.counts, self.total)


@dataclass
class PacingRow:
    """One app's pacing state; times are seconds since 1970 by the database's clock.

    Attributes:
        calls: Times of the last window's calls, ascending, reserved ones included.
        calls_per_window: The limit that HubSpot said last.
        window_seconds: The window that HubSpot said last.
        paused_until: No call goes before this moment.
        daily_remaining: What is left of the day's calls, as HubSpot said last; None where it does not say.
        daily_as_of: The time of the call whose answer said it.
        portal_id: The account that the app belongs to, once HubSpot has said it.
        calls_refused: Calls that HubSpot refused for their rate (429), ever.
        answer_times: How long the answers to all calls took, ever.
    """

    calls: list[float]
    calls_per_window: int
    window_seconds: float
    paused_until: float
    daily_remaining: int | None
    daily_as_of: float
    portal_id: int | None
    calls_refused: int = 0
    answer_times: AnswerTimes = AnswerTimes()


@dataclass(frozen=True)
class ClockReading:
    """The database's clock, read at some moment between two of this process's monotonic clock.

    Attributes:
        now: Seconds since 1970 by the database's clock.
        before: `time.monotonic()` before it was asked.
        after: `time.monotonic()` after it had answered.
    """

    now: float
    before: float
    after: float


@contextmanager
def locked_pacing_row(engine: Engine, app: str) -> Iterator[tuple[PacingRow, ClockReading]]:
    """Hold an app's row for one short transaction; what the block changes in it is written at its end.

    Args:
        engine: The database.
        app: Digest of HubSpot's address and the app's token.

    Raises:
        PipelineError: Any DB_* code of the server.
    """
    with writing(engine) as connection:
        found = _select(connection, app)
        if found is None:
            connection.execute(_insert_if_missing(connection, app))
            found = _select(connection, app)
            assert found is not None  # noqa: S101 - the statement before made it
        row = replace(found, calls=list(found.calls))
        # The clock is asked once the lock is held: before it, the answer could be as old as the wait.
        yield row, _read_clock(connection)
        if row != found:
            connection.execute(
                sa.update(rate_limits)
                .where(rate_limits.c.app == app)
                .values(
                    calls=struct.pack(f"<{len(row.calls)}d", *row.calls),
                    calls_per_window=row.calls_per_window,
                    window_seconds=row.window_seconds,
                    paused_until=row.paused_until,
                    daily_remaining=row.daily_remaining,
                    daily_as_of=row.daily_as_of,
                    portal_id=row.portal_id,
                    calls_refused=row.calls_refused,
                    call_seconds=row.answer_times.packed(),
                )
            )


def pacing_rows(engine: Engine) -> tuple[dict[str, PacingRow], float]:
    """Read every app's pacing state without locking it.

    Returns:
        The rows by app, and the database's clock in seconds since 1970.

    Raises:
        PipelineError: Any DB_* code of the server.
    """
    with reading(engine) as connection:
        rows = {row.app: _pacing_row(row) for row in connection.execute(sa.select(rate_limits))}
        return rows, _read_clock(connection).now


def _select(connection: Connection, app: str) -> PacingRow | None:
    statement = sa.select(rate_limits).where(rate_limits.c.app == app).with_for_update()
    found = connection.execute(statement).one_or_none()
    return None if found is None else _pacing_row(found)


def _pacing_row(found: sa.Row[Any]) -> PacingRow:
    packed = bytes(found.calls)
    return PacingRow(
        calls=list(struct.unpack(f"<{len(packed) // 8}d", packed)),
        calls_per_window=found.calls_per_window,
        window_seconds=found.window_seconds,
        paused_until=found.paused_until,
        daily_remaining=found.daily_remaining,
        daily_as_of=found.daily_as_of,
        portal_id=found.portal_id,
        calls_refused=found.calls_refused,
        answer_times=AnswerTimes.unpacked(found.call_seconds),
    )


def _insert_if_missing(connection: Connection, app: str) -> sa.Insert:
    """Return an insert of the strictest known limit (Free and Starter accounts), until HubSpot says its own."""
    values = {
        "app": app,
        "calls": b"",
        "calls_per_window": 100,
        "window_seconds": 10.0,
        "paused_until": 0.0,
        "daily_as_of": 0.0,
    }
    return insert_if_missing(connection, rate_limits).values(values)


def _read_clock(connection: Connection) -> ClockReading:
    query = server_clock(connection)
    before = time.monotonic()
    now = float(connection.exec_driver_sql(query).scalar_one())
    return ClockReading(now, before, time.monotonic())
