"""Saying that calls wait because HubSpot asks for it: once for all that were refused together."""

import threading
import time
from collections.abc import Callable

from babynames_dagster.hubspot.api.answers import Answer, moment_in, retry_after
from babynames_dagster.hubspot.pace.pacing import is_worth_saying


class WaitReports:
    """Says that calls wait, each time that a wait has doubled. Safe to share between threads."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Begin with nothing said; `say` is called at each pause of more than some seconds."""
        self._say = say
        self._said_until = 0.0
        self._one_at_a_time = threading.Lock()

    def asked(self, answer: Answer, pause: float, waited: float = 0.0) -> None:
        """Say that calls wait for what HubSpot answered.

        Args:
            answer: What it answered.
            pause: Seconds to wait from this moment.
            waited: Seconds that the same call has waited before.
        """
        asks = "asks to wait" if retry_after(answer) is not None else "makes us wait"
        before = f", after {waited:,.0f} s" if waited else ""
        self._report(pause, f"HubSpot {asks} {pause:,.0f} s ({answer.status or 'no answer'}){before}", waited)

    def another_was_asked(self, pause: float) -> None:
        """Say that calls wait for what HubSpot asked another process of the app."""
        self._report(pause, f"HubSpot has asked another run to wait: this one waits {pause:,.0f} s, too")

    def _report(self, pause: float, what: str, waited: float = 0.0) -> None:
        until = time.monotonic() + pause
        with self._one_at_a_time:
            news = is_worth_saying(pause, waited=waited, until=until, said_until=self._said_until)
            # A pause that lasts is reported again once it has doubled.
            self._said_until = max(self._said_until, until + (waited if news else 0.0))
        if news:
            self._say(f"{what}, until {moment_in(pause)}.")
