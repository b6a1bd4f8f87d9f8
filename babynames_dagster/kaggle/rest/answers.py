"""What the download API's answers mean: pure decisions, no network.

What belongs here: statuses, headers, error bodies, what to resume. What does not: asking (`download.py`).
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.browser.obstacles import error_in_json, refused_status
from babynames_dagster.kaggle.retrying import RetryAfterError

_PARTIAL, _RANGE_PAST_END = 206, 416
_DEFAULT_WAIT_SECONDS: float = 60.0
_LONGEST_REASON = 200


@dataclass(frozen=True)
class Body:
    """What a download's answer says about its body.

    Attributes:
        start: The first byte that comes; above 0 the server resumes.
        total: Bytes of the whole file, where known.
        md5: The whole file's MD5 in hexadecimal, where given.
        etag: The file's version, where given.
    """

    start: int
    total: int | None
    md5: str | None
    etag: str | None


def refusal(status: int, headers: Mapping[str, str], text: str, *, anonymous: bool) -> PipelineError | None:
    """Return the error that an answer stands for, or None where it is a download or a redirect.

    A JSON body with `code >= 400` is an error whatever the status.

    Args:
        status: The answer's HTTP status.
        headers: Its headers, found without regard to case.
        text: Its body where that is JSON or the status a refusal; else empty.
        anonymous: Whether it was asked without credentials.
    """
    in_json = error_in_json(text)
    meant = in_json[0] if in_json else status
    code = refused_status(meant)
    if code is None or meant == _RANGE_PAST_END:
        return None
    reason = f": {in_json[1][:_LONGEST_REASON]}" if in_json and in_json[1] else ""
    what = f"Kaggle's API answers with {meant}{reason}."
    if code is ErrorCode.KAGGLE_RATE_LIMITED:
        return RetryAfterError(code, what, seconds=_seconds(headers.get("Retry-After")))
    if code is ErrorCode.KAGGLE_AUTH_ERROR:
        return PipelineError(code, what, remedy="Correct KAGGLE_API_TOKEN, or KAGGLE_USERNAME and KAGGLE_KEY.")
    if code is ErrorCode.KAGGLE_FORBIDDEN:
        remedy = (
            "Set KAGGLE_API_TOKEN, or KAGGLE_USERNAME and KAGGLE_KEY, and check KAGGLE_DATASET and KAGGLE_FILE."
            if anonymous
            else "Check KAGGLE_DATASET and KAGGLE_FILE, and accept the dataset's terms on its page."
        )
        return PipelineError(code, what, remedy=remedy)
    return PipelineError(code, what)


def body_of(status: int, headers: Mapping[str, str], *, have: int) -> Body | None:
    """Return what a download's answer brings, or None where it can't resume what is there.

    Args:
        status: The answer's HTTP status.
        headers: Its headers.
        have: Bytes that are there, from where the download was asked to resume.
    """
    etag = headers.get("ETag")
    md5 = _md5(headers)
    length = headers.get("Content-Length", "")
    if status == _RANGE_PAST_END:
        return None
    if status != _PARTIAL:
        return Body(0, int(length) if length.isdigit() else None, md5, etag)
    given = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", ""))
    if given is None or int(given.group(1)) != have:
        return None
    return Body(have, int(given.group(2)) if given.group(2).isdigit() else None, md5, etag)


def _md5(headers: Mapping[str, str]) -> str | None:
    """Return the MD5 of `x-goog-hash: crc32c=...,md5=<base64>`, in hexadecimal."""
    found = re.search(r"\bmd5=([A-Za-z0-9+/]{22}==)", headers.get("x-goog-hash", ""))
    try:
        return base64.b64decode(found.group(1)).hex() if found else None
    except binascii.Error:
        return None


def _seconds(retry_after: str | None) -> float:
    """Return what Retry-After asks for; a date, which Kaggle does not send, counts as unknown."""
    text = (retry_after or "").strip()
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else _DEFAULT_WAIT_SECONDS
