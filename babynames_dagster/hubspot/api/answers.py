"""What an answer of HubSpot means: pure decisions over status, headers and body.

What belongs here: the table of statuses and the fields of a body, each of which may be absent. What does not:
sending, waiting, and what becomes of the single rows of a batch (`outcomes.py`).
"""

import email.utils
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from babynames_dagster.errors import ErrorCode, PipelineError

NO_ANSWER = 0
"""The status of an exchange that ended without an answer: connection refused or reset, time-out."""

_LOCKED_SECONDS = 2.0
_LONGEST_WAIT_SECONDS = 366 * 24 * 3600.0
"""What a longer Retry-After is taken for: HubSpot's own longest is a day."""

_MESSAGE_KEPT = 2000
_MOST_DIGITS = 9
"""Of a whole number in a header: what a 32-bit column holds, and more than HubSpot ever sends."""

_MIGRATION = 477
_RETRY = frozenset({NO_ANSWER, 408, 423, 425, 500, 502, 503, 504, 521, 523, 524})
_SPLIT = frozenset({400, 403, 409, 413})

_SCOPE_KEYS = ("requiredGranularScopes", "requiredScopes", "missingScopes")
_SCOPES_IN_TEXT = re.compile(rf"(?:{'|'.join(_SCOPE_KEYS)})\s*[=:]\s*\[([^\]]*)\]")

_ACCOUNT_CATEGORY = re.compile("LIMIT|QUOTA|PERMISSION|FORBIDDEN|SCOPE|AUTH|PAYMENT|BILLING|SUSPEND")
_PROPERTY_VALIDATION = "propertyValidation"
"""The area of sub-categories that are about a value: https://developers.hubspot.com/docs/api-reference/error-handling"""
_NO_SUCH_PROPERTY = ("PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE")
_ACCOUNT_MESSAGE = re.compile(
    r"(contact|record|object|crm|tier|account)s?'? limit|limit of [\d,.]+ (contact|record|object)s"
    r"|maximum number of (contact|record|object)s|permission|not authori[sz]ed|upgrade your",
    re.IGNORECASE,
)


class Verdict(Enum):
    """What to do after an answer."""

    DONE = auto()
    """It answers the request; each row's outcome is in the body."""
    SPLIT = auto()
    """It refuses the whole batch for the sake of some rows: halve it."""
    RETRY = auto()
    """It may pass: back off, then send the same again, a bounded number of times."""
    WAIT = auto()
    """The rate limit: everyone pauses, then the same again, as often as it takes."""
    GIVE_UP = auto()
    """Neither will help: the rows fail with the answer's text, others continue."""
    STOP = auto()
    """No request can succeed any more: see `stop_error`."""


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


def verdict(answer: Answer, *, has_body: bool = True) -> Verdict:
    """Return what to do after an answer.

    Args:
        answer: What came.
        has_body: Whether a good answer has a JSON body, or none at all; another is taken for a broken one.
    """
    status = answer.status
    if stop_error(answer) is not None:
        return Verdict.STOP
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        whole = answer.payload is not None if has_body else not answer.text.strip()
        return Verdict.DONE if whole else Verdict.RETRY
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Verdict.WAIT
    if status in _SPLIT:
        return Verdict.SPLIT
    return Verdict.RETRY if status in _RETRY else Verdict.GIVE_UP


def stop_error(answer: Answer) -> PipelineError | None:
    """Return why nothing more may be sent after this answer; None where something may.

    A 403 that names no scope may be about single rows, so that it stops nothing by itself.
    """
    explain = _STOPS.get(answer.status)
    return explain(answer, problem_of(answer).message) if explain else None


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


def refuses_a_row(answer: Answer) -> bool:
    """Return whether an answer to a batch of one row is HubSpot's own word against that row.

    A gateway's page is not, nor is a size (413) or a right (403), which say nothing about what the row holds.
    """
    if answer.status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT}:
        return False
    hubspots = answer.body("category") or (answer.body("status") == "error" and answer.body("message"))
    return bool(hubspots) and not is_about_the_account(problem_of(answer))


