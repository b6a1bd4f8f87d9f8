"""The client of one HubSpot app: paced, retried, and knowing its portal.

What belongs here: a call's way through limiter, wire and retries. What does not: what the calls are for.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any

from typing_extensions import Self

from babynames_dagster.common.retry import backoff_seconds
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.answers import Answer, least_wait, retry_after, started_at, whole_number
from babynames_dagster.hubspot.api.endpoints import ACCOUNT, Endpoint
from babynames_dagster.hubspot.api.failures import (
    MOST_FAILED_ALIKE,
    always_unsuccessful,
    next_midnight,
    out_of_patience,
    unsuccessful,
)
from babynames_dagster.hubspot.api.portal import Portal, portal_of
from babynames_dagster.hubspot.api.transport import Transport
from babynames_dagster.hubspot.api.verdicts import Verdict, stop_error, verdict
from babynames_dagster.hubspot.api.waits import WaitReports
from babynames_dagster.hubspot.pace.limiter import RateLimiter

_log = logging.getLogger(__name__)

_LONGEST_BACKOFF_SECONDS = 60.0


@dataclass(frozen=True)
class Traffic:
    """What a client has done so far.

    Attributes:
        requests: Calls that were sent.
        rate_limited: Calls that HubSpot refused for their rate (429).
        paused_seconds: Seconds that everything stood still for it.
    """

    requests: int
    rate_limited: int
    paused_seconds: float


def _nothing() -> None:
    """Do nothing: the default listener."""


class HubSpotClient:
    """Makes calls to one app's portal; a context manager, safe to share between threads."""

    def __init__(  # noqa: PLR0913 - what a client is made of, all by keyword
        self,
        transport: Transport,
        limiter: RateLimiter,
        *,
        api_version: str,
        max_retries: int,
        retry_delay_seconds: float,
        patience_seconds: float,
        say: Callable[[str], None] = _log.warning,
    ) -> None:
        """Build the client; `opening.py` does, from settings.

        Args:
            transport: The wire.
            limiter: The app's limiter.
            api_version: The version of HubSpot's API, as paths name it.
            max_retries: Tries after the first, for what can pass.
            retry_delay_seconds: Seconds before the first retry; doubled each time.
            patience_seconds: Longest that one call waits where HubSpot asks for it, for its rate or else.
            say: Called at each pause of more than some seconds.
        """
        self._transport = transport
        self.limiter = limiter
        self._api_version = api_version
        self._max_retries = max_retries
        self._retry_delay = retry_delay_seconds
        self._patience = patience_seconds
        self._waits = WaitReports(say)
        self._portal: Portal | None = None
        self._counted = threading.Lock()
        self._requests = 0
        self._rate_limited = 0
        self._failing: dict[Endpoint, tuple[int, int]] = {}

    @property
    def portal(self) -> Portal:
        """The app's portal; asked for at first use.

        Raises:
            PipelineError: As `find_portal`.
        """
        return self._portal or self.find_portal()

    @property
    def portal_id(self) -> int:
        """The portal's number."""
        return self.portal.portal_id

    @property
    def traffic(self) -> Traffic:
        """What this client has done so far."""
        with self._counted:
            return Traffic(self._requests, self._rate_limited, self.limiter.paused_seconds)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections, and leave the last calls' true times to the next caller."""
        self._transport.close()
        self.limiter.close()

    def find_portal(self) -> Portal:
        """Ask which portal the app belongs to.

        Raises:
            PipelineError: HUBSPOT_AUTH_ERROR, HUBSPOT_MISSING_SCOPES, HUBSPOT_DAILY_LIMIT, HUBSPOT_MIGRATING,
                HUBSPOT_UNREACHABLE, HUBSPOT_ERROR; any DB_* code.
        """
        self._portal = portal_of(self.expect(ACCOUNT), is_local=self._transport.is_local)
        self.limiter.belongs_to(self._portal.portal_id)
        return self._portal

    def expect(self, endpoint: Endpoint, *, stop: threading.Event | None = None) -> Answer:
        """Make a call without a body that has to succeed.

        Raises:
            PipelineError: As `request`; HUBSPOT_UNREACHABLE or HUBSPOT_ERROR where it did not succeed.
        """
        answer = self.request(endpoint, stop=stop)
        if verdict(answer, has_body=endpoint.has_body) is Verdict.DONE:
            return answer
        raise unsuccessful(answer, endpoint)

    def request(
        self,
        endpoint: Endpoint,
        *,
        body: Mapping[str, Any] | None = None,
        stop: threading.Event | None = None,
        on_departure: Callable[[], None] = _nothing,
    ) -> Answer:
        """Make a call: wait for its slot, send it, and again where that can help.

        Args:
            endpoint: Which call.
            body: What to send as JSON.
            stop: Ends waiting when set.
            on_departure: Called each time that the call has got its slot, just before it is sent.

        Returns:
            The last answer; its verdict is DONE, SPLIT, GIVE_UP, or RETRY where the tries are used up.

        Raises:
            PipelineError: HUBSPOT_AUTH_ERROR, HUBSPOT_MISSING_SCOPES, HUBSPOT_DAILY_LIMIT, HUBSPOT_MIGRATING;
                HUBSPOT_RATE_LIMITED where it would have to wait for too long; HUBSPOT_UNREACHABLE, HUBSPOT_NOT_ALLOWED,
                HUBSPOT_NOT_FOUND or HUBSPOT_ERROR where calls of this kind always fail; INTERRUPTED when `stop` was
                set; any DB_* code.
        """
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        stop = stop or threading.Event()
        tries, waited = 0, 0.0
        while True:
            answer = self._call(endpoint, data, stop, on_departure)
            decision = verdict(answer, has_body=endpoint.has_body)
            if decision is Verdict.STOP:
                raise self._with_return_time(stop_error(answer) or unsuccessful(answer, endpoint))
            if decision is Verdict.WAIT:
                with self._counted:
                    self._rate_limited += 1
                waited += self._hold_up(answer, waited)
                continue
            tries += 1
            if decision is not Verdict.RETRY or tries > self._max_retries:
                self._stop_if_always_failing(endpoint, answer, decision)
                return answer
            if least_wait(answer) > _LONGEST_BACKOFF_SECONDS:
                waited += self._hold_up(answer, waited)
                continue
            pause = max(least_wait(answer), backoff_seconds(tries, base=self._retry_delay))
            self._waits.asked(answer, pause)
            stop.wait(pause)

    def wait_a_moment(self, stop: threading.Event) -> None:
        """Wait as long as before a first retry, for what HubSpot shows a moment after it has accepted it."""
        stop.wait(backoff_seconds(1, base=self._retry_delay))

    def _stop_if_always_failing(self, endpoint: Endpoint, answer: Answer, decision: Verdict) -> None:
        """Stop where one kind of call fails again and again, with nothing that got through in between.

        Raises:
            PipelineError: What the last one failed with.
        """
        got_through = decision is Verdict.DONE or (decision is Verdict.SPLIT and endpoint.halves)
        with self._counted:
            status, calls = self._failing.get(endpoint, (answer.status, 0))
            calls = 0 if got_through else (calls if status == answer.status else 0) + 1
            self._failing[endpoint] = (answer.status, calls)
        if calls >= MOST_FAILED_ALIKE:
            raise always_unsuccessful(answer, endpoint, calls)

    def _hold_up(self, answer: Answer, waited: float) -> float:
        """Hold up every call for as long as HubSpot asks, and return how long that is.

        Raises:
            PipelineError: HUBSPOT_RATE_LIMITED where that is longer than the user's patience, with what this call has
                waited before; any DB_* code.
        """
        asked = retry_after(answer)
        pause = self.limiter.limit.window if asked is None else asked
        if waited + pause > self._patience:
            raise out_of_patience(answer, pause)
        self._waits.asked(answer, pause, waited)
        self.limiter.pause(asked)
        return pause

    def _call(
        self, endpoint: Endpoint, data: bytes | None, stop: threading.Event, on_departure: Callable[[], None]
    ) -> Answer:
        try:
            permit = self.limiter.acquire(
                stop, counts_daily=endpoint.counts_daily, on_pause=self._waits.another_was_asked
            )
        except PipelineError as error:
            raise self._with_return_time(error) from None
        on_departure()
        with self._counted:
            self._requests += 1
        exchange = self._transport.exchange(endpoint.method, endpoint.path(self._api_version), body=data)
        answer = exchange.answer
        self.limiter.arrived(
            permit,
            sent_at=exchange.sent_at,
            answered_at=exchange.answered_at,
            started_at=started_at(answer),
            refused=answer.status == HTTPStatus.TOO_MANY_REQUESTS,
        )
        interval = whole_number(answer, "X-HubSpot-RateLimit-Interval-Milliseconds")
        self.limiter.note_limits(
            permit,
            calls=whole_number(answer, "X-HubSpot-RateLimit-Max"),
            window_seconds=interval / 1000 if interval else None,
            daily_remaining=whole_number(answer, "X-HubSpot-RateLimit-Daily-Remaining"),
        )
        return answer

    def _with_return_time(self, error: PipelineError) -> PipelineError:
        """Name the moment when the daily limit starts again: midnight in the account's time zone."""
        if error.code is not ErrorCode.HUBSPOT_DAILY_LIMIT:
            return error
        moment = next_midnight(self._portal.time_zone if self._portal else None)
        return PipelineError(error.code, error.what, remedy=f"Run again after {moment}: what was done is kept.")
