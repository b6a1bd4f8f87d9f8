"""Saying that a database has not answered for a while.

What belongs here: noticing statements that take long. What does not: how long they may take (`reach.py`).
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SAID_AFTER = 5.0
"""Seconds after which a wait is said, and between two times."""

_SHOWN = 60
_log = logging.getLogger(__name__)


class _Watch:
    """Statements under way in this process; one daemon thread looks at them all while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys = itertools.count()
        self._waits: dict[int, tuple[float, Callable[[float], str]]] = {}
        self._is_looking = False

    def begin(self, describe: Callable[[float], str]) -> int:
        with self._lock:
            key = next(self._keys)
            self._waits[key] = time.monotonic(), describe
            if not self._is_looking:
                self._is_looking = True
                threading.Thread(target=self._look, name="database-watch", daemon=True).start()
        return key

    def end(self, key: int) -> None:
        with self._lock:
            self._waits.pop(key, None)

    def _look(self) -> None:
        said: dict[int, float] = {}
        while True:
            time.sleep(1)
            now = time.monotonic()
            with self._lock:
                if not self._waits:
                    self._is_looking = False
                    return
                waits = dict(self._waits)
            for key, (since, describe) in waits.items():
                if now - max(since, said.get(key, since)) >= SAID_AFTER:
                    said[key] = now
                    _log.warning("%s", describe(now - since))


_watch = _Watch()


def bound_of_locks(seconds: int) -> str:
    """Say how long locks are waited for."""
    return f"locks are waited for {seconds} s at most"


@contextmanager
def waiting(where: str, statement: str, bound: str) -> Iterator[None]:
    """Say so, as a warning, while the block lasts for longer than `SAID_AFTER`.

    Args:
        where: The database, for people.
        statement: What it was asked.
        bound: How long that may take, for people.
    """

    def describe(seconds: float) -> str:
        short = " ".join(statement[: 2 * _SHOWN].split())[:_SHOWN]
        return f"{where} has not answered for {seconds:.0f} s ({short} ...); {bound}."

    key = _watch.begin(describe)
    try:
        yield
    finally:
        _watch.end(key)
