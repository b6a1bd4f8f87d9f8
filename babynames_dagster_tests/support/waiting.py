"""Waiting for what another thread, process or server does: asked often, and never longer than a bound."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def wait_until(ask: Callable[[], Answer | None], *, seconds: float, what: str, every: float = 0.1) -> Answer:
    """Ask again and again until the answer is true, and return it.

    Args:
        ask: The question; quick, and harmless to repeat.
        seconds: How long to keep asking.
        what: What is waited for, to follow "without".
        every: Seconds between two questions.

    Raises:
        TimeoutError: The time is over.
    """
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            message = f"waited {seconds:.0f} s without {what}"
            raise TimeoutError(message)
        time.sleep(every)
    return answer
