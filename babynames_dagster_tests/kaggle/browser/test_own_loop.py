"""Work in a thread of its own can be waited for, for a while, and cancelled for certain."""

import asyncio
import threading

import pytest

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.browser.own_loop import run_in_own_loop, within


def test_a_result_in_time_is_returned() -> None:
    async def ready() -> str:
        return "here"

    assert run_in_own_loop(lambda: within(60, ready())) == "here"


def test_work_that_takes_too_long_is_cancelled() -> None:
    cancelled = threading.Event()

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(asyncio.TimeoutError):
        run_in_own_loop(lambda: within(0.01, never()))
    assert cancelled.is_set()


def test_a_cancellation_that_meets_the_result_is_not_swallowed() -> None:
    async def race() -> str:
        async def answer() -> str:
            waiting.cancel()
            return "here"

        waiting = asyncio.ensure_future(within(60, answer()))
        return await waiting

    with pytest.raises(asyncio.CancelledError):
        run_in_own_loop(race)


def test_an_error_leaves_the_loop_without_what_led_to_it() -> None:
    async def fail() -> None:
        try:
            int("what was typed")
        except ValueError as error:
            raise PipelineError(ErrorCode.BROWSER_FAILED, "The browser failed.") from error

    with pytest.raises(PipelineError) as caught:
        run_in_own_loop(fail)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
