"""Why a call could not succeed, as errors for people: what HubSpot answered, and when to come back."""

from datetime import datetime, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.answers import NO_ANSWER, Answer, moment_in, problem_of
from babynames_dagster.hubspot.api.endpoints import Endpoint

MOST_FAILED_ALIKE = 10
"""Calls in a row that may fail for the same reason, each after its retries."""

_OF_GATEWAYS = {HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED}

_CODES: dict[int, ErrorCode] = {
    HTTPStatus.FORBIDDEN: ErrorCode.HUBSPOT_NOT_ALLOWED,
    HTTPStatus.NOT_FOUND: ErrorCode.HUBSPOT_NOT_FOUND,
}


def unsuccessful(answer: Answer, endpoint: Endpoint) -> PipelineError:
    """Return the error of a call that had to succeed and did not."""
    problem = problem_of(answer)
    if answer.status == NO_ANSWER:
        what = f"HubSpot does not answer {endpoint}: {problem.message.rstrip('.')}."
        return PipelineError(ErrorCode.HUBSPOT_UNREACHABLE, what, remedy=answer.remedy)
    named = f" Correlation id: {problem.correlation_id}." if problem.correlation_id else ""
    code = _CODES.get(answer.status, ErrorCode.HUBSPOT_ERROR)
    if _is_somebody_elses(answer) and not named:
        return PipelineError(
            code,
            f"What answers {endpoint} with {answer.status} does not look like HubSpot: {problem.message}",
            remedy="Look at the proxy or gateway on the way, and at HUBSPOT_BASE_URL; then run again.",
        )
    return PipelineError(code, f"HubSpot answers {endpoint} with {answer.status} {problem}{named}")


def _is_somebody_elses(answer: Answer) -> bool:
    """Return whether a proxy or gateway may have answered: HubSpot's own answers are JSON, but for some 404 and 5xx."""
    could_be = answer.status < HTTPStatus.BAD_REQUEST or answer.status in _OF_GATEWAYS
    return could_be and not isinstance(answer.payload, dict)


def always_unsuccessful(answer: Answer, endpoint: Endpoint, calls: int) -> PipelineError:
    """Return the error of calls that all failed alike, so that no further one is worth making."""
    return repeated(unsuccessful(answer, endpoint), calls)


def repeated(error: PipelineError, calls: int) -> PipelineError:
    """Return the error of calls that all failed with one error."""
    what = f"{calls} calls in a row failed the same way, and none got through. {error.what}"
    return PipelineError(error.code, what, remedy=error.remedy, retryable=error.retryable)


def out_of_patience(answer: Answer, pause: float) -> PipelineError:
    """Return the error of a call for which HubSpot asks to wait longer than the user's patience."""
    again = moment_in(pause)
    return PipelineError(
        ErrorCode.HUBSPOT_RATE_LIMITED,
        f"HubSpot asks to wait until {again} ({answer.status}), longer than HUBSPOT_WAIT allows: "
        f"{problem_of(answer).message}",
        remedy=f"Run again after {again}, or raise HUBSPOT_WAIT: what was done is kept.",
    )


def next_midnight(time_zone: str | None) -> str:
    """Return for people when the next day begins in a time zone, which is when the daily limit starts again."""
    try:
        zone = ZoneInfo(time_zone or "UTC")
    except (KeyError, ValueError, OSError):  # this machine does not know the zone
        return f"midnight in the account's time zone ({time_zone})"
    tomorrow = (datetime.now(zone) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return tomorrow.strftime("%Y-%m-%d %H:%M ") + (time_zone or "UTC")
