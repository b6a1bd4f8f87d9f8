"""What stands in the way on Kaggle's site, by what is seen: pure decisions, no browser.

What belongs here: which sign means which error. What does not: seeing, which `visit.py` does.
"""

import json
import re
from http import HTTPStatus
from urllib.parse import urlsplit

from babynames_dagster.errors import ErrorCode

_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY = 401, 403, 429
_ABSENT = frozenset({404, 410})
_FIRST_ERROR, _FIRST_SERVER_ERROR = 400, 500

_STATUS_OF_PHRASE = {status.phrase.casefold(): status.value for status in HTTPStatus}
_CAPTCHA_WORDS = re.compile(r"captcha", re.IGNORECASE)
_TWO_FACTOR_PATH = re.compile(r"/(?!datasets/).*two-?(factor|step)", re.IGNORECASE)
_TWO_FACTOR_WORDS = re.compile(r"two-?\s?(factor|step)", re.IGNORECASE)


def is_login_page(url: str) -> bool:
    """Return whether an address is one of the login pages; success is to have left them."""
    return urlsplit(url).path.startswith("/account/login")


def is_two_factor_page(url: str) -> bool:
    """Return whether an address is the second factor's; names of datasets may sound like one."""
    return _TWO_FACTOR_PATH.match(urlsplit(url).path) is not None


def is_signed_in_page(url: str, base: str) -> bool:
    """Return whether an address is one of the site's, and none of those on the way in: login and second factor.

    Args:
        url: The address.
        base: The site's; on the way in, a person may visit Google's and others'.
    """
    here = urlsplit(url)[:2] == urlsplit(base)[:2]
    return here and not is_login_page(url) and not is_two_factor_page(url)


def without_query(url: str) -> str:
    """Return an address as it may be shown: a form sent by mistake puts what was typed behind the path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def refused_status(status: int) -> ErrorCode | None:
    """Return what an HTTP status means, or None where it is no refusal.

    Args:
        status: The status of a page, a download or an API's answer.
    """
    if status < _FIRST_ERROR:
        return None
    if status in _ABSENT:
        return ErrorCode.KAGGLE_NOT_FOUND
    codes = {
        _UNAUTHORIZED: ErrorCode.KAGGLE_AUTH_ERROR,
        _FORBIDDEN: ErrorCode.KAGGLE_FORBIDDEN,
        _TOO_MANY: ErrorCode.KAGGLE_RATE_LIMITED,
    }
    return codes.get(status, ErrorCode.KAGGLE_SITE_ERROR)


def refused_sign_in(status: int, body: str) -> ErrorCode | None:
    """Return why the sign-in call was refused, or None where it succeeded.

    The wording of a refusal is not documented: whatever is no success and nothing else that is known means wrong
    credentials.

    Args:
        status: The answer's HTTP status.
        body: The answer's text.
    """
    refused = status >= _FIRST_ERROR or _has_errors(body)
    if refused and _TWO_FACTOR_WORDS.search(body):
        return ErrorCode.KAGGLE_TWO_FACTOR
    if refused and _CAPTCHA_WORDS.search(body):
        return ErrorCode.KAGGLE_BOT_CHECK
    if status == _TOO_MANY:
        return ErrorCode.KAGGLE_RATE_LIMITED
    if status >= _FIRST_SERVER_ERROR:
        return ErrorCode.KAGGLE_SITE_ERROR
    return ErrorCode.KAGGLE_AUTH_ERROR if refused else None


def error_in_json(body: str) -> tuple[int, str] | None:
    """Return code and message of an API's error, whatever its HTTP status; None where the body is none.

    Args:
        body: The answer's text: `{"code": 401, "message": ...}`, `{"error": {"code": 403, ...}}`, or a gateway's
            `{"message": "Unauthorized"}`, whose message is a status's name.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):  # the latter for an answer that is nested a thousand times
        return None
    if not isinstance(answer, dict):
        return None
    nested = answer.get("error")
    error = nested if isinstance(nested, dict) else answer
    message = str(error.get("message") or "")
    code = error.get("code", _STATUS_OF_PHRASE.get(message.casefold()))
    if not isinstance(code, int) or code < _FIRST_ERROR:
        return None
    return code, message


def _has_errors(body: str) -> bool:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):  # the latter for an answer that is nested a thousand times
        return False
    return isinstance(answer, dict) and bool(answer.get("errors") or answer.get("error"))
