"""What answers of the REST API mean: a body to write, and how long to wait."""

import pytest

from babynames_dagster.kaggle.rest.answers import Body, body_of, refusal
from babynames_dagster.kaggle.retrying import RetryAfterError


def test_a_download_resumes_only_where_the_server_says_so() -> None:
    md5 = {"x-goog-hash": "crc32c=AAAAAA==,md5=1B2M2Y8AsgTpgAmY7PhCfg=="}
    whole = body_of(200, {"Content-Length": "9", **md5}, have=4)
    resumed = body_of(206, {"Content-Length": "5", "Content-Range": "bytes 4-8/9"}, have=4)

    assert whole == Body(0, 9, "d41d8cd98f00b204e9800998ecf8427e", None)
    assert resumed == Body(4, 9, None, None)
    assert body_of(206, {"Content-Range": "bytes 0-8/9"}, have=4) is None, "another part than asked for"
    assert body_of(416, {}, have=4) is None


@pytest.mark.parametrize(("header", "seconds", "again"), [("7", 7.0, True), ("86400", 86_400.0, False)])
def test_a_short_wait_is_waited_and_a_long_one_is_for_the_next_run(header: str, seconds: float, again: bool) -> None:  # noqa: FBT001 - a table
    error = refusal(429, {"Retry-After": header}, "", anonymous=False)

    assert isinstance(error, RetryAfterError)
    assert (error.seconds, error.retryable) == (seconds, again)
