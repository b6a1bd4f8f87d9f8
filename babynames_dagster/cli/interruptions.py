"""Ctrl-C at the moments at which Python would lose it, or show a traceback.

What belongs here: while the command's modules are imported, and inside of a finaliser. What does not: how a command
ends (`main.py`).
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_AGAIN_AFTER_SECONDS = 0.05
_SIGNAL_OF = {
    "KeyboardInterrupt": signal.SIGINT,
    "DagsterExecutionInterruptedError": signal.SIGINT,
    "SystemExit": signal.SIGTERM,
}


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Let Ctrl-C end this process silently, while nothing has begun, unless something else handles the signal."""
    is_pythons = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not is_pythons or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def send_again(unraisable: "sys.UnraisableHookArgs") -> None:
    """Send this process a signal again whose exception a finaliser has swallowed; `sys.unraisablehook`.

    A signal that arrives during garbage collection is handled in the first finaliser or callback of a weak reference,
    which no exception leaves: the command would take no notice of it.

    Args:
        unraisable: What was swallowed.
    """
    number = _SIGNAL_OF.get(unraisable.exc_type.__name__)
    if number is None:
        sys.__unraisablehook__(unraisable)
        return
    again = threading.Timer(_AGAIN_AFTER_SECONDS, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()
