"""The stand-in's one account: who may call, how often, and what was received."""

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from babynames_dagster.sandbox.hubspot.limits import RollingWindow
from babynames_dagster.sandbox.hubspot.middleware import Call, Middleware, no_middleware
from babynames_dagster.sandbox.hubspot.rules import default_properties
from babynames_dagster.sandbox.hubspot.state import ContactStore

ALL_SCOPES = frozenset({"crm.objects.contacts.read", "crm.objects.contacts.write", "crm.schemas.contacts.read"})
API_VERSIONS = frozenset({"v3", "2026-03", "2026-09"})
_REQUESTS_KEPT = 20_000


@dataclass
class LoggedRequest:
    """One request as it was received; never its token.

    Attributes:
        number: Its number, from 1, over all requests of the API.
        at: When it arrived, by the server's monotonic clock.
        method: Its method.
        path: Its path.
        inputs: How many inputs its batch had.
        status: The answer's status; 0 where the connection was reset.
        answered: When it was answered, by the same clock; 0 where the connection was reset.
    """

    number: int
    at: float
    method: str
    path: str
    inputs: int = 0
    status: int = 0
    answered: float = 0.0


@dataclass
class Account:
    """The account, and everything that may change about it while it is served.

    Attributes:
        store: Its contacts.
        token: The private app's token.
        portal_id: The account's number.
        window: The rate limits.
        latency: Bounds of the seconds that an answer takes at least.
        scopes: What the private app may do.
        versions: The versions of the API that are served.
        expired: Whether the token has expired.
        hidden_headers: Names of rate limit headers that answers lack.
        properties: Definitions of the contact properties, by name.
        rewrites: How the account's own workflows rewrite values that are written, by property.
        middleware_for: What makes the middleware of each request.
        log: The newest requests.
        received: How many requests were received.
        under_way: How many are being answered.
        most_under_way: How many were, at most.
        chance: What latencies and the order of results are drawn from.
    """

    store: ContactStore
    token: str
    portal_id: int
    window: RollingWindow = field(default_factory=RollingWindow)
    latency: tuple[float, float] = (0.0, 0.0)
    scopes: frozenset[str] = ALL_SCOPES
    versions: frozenset[str] = API_VERSIONS
    expired: bool = False
    hidden_headers: frozenset[str] = frozenset()
    properties: dict[str, dict[str, Any]] = field(default_factory=default_properties)
    rewrites: dict[str, str] = field(default_factory=dict)
    middleware_for: Callable[[Call], Middleware] = no_middleware
    log: deque[LoggedRequest] = field(default_factory=lambda: deque(maxlen=_REQUESTS_KEPT))
    received: int = 0
    under_way: int = 0
    most_under_way: int = 0
    chance: random.Random = field(default_factory=random.Random)

    def receive(self, method: str, path: str) -> LoggedRequest:
        """Enter a request into the log."""
        self.received += 1
        entry = LoggedRequest(self.received, time.monotonic(), method, path)
        self.log.append(entry)
        return entry

    def half_latency(self) -> float:
        """Return the seconds that one direction of a request's way takes."""
        return self.chance.uniform(*self.latency) / 2
