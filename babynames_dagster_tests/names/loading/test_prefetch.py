"""Prefetching in a thread: whole, in order, and without a hang."""

import threading
from collections.abc import Iterator

import pytest

from babynames_dagster.names.loading.prefetch import prefetched


def test_a_prefetched_stream_arrives_whole_and_in_order() -> None:
    with prefetched(iter(range(100))) as items:
        assert list(items) == list(range(100))


def test_an_error_of_the_producer_reaches_the_consumer() -> None:
    def produce() -> Iterator[int]:
        yield 1
        raise OSError

    with prefetched(produce()) as items:
        assert next(items) == 1
        with pytest.raises(OSError):  # noqa: PT011 - it has nothing to say
            next(items)


@pytest.mark.parametrize("taken", [0, 1, 5])
def test_a_consumer_that_fails_does_not_hang_and_stops_the_producer(taken: int) -> None:
    produced = []

    def produce() -> Iterator[int]:
        for number in range(1000):
            produced.append(number)
            yield number

    def consume() -> None:
        with prefetched(produce()) as items:
            for _ in range(taken):
                next(items)
            raise OSError

    before = threading.active_count()
    with pytest.raises(OSError):  # noqa: PT011 - it has nothing to say
        consume()
    assert threading.active_count() == before
    assert len(produced) <= taken + 3