def is_about_the_account(problem: Problem) -> bool:
    """Return whether a refusal is about the account, its plan or its rights: it passes once those are corrected.

    The keys decide where they can; the wording only where HubSpot gives none that does.
    """
    area, _, key = problem.sub_category.rpartition(".")
    if lacks_a_property(problem):
        return True
    if _PROPERTY_VALIDATION in area:
        return False
    if _ACCOUNT_CATEGORY.search(key.upper()) or _ACCOUNT_CATEGORY.search(problem.category):
        return True
    return bool(_ACCOUNT_MESSAGE.search(problem.message))


def lacks_a_property(problem: Problem) -> bool:
    """Return whether the account can't hold a property, whatever its value: each row has the same ones."""
    return any(key in f"{problem.sub_category} {problem.message}" for key in _NO_SUCH_PROPERTY)


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


def _unauthorized(answer: Answer, text: str) -> PipelineError:
    if answer.text and not isinstance(answer.payload, dict):  # a page of a proxy or gateway
        return PipelineError(
            ErrorCode.HUBSPOT_AUTH_ERROR,
            f"What answers in HubSpot's place (401) does not look like HubSpot: {text}",
            remedy="Look at the proxy or gateway on the way, and at HUBSPOT_BASE_URL; then run again.",
        )
    return PipelineError(ErrorCode.HUBSPOT_AUTH_ERROR, f"HubSpot refuses HUBSPOT_ACCESS_TOKEN (401): {text}")


def _payment_required(_: Answer, text: str) -> PipelineError:
    return PipelineError(ErrorCode.HUBSPOT_NOT_ALLOWED, f"HubSpot refuses the account (402): {text}")


def _forbidden(answer: Answer, text: str) -> PipelineError | None:
    scopes = sorted(_scopes(answer.payload))
    if not scopes and answer.body("category") != "MISSING_SCOPES":
        return None
    named = ", ".join(scopes) or "it does not say which"
    return PipelineError(
        ErrorCode.HUBSPOT_MISSING_SCOPES,
        f"The app of HUBSPOT_ACCESS_TOKEN lacks scopes: {named}. HubSpot says (403): {text}",
    )


def _gone(_: Answer, text: str) -> PipelineError:
    return PipelineError(
        ErrorCode.HUBSPOT_VERSION_GONE, f"HubSpot no longer serves the version in HUBSPOT_API_VERSION (410): {text}"
    )


def _daily_limit(answer: Answer, text: str) -> PipelineError | None:
    if str(answer.body("policyName")).upper() != "DAILY" and "daily limit" not in text.lower():
        return None
    return PipelineError(ErrorCode.HUBSPOT_DAILY_LIMIT, f"HubSpot's daily limit is used up (429): {text}")


def _migrating(answer: Answer, _: str) -> PipelineError:
    seconds = retry_after(answer)
    until = "it does not say until when" if seconds is None else f"until {moment_in(seconds)}"
    return PipelineError(
        ErrorCode.HUBSPOT_MIGRATING,
        f"HubSpot moves this account between data centres (477), {until}.",
        remedy="Run again after that: what was done is kept.",
    )


_STOPS = {
    HTTPStatus.UNAUTHORIZED: _unauthorized,
    HTTPStatus.PAYMENT_REQUIRED: _payment_required,
    HTTPStatus.FORBIDDEN: _forbidden,
    HTTPStatus.GONE: _gone,
    HTTPStatus.TOO_MANY_REQUESTS: _daily_limit,
    _MIGRATION: _migrating,
}


def _scopes(value: object, *, levels: int = 8) -> set[str]:
    """Return the scopes that a body names, wherever it does; some contexts are a list, others a text of one."""
    if isinstance(value, str):
        return {scope for text in _SCOPES_IN_TEXT.findall(value) for scope in re.split(r"[,\s]+", text) if scope}
    inner: list[object] = value if isinstance(value, list) else []
    named: set[str] = set()
    if isinstance(value, dict):
        lists = [value[key] for key in _SCOPE_KEYS if isinstance(value.get(key), list)]
        named = {str(scope) for scopes in lists for scope in scopes if scope}
        inner = [item for key, item in value.items() if key not in _SCOPE_KEYS]
    return named.union(*(_scopes(item, levels=levels - 1) for item in inner)) if levels else named


def moment_in(seconds: float) -> str:
    """Return for people which moment it is in some seconds."""
    moment = datetime.fromtimestamp(datetime.now(timezone.utc).timestamp() + seconds, timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M UTC")
