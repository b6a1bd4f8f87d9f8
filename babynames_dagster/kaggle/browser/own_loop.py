"""Running a coroutine in a thread of its own, from wherever the caller is, so that it can be cancelled for certain.

Dagster runs a step in the main thread or in another one, with or without an event loop under way; a browser's
driver needs a loop that nothing else stops.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from babynames_dagster.errors import PipelineError

Result = TypeVar("Result")


async def within(seconds: float, work: Coroutine[Any, Any, Result]) -> Result:
    """Wait for a coroutine, for a while.

    Before Python 3.12, `asyncio.wait_for` swallows a cancellation that meets the result (gh-86296): a download that
    was stopped would keep running.

    Args:
        seconds: How long.
        work: The coroutine; cancelled when it takes longer, or when the wait is cancelled.

    Raises:
        asyncio.TimeoutError: It took longer.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            raise asyncio.TimeoutError
        return task.result()
    finally:
        task.cancel()


def run_in_own_loop(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run a coroutine to its end in a new thread, and wait for it.

    When the wait is broken (Ctrl-C, Dagster cancelling the run), the coroutine is cancelled and given the time to
    clean up before the interruption is raised.

    Args:
        work: Makes the coroutine.

    Returns:
        What the coroutine returns; what it raises is raised here, a PipelineError without what led to it.
    """
    started: Future[Callable[[], object]] = Future()
    outcome: Future[Result] = Future()

    async def main() -> Result:
        loop = asyncio.get_running_loop()
        # Playwright never collects the answers of waits that were abandoned; asyncio would print them, with
        # whatever they quote.
        loop.set_exception_handler(lambda _loop, _context: None)
        task = asyncio.ensure_future(work())
        started.set_result(lambda: loop.call_soon_threadsafe(task.cancel))
        return await task

    def run() -> None:
        try:
            outcome.set_result(asyncio.run(main()))
        except PipelineError as error:
            error.__cause__ = error.__context__ = None  # Playwright's errors quote what was typed
            outcome.set_exception(error)
        except BaseException as error:  # noqa: BLE001 - it is raised again, in the thread that waits
            outcome.set_exception(error)

    thread = threading.Thread(target=run, name="browser", daemon=True)
    thread.start()
    try:
        return outcome.result()
    except BaseException:
        if not outcome.done():
            started.result()()
        raise
    finally:
        thread.join()
