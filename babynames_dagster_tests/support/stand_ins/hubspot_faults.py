"""Faults that tests put between a request to the stand-in for HubSpot and its answer, as each looks on the wire."""

import asyncio
import json
import random
import socket
import struct
from collections.abc import Mapping, MutableSequence, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive
from typing_extensions import override

from babynames_dagster.sandbox.hubspot.errors import error_body, rate_limit_body
from babynames_dagster.sandbox.hubspot.middleware import Call, Middleware

_WRONG_FIELDS = ("id", "properties", "objectWriteTraceId", "new", None)
_GATEWAY_PAGE = (
    "<html><head><title>{status}</title></head><body><center><h1>{status} Gateway</h1></center></body></html>"
)


class FaultKind(Enum):
    """What goes wrong."""

    RATE_LIMIT = "rate_limit"
    """429 of the rolling window; with Retry-After where `retry_after` is given."""
    DAILY_LIMIT = "daily_limit"
    """429 with policyName DAILY."""
    LOCKED = "locked"
    """423."""
    MIGRATION = "migration"
    """477, with Retry-After where `retry_after` is given."""
    SERVER_ERROR = "server_error"
    """`status` (500 by default) with HubSpot's JSON body."""
    HTML = "html"
    """`status` (502 by default) with a gateway's page."""
    UNAUTHORIZED = "unauthorized"
    """401: the token has expired."""
    REFUSED_BATCH = "refused_batch"
    """`status` (400 by default) for the whole batch; where `emails` are given, only for batches that have one."""
    RESET_BEFORE = "reset_before"
    """The connection is reset; nothing was written."""
    RESET_AFTER = "reset_after"
    """Everything was written, then the connection is reset."""
    TRUNCATED = "truncated"
    """Everything was written; the answer's JSON ends in the middle."""
    MISSING_ROWS = "missing_rows"
    """Everything was written; the answer lacks `rows` results (1 by default)."""
    DUPLICATED_ROWS = "duplicated_rows"
    """Everything was written; the answer has each result twice."""
    FOREIGN_ROWS = "foreign_rows"
    """Everything was written; `rows` results (1 by default) are about rows that were not sent."""
    WRONG_TYPES = "wrong_types"
    """Everything was written; in each result, one field or the result itself is not of its type."""
    NAMELESS_ERRORS = "nameless_errors"
    """Everything good was written; the answer's errors don't say which rows they are about."""
    EMPTY = "empty"
    """Nothing was written; 200, COMPLETE, no results."""
    PENDING = "pending"
    """The batch is still worked on: 200, PENDING, no results."""
    HIDDEN = "hidden"
    """What a read would find is not shown yet: it is among the missing."""
    SLOW = "slow"
    """The answer takes `seconds` longer."""


@dataclass
class Fault:
    """A fault, and which requests it strikes: by number, by probability, or every one.

    Attributes:
        kind: What goes wrong.
        requests: Numbers of the requests that it strikes, counted from 1 over all requests.
        probability: Chance of striking any one request.
        times: How often it strikes at most; None for any number of times.
        path: Strikes only paths that contain this.
        emails: Strikes only batches that name one of these.
        status: The HTTP status, where the kind leaves a choice.
        retry_after: Seconds of a Retry-After header.
        seconds: How much slower a slow answer is.
        rows: How many results are left out or foreign.
    """

    kind: FaultKind
    requests: Sequence[int] | None = None
    probability: float | None = None
    times: int | None = None
    path: str = "/batch/"
    emails: Sequence[str] = field(default_factory=tuple)
    status: int | None = None
    retry_after: int | None = None
    seconds: float = 5.0
    rows: int = 1

    @classmethod
    def from_json(cls, wanted: Mapping[str, Any]) -> "Fault":
        """Return the fault that a JSON object describes.

        Raises:
            ValueError: It names a kind or a field that there is not.
        """
        unknown = set(wanted) - {item.name for item in fields(cls)}
        if unknown or "kind" not in wanted:
            message = (
                f"a fault has a kind and {', '.join(item.name for item in fields(cls)[1:])}; not {sorted(unknown)}"
            )
            raise ValueError(message)
        return cls(**{**wanted, "kind": FaultKind(wanted["kind"])})

    def strikes(self, number: int, path: str, emails: Sequence[str], chance: random.Random) -> bool:
        """Return whether it strikes a request, and count it if so."""
        if self.path not in path or self.times == 0:
            return False
        if self.requests is not None and number not in self.requests:
            return False
        if self.emails and not set(self.emails) & set(emails):
            return False
        if self.probability is not None and chance.random() >= self.probability:
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def refusal(self, correlation_id: str) -> Response | None:
        """Return the answer of a fault that keeps the request from being done; None for the other kinds."""
        make = _REFUSALS.get(self.kind)
        return None if make is None else make(self, correlation_id)

    def spoil(self, answer: dict[str, Any]) -> None:
        """Make of a good answer what the fault leaves of it."""
        results = answer.get("results")
        if isinstance(results, MutableSequence):
            self._spoil_results(answer, results)
        if self.kind is FaultKind.NAMELESS_ERRORS:
            for error in answer.get("errors", []):
                error.pop("context", None)

    def _spoil_results(self, answer: dict[str, Any], results: MutableSequence[Any]) -> None:
        if self.kind is FaultKind.MISSING_ROWS:
            del results[: self.rows]
        elif self.kind is FaultKind.DUPLICATED_ROWS:
            results.extend(list(results))
        elif self.kind is FaultKind.FOREIGN_ROWS:
            for number, result in enumerate(results[: self.rows]):
                result["objectWriteTraceId"] = f"nobody-{number}"
                result["properties"] = {"email": f"nobody{number}@x.com"}
        elif self.kind is FaultKind.HIDDEN:
            ids = [result["properties"]["email"] for result in results]
            missing = {"status": "error", "category": "OBJECT_NOT_FOUND", "context": {"ids": ids}}
            answer["errors"] = [*answer.get("errors", []), missing]
            results.clear()
        elif self.kind is FaultKind.WRONG_TYPES:
            for number, result in enumerate(list(results)):
                wrong = _WRONG_FIELDS[number % len(_WRONG_FIELDS)]
                results[number] = {**result, wrong: {"no": ["such", 1]}} if wrong else "no object"


