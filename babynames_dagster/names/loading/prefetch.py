"""Preparing the next item while the last one is being used.

What belongs here: the thread and the queue between the two. What does not: what the items are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Queue
from threading import Event, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _Item(Generic[T]):
    value: T


@dataclass(frozen=True)
class _End:
    error: BaseException | None


@contextmanager
def prefetched(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """Take items one ahead, in a thread of its own.

    An error of the producer is raised where the consumer asks for the next item. Leaving the block, for whatever
    reason, stops the producer after the item that it is at, and waits for that.
    """
    queue: Queue[_Item[T] | _End] = Queue(maxsize=1)
    stopped = Event()
    thread = Thread(target=_produce, args=(items, queue, stopped), name="prefetch", daemon=True)
    thread.start()
    try:
        yield _consume(queue)
    finally:
        # The producer looks at `stopped` before each put, so at most one put is still to come. An emptied queue has
        # room for it: neither side can wait for the other.
        stopped.set()
        while not queue.empty():
            queue.get_nowait()
        thread.join()


def _produce(items: Iterator[T], queue: "Queue[_Item[T] | _End]", stopped: Event) -> None:
    error = None
    try:
        for item in items:
            if stopped.is_set():
                return
            queue.put(_Item(item))
    except BaseException as caught:  # noqa: BLE001 - handed over to the consumer, whatever it is
        error = caught
    if not stopped.is_set():
        queue.put(_End(error))


def _consume(queue: "Queue[_Item[T] | _End]") -> Iterator[T]:
    while True:
        item = queue.get()
        if isinstance(item, _Item):
            yield item.value
        elif item.error is not None:
            raise item.error
        else:
            return
