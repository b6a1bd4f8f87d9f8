"""One HTTP exchange with HubSpot: the connection pool, the token, the moment of sending.

What belongs here: bytes out, an `Answer` back, whatever happens on the wire. What does not: pacing and retries.
"""

import http.client
import json
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from babynames_dagster.common.bearer import Bearer
from babynames_dagster.hubspot.api.answers import NO_ANSWER, Answer
from babynames_dagster.settings.sandbox_file import NOTHING_SERVES, is_loopback

_CONNECT_SECONDS = 10.0
_TEXT_KEPT = 2000
_CHUNK_BYTES = 256 * 1024
_MOST_TIMEOUTS = 4
"""How many times the time-out for the next byte a whole body may take."""

_MOST_BYTES = 64 * 1024 * 1024
"""Longest body that is read. Every definition of an account's contact properties together is a few megabytes."""

_this_thread = threading.local()


class _TimedHTTPConnection(urllib3.connection.HTTPConnection):
    """Notes when the last byte of a request went out: a new connection's handshake comes before it."""

    def send(self, data: Any) -> None:  # noqa: ANN401 - http.client's own signature
        super().send(data)
        _this_thread.sent_at = time.monotonic()


class _TimedHTTPSConnection(urllib3.connection.HTTPSConnection):
    """The same over TLS."""

    def send(self, data: Any) -> None:  # noqa: ANN401 - http.client's own signature
        super().send(data)
        _this_thread.sent_at = time.monotonic()


class _TimedHTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _TimedHTTPConnection


class _TimedHTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TimedHTTPSConnection


_TIMED_POOLS = {"http": _TimedHTTPPool, "https": _TimedHTTPSPool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' own signature
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _TIMED_POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> urllib3.ProxyManager:  # noqa: ANN401 - as above
        manager: urllib3.ProxyManager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _TIMED_POOLS
        return manager


@dataclass(frozen=True)
class Exchange:
    """One request and what came back; an exchange that broke off has an `Answer` too.

    Attributes:
        answer: What came back.
        sent_at: When the request's last byte had left, by `time.monotonic()`.
        answered_at: When the answer had come, by the same clock.
    """

    answer: Answer
    sent_at: float
    answered_at: float


class Transport:
    """A pool of connections to one address with one token. Safe to share between threads."""

    def __init__(
        self, base_url: str, token: str, *, connections: int, timeout: float, if_refused: str | None = None
    ) -> None:
        """Build the pool; nothing is connected yet.

        Args:
            base_url: HubSpot's address.
            token: The token of a service key or private app.
            connections: Most connections kept open.
            timeout: Seconds to wait for the answer's next byte.
            if_refused: What to do where nothing listens at the address.
        """
        self._if_refused = if_refused
        self._base_url = base_url
        self._token = token
        self._timeout = (min(_CONNECT_SECONDS, timeout), timeout)
        self._session = requests.Session()
        self._session.auth = Bearer(token)
        self._session.headers.update({"Accept": "application/json", "User-Agent": "babynames-dagster"})
        # A proxy of the environment is on the way to HubSpot, never on the way to this very machine.
        self._session.trust_env = not self.is_local
        adapter = _Adapter(pool_connections=1, pool_maxsize=connections, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    @property
    def is_local(self) -> bool:
        """Whether the address is of this very machine, as a stand-in's is."""
        return is_loopback(urlsplit(self._base_url).hostname or "")

    def exchange(self, method: str, path: str, *, body: bytes | None = None) -> Exchange:
        """Send one request; nothing that happens on the wire raises."""
        _this_thread.sent_at = time.monotonic()
        try:
            with self._session.request(
                method,
                self._base_url + path,
                data=body,
                headers={"Content-Type": "application/json"} if body is not None else None,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                content = _content(response, self._timeout[1] * _MOST_TIMEOUTS)
            answered_at = time.monotonic()
            text = self._without_token(content.decode("utf-8", "replace"))
            answer = Answer(response.status_code, response.headers, _parsed(text), text[:_TEXT_KEPT])
        except (OSError, ValueError, urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
            # Requests' own are OSErrors; a CA bundle that is not there is a bare one, an odd Location a ValueError.
            answered_at = time.monotonic()
            answer = self._broken_off(_innermost(error))
        return Exchange(answer, _this_thread.sent_at, answered_at)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _broken_off(self, error: BaseException) -> Answer:
        if isinstance(error, ConnectionRefusedError) and self._if_refused is not None:
            return Answer(NO_ANSWER, text=NOTHING_SERVES.format(self._base_url), remedy=self._if_refused)
        late = isinstance(error, (requests.Timeout, TimeoutError))
        text = "no answer in time" if late else f"{type(error).__name__}: {error}"
        return Answer(NO_ANSWER, text=self._without_token(text))

    def _without_token(self, text: str) -> str:
        return text.replace(self._token, "(hidden)")


def _content(response: requests.Response, most_seconds: float) -> bytes:
    """Return a response's body, read as it arrives: a limit for each byte is none for all of them.

    Raises:
        ValueError: It is longer than any body that this API has, or not there in time.
    """
    content = bytearray()
    until = time.monotonic() + most_seconds
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        content += chunk
        if len(content) > _MOST_BYTES:
            message = f"the answer has more than {_MOST_BYTES:,} bytes"
            raise ValueError(message)
        if time.monotonic() > until:
            message = f"the answer is not there after {most_seconds:g} s"
            raise ValueError(message)
    return bytes(content)


def _parsed(text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # the latter for brackets nested too deep
        return None


def _innermost(error: BaseException) -> BaseException:
    """Return the innermost cause, which says what happened without addresses of Python objects; a timeout is one."""
    while not isinstance(error, requests.Timeout) and (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error