class Faults:
    """The faults of an account; they may be changed while it is served."""

    def __init__(self, chance: random.Random) -> None:
        """Begin without any; those that strike by probability draw from `chance`."""
        self.wanted: list[Fault] = []
        self._chance = chance

    def middleware_for(self, call: Call) -> Middleware:
        """Return the way of a request, with the first fault that strikes it."""
        path, emails = call.request.url.path, call.emails
        struck = (fault for fault in self.wanted if fault.strikes(call.number, path, emails, self._chance))
        fault = next(struck, None)
        return Middleware() if fault is None else _Struck(fault)


class _Struck(Middleware):
    """The way of a request that a fault strikes."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    @override
    async def before(self, call: Call) -> Response | None:
        if self._fault.kind is FaultKind.SLOW:
            await asyncio.sleep(self._fault.seconds)
        if self._fault.kind is FaultKind.RESET_BEFORE:
            reset_connection(call.request.receive)
            return Response(status_code=500)
        return self._fault.refusal(call.correlation_id)

    @override
    def after(self, call: Call, status: int, answer: dict[str, Any]) -> Response:
        self._fault.spoil(answer)
        if self._fault.kind is FaultKind.RESET_AFTER:
            reset_connection(call.request.receive)
        text = json.dumps(answer).encode()
        cut = len(text) // 2 if self._fault.kind is FaultKind.TRUNCATED else len(text)
        return Response(text[:cut], status, media_type="application/json")


def reset_connection(receive: Receive) -> None:
    """Reset the connection under a request: uvicorn hands `receive` over as a method of what holds the transport."""
    transport = receive.__self__.transport  # type: ignore[attr-defined]  # uvicorn's RequestResponseCycle
    raw: socket.socket = transport.get_extra_info("socket")
    # With a linger time of zero, closing sends RST instead of FIN.
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _wait_header(fault: Fault) -> dict[str, str]:
    return {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}


def _rate_limit(fault: Fault, correlation_id: str) -> Response:
    return JSONResponse(rate_limit_body("TEN_SECONDLY_ROLLING", correlation_id), 429, headers=_wait_header(fault))


def _daily_limit(_: Fault, correlation_id: str) -> Response:
    return JSONResponse(rate_limit_body("DAILY", correlation_id), 429)


def _locked(fault: Fault, correlation_id: str) -> Response:
    return JSONResponse(
        error_body("The resource is locked.", "LOCKED", correlation_id), 423, headers=_wait_header(fault)
    )


def _migration(fault: Fault, correlation_id: str) -> Response:
    body = error_body("This account is being migrated.", "MIGRATION_IN_PROGRESS", correlation_id)
    return JSONResponse(body, 477, headers=_wait_header(fault))


def _server_error(fault: Fault, correlation_id: str) -> Response:
    body = error_body("internal error", "INTERNAL_ERROR", correlation_id)
    return JSONResponse(body, fault.status or 500, headers=_wait_header(fault))


def _html(fault: Fault, _: str) -> Response:
    status = fault.status or 502
    return HTMLResponse(_GATEWAY_PAGE.format(status=status), status)


def _unauthorized(_: Fault, correlation_id: str) -> Response:
    message = "The OAuth token used to make this call expired 7 second(s) ago."
    return JSONResponse(error_body(message, "EXPIRED_AUTHENTICATION", correlation_id), 401)


def _refused_batch(fault: Fault, correlation_id: str) -> Response:
    status = fault.status or 400
    category = {409: "CONFLICT", 413: "PAYLOAD_TOO_LARGE"}.get(status, "VALIDATION_ERROR")
    message = {409: "Contact already exists. Existing ID: 37765128953"}.get(status, "The batch is not valid.")
    return JSONResponse(error_body(message, category, correlation_id), status)


def _pending(_: Fault, correlation_id: str) -> Response:
    return JSONResponse({"status": "PENDING", "results": [], "correlationId": correlation_id})


def _empty(_: Fault, correlation_id: str) -> Response:
    return JSONResponse({"status": "COMPLETE", "results": [], "correlationId": correlation_id})


_REFUSALS = {
    FaultKind.RATE_LIMIT: _rate_limit,
    FaultKind.DAILY_LIMIT: _daily_limit,
    FaultKind.LOCKED: _locked,
    FaultKind.MIGRATION: _migration,
    FaultKind.SERVER_ERROR: _server_error,
    FaultKind.HTML: _html,
    FaultKind.UNAUTHORIZED: _unauthorized,
    FaultKind.REFUSED_BATCH: _refused_batch,
    FaultKind.EMPTY: _empty,
    FaultKind.PENDING: _pending,
}
