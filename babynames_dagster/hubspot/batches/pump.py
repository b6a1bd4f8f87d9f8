"""Keeping many requests under way at once, with one thread that receives what they bring.

What belongs here: how many, and in which order things are handed over. What does not: what is sent, and what an
answer means.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from babynames_dagster.errors import ErrorCode, PipelineError

Batch = TypeVar("Batch")
Result = TypeVar("Result")

_AHEAD = 8
"""Batches that may wait for their slot, so that a slow write to the ledger does not leave one unused. Whatever is
under way beyond these is on the wire: the number of threads follows rate times latency by itself."""

_LOOK_UP_SECONDS = 0.2
"""How often the receiving thread looks whether it was asked to stop, while nothing arrives."""


class Channel(Generic[Result]):
    """The way from the work on one batch back to the pump; used by the thread that works on it."""

    def __init__(self, stop: threading.Event, deliver: Callable[[Result], None], departed: Callable[[], None]) -> None:
        """Hand over the ends of the pump that a worker may touch.

        Args:
            stop: Set when nothing more may be sent.
            deliver: Takes what arrived, any number of times.
            departed: Takes the news that the batch no longer waits for its slot; only its first call counts.
        """
        self.stop = stop
        self.deliver = deliver
        self.departed = departed


@dataclass(frozen=True)
class _Departed:
    pass


@dataclass(frozen=True)
class _Delivered(Generic[Result]):
    result: Result


@dataclass(frozen=True)
class _Finished:
    pass


class Pump(Generic[Batch, Result]):
    """Runs batches through worker threads; everything else happens in the thread that calls `run`."""

    def __init__(
        self,
        work: Callable[[Batch, Channel[Result]], None],
        receive: Callable[[Result], None],
        *,
        max_in_flight: int,
        stop: threading.Event,
    ) -> None:
        """Build the pump.

        Args:
            work: Sends one batch; called in a worker thread.
            receive: Takes one result; called in the thread of `run`.
            max_in_flight: Most batches under way at once.
            stop: Ends the run early when set from outside.
        """
        self._work = work
        self._receive = receive
        self._max_in_flight = max_in_flight
        self._asked_to_stop = stop
        self._halt = threading.Event()
        self._events: queue.SimpleQueue[_Departed | _Delivered[Result] | _Finished] = queue.SimpleQueue()
        self._in_hand: _Departed | _Delivered[Result] | _Finished | None = None
        self._under_way = 0
        self._waiting = 0
        self._error: BaseException | None = None
        self._erring = threading.Lock()

    def run(self, batches: Iterator[Batch]) -> PipelineError | None:
        """Send every batch, unless an error or the stop event ends it early.

        What was under way when it ended is waited for and received.

        Returns:
            What ended it early; None where every batch was worked on.

        Raises:
            Exception: What is no PipelineError.
        """
        with ThreadPoolExecutor(self._max_in_flight, thread_name_prefix="hubspot") as pool:
            try:
                self._run(batches, pool)
            finally:
                self._halt.set()
                while self._under_way:
                    self._handle_next()
        if self._error is not None and not isinstance(self._error, PipelineError):
            raise self._error
        return self._error

    def _run(self, batches: Iterator[Batch], pool: ThreadPoolExecutor) -> None:
        more = True
        while more or self._under_way:
            if self._asked_to_stop.is_set():
                self._end_early(PipelineError(ErrorCode.INTERRUPTED, "The run was asked to stop."))
            if self._halt.is_set():
                return
            if more and self._waiting < _AHEAD and self._under_way < self._max_in_flight:
                batch = next(batches, None)
                more = batch is not None
                if batch is not None:
                    self._under_way += 1
                    self._waiting += 1
                    pool.submit(self._work_on, batch)
                continue
            try:
                self._handle_next(timeout=_LOOK_UP_SECONDS)
            except queue.Empty:
                continue

    def _handle_next(self, timeout: float | None = None) -> None:
        """Handle one event. Where Ctrl-C or Dagster breaks in, it stays in hand, and is handled again at the end."""
        if self._in_hand is None:
            self._in_hand = self._events.get(timeout=timeout)
        try:
            self._handle(self._in_hand)
        except Exception:
            self._in_hand = None
            raise
        self._in_hand = None

    def _handle(self, event: "_Departed | _Delivered[Result] | _Finished") -> None:
        if isinstance(event, _Delivered):
            self._receive(event.result)
        elif isinstance(event, _Departed):
            self._waiting -= 1
        else:
            self._under_way -= 1

    def _end_early(self, error: BaseException) -> None:
        """Let nothing more be sent. The first error counts: later ones are only the others being stopped."""
        with self._erring:
            self._error = self._error or error
            self._halt.set()

    def _work_on(self, batch: Batch) -> None:
        """Work on one batch, and say that it left the queue and that it is finished, each exactly once."""
        left = False

        def departed() -> None:
            nonlocal left
            if not left:
                left = True
                self._events.put(_Departed())

        try:
            self._work(batch, Channel(self._halt, lambda result: self._events.put(_Delivered(result)), departed))
        except BaseException as error:  # noqa: BLE001 - carried over to the thread of `run`, which raises it
            self._end_early(error)
        departed()
        self._events.put(_Finished())
