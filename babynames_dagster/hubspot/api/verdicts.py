"""What follows from an answer of HubSpot: pure decisions over its status, headers and body.

What belongs here: the table of statuses. What does not: waiting, and what becomes of the single rows of a batch
(`batches/outcomes.py`).
"""

import re
from enum import Enum, auto
from http import HTTPStatus

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.answers import NO_ANSWER, Answer, Problem, moment_in, problem_of, retry_after

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
