"""The pump hands over everything that arrived, however the run ends."""

import threading

import pytest

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.batches.pump import Channel, Pump


def echo(batch: int, channel: Channel[int]) -> None:
    channel.departed()
    channel.deliver(batch)


def test_what_arrives_while_the_run_is_interrupted_is_handed_over_again() -> None:
    received: list[int] = []
    tries: list[int] = []

    def receive(result: int) -> None:
        tries.append(result)
        if len(tries) == 1:
            raise KeyboardInterrupt
        received.append(result)

    pump = Pump(echo, receive, max_in_flight=4, stop=threading.Event())
    with pytest.raises(KeyboardInterrupt):
        pump.run(iter(range(4)))
    assert tries[0] == tries[1]
    assert sorted(received) == sorted(set(tries))


def test_what_can_not_be_handed_over_ends_the_run_once() -> None:
    tries: list[int] = []

    def receive(result: int) -> None:
        tries.append(result)
        raise PipelineError(ErrorCode.DB_ERROR, "no")

    pump = Pump(echo, receive, max_in_flight=1, stop=threading.Event())
    with pytest.raises(PipelineError):
        pump.run(iter(range(1)))
    assert tries == [0]
