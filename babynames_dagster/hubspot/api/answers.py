"""An answer of HubSpot, and what it says: the fields of headers and body, each of which may be absent.

What does not belong here: what follows from it (`verdicts.py`), and sending.
"""

import email.utils
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Any

NO_ANSWER = 0
"""The status of an exchange that ended without an answer: connection refused or reset, time-out."""

_LOCKED_SECONDS = 2.0
_LONGEST_WAIT_SECONDS = 366 * 24 * 3600.0
"""What a longer Retry-After is taken for: HubSpot's own longest is a day."""

_MESSAGE_KEPT = 2000
_MOST_DIGITS = 9
"""Of a whole number in a header: what a 32-bit column holds, and more than HubSpot ever sends."""


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, or the lack of one.

    Attributes:
        status: The HTTP status, or NO_ANSWER.
        headers: The headers; names compare without regard to case.
        payload: The parsed JSON body; None where there is none.
        text: The body's beginning, or what broke the exchange. Never a secret.
        remedy: What a person does about an exchange that broke off, where that is known.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    payload: Any = None
    text: str = ""
    remedy: str | None = None

    def body(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return a field of the body; None where the body has none."""
        return self.payload.get(name) if isinstance(self.payload, dict) else None

    def objects(self, name: str) -> list[dict[str, Any]]:
        """Return the objects that a field of the body lists; none where it is no list."""
        return objects_in(self.body(name))


def objects_in(value: object) -> list[dict[str, Any]]:
    """Return the objects that a JSON value lists; none where it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


@dataclass(frozen=True)
class Problem:
    """Why something was refused or failed, as HubSpot says it.

    Attributes:
        category: In one word.
        message: In a sentence.
        correlation_id: What HubSpot's support asks for.
        sub_category: What is the matter more exactly, such as `crm.propertyValidation.INVALID_OPTION`; mostly absent.
    """

    category: str
    message: str
    correlation_id: str | None = None
    sub_category: str = ""

    def __post_init__(self) -> None:
        """Keep as much of the message as anybody reads: it goes into logs and events, and may be a whole body."""
        object.__setattr__(self, "message", self.message[:_MESSAGE_KEPT])

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.category}: {self.message}"


def problem_of(answer: Answer) -> Problem:
    """Return what an unhappy answer says, whatever shape it has."""
    message = answer.body("message")
    correlation_id = answer.body("correlationId") or answer.headers.get("X-HubSpot-Correlation-Id")
    category = answer.body("category") or answer.body("errorType")
    fallback = "NO_ANSWER" if answer.status == NO_ANSWER else f"HTTP_{answer.status}"
    text = str(message) if message else _redirect(answer) or " ".join(answer.text.split())[:300] or "an empty answer"
    sub_category = str(answer.body("subCategory") or "")
    return Problem(str(category or fallback), text, str(correlation_id) if correlation_id else None, sub_category)


def _redirect(answer: Answer) -> str:
    """Say where an answer leads to, without the query, which may hold a secret; empty where it leads nowhere."""
    redirects = HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST
    leads_to = answer.headers.get("Location", "") if redirects else ""
    return f"it leads to {leads_to.partition('?')[0][:200]}, which is not followed" if leads_to else ""


def least_wait(answer: Answer) -> float:
    """Return the seconds that a retry after this answer has to wait at least."""
    asked = retry_after(answer) or 0.0
    return max(asked, _LOCKED_SECONDS) if answer.status == HTTPStatus.LOCKED else asked


def retry_after(answer: Answer) -> float | None:
    """Return the seconds of Retry-After, which may also be a date (RFC 9110, 10.2.3); None without it."""
    value = answer.headers.get("Retry-After", "").strip()
    seconds = _seconds_of(value)
    return None if seconds is None or math.isnan(seconds) else min(max(0.0, seconds), _LONGEST_WAIT_SECONDS)


def started_at(answer: Answer) -> float | None:
    """Return when HubSpot began to work on a batch, in seconds since 1970 by its clock; None where it does not say.

    A moment without a fraction says too little: HubSpot sends milliseconds.
    """
    try:
        moment = datetime.strptime(str(answer.body("startedAt")), "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        return None
    return moment.timestamp() if moment.microsecond else None


def whole_number(answer: Answer, header: str) -> int | None:
    """Return a header's whole number; None where it is absent, beyond belief or something else."""
    value = answer.headers.get(header, "").strip()
    return int(value) if value.isdecimal() and len(value) <= _MOST_DIGITS else None


def _seconds_of(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        pass
    try:
        moment = email.utils.parsedate_to_datetime(value)
        # A date in asctime's form, or with the zone -0000, has no zone: it means UTC (RFC 9110, 5.6.7).
        aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        return (aware - datetime.now(timezone.utc)).total_seconds()
    except (ValueError, TypeError, OverflowError):  # some Pythons raise TypeError for what is no date
        return None


def moment_in(seconds: float) -> str:
    """Return for people which moment it is in some seconds."""
    moment = datetime.fromtimestamp(datetime.now(timezone.utc).timestamp() + seconds, timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M UTC")
