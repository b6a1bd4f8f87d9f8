"""The pure decisions: what answers mean, what to wait for, what is abandoned."""

import logging
import os
import socket
import time
from pathlib import Path

import pytest

from babynames_dagster.datafile.workspace import download_workspace
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.arrival import look_at_arrival
from babynames_dagster.kaggle.browser.locators import locator_table, selectors_of
from babynames_dagster.kaggle.browser.obstacles import (
    error_in_json,
    is_login_page,
    is_signed_in_page,
    is_two_factor_page,
    refused_sign_in,
    refused_status,
    without_query,
)
from babynames_dagster.kaggle.rest.answers import Body, body_of, refusal
from babynames_dagster.kaggle.retrying import RetryAfterError, retried
from babynames_dagster.settings import load_settings

_LOG = logging.getLogger(__name__)


@pytest.mark.parametrize(
    ("address", "login", "inside"),
    [
        ("https://www.kaggle.com/account/login?phase=emailSignIn&returnUrl=%2F", True, False),
        ("https://www.kaggle.com/account/twoFactor?returnUrl=%2F", False, False),
        ("https://www.kaggle.com/", False, True),
        ("https://accounts.google.com/signin?continue=https://www.kaggle.com/", False, False),
        ("https://www.kaggle.com/datasets/somebody/two-step-dances", False, True),
        ("about:blank", False, False),
    ],
)
def test_success_is_to_have_left_the_login_pages(address: str, login: bool, inside: bool) -> None:  # noqa: FBT001 - a table
    assert is_login_page(address) is login
    assert is_signed_in_page(address, "https://www.kaggle.com") is inside


@pytest.mark.parametrize(
    ("address", "second_factor"),
    [
        ("https://www.kaggle.com/account/twoFactor?returnUrl=%2F", True),
        ("https://www.kaggle.com/account/login/two-step", True),
        ("https://www.kaggle.com/datasets/somebody/two-step-dances", False),
        ("https://www.kaggle.com/account/login?returnUrl=%2Fdatasets%2Fsomebody%2Ftwo-factor-models", False),
    ],
)
def test_a_datasets_name_is_not_taken_for_a_second_factor(address: str, second_factor: bool) -> None:  # noqa: FBT001 - a table
    assert is_two_factor_page(address) is second_factor


def test_an_address_is_reported_without_what_may_be_secret_in_it() -> None:
    assert without_query("https://me:secret@host.example:8/a/b?password=secret#secret") == "https://host.example:8/a/b"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (200, None),
        (302, None),
        (401, ErrorCode.KAGGLE_AUTH_ERROR),
        (403, ErrorCode.KAGGLE_FORBIDDEN),
        (404, ErrorCode.KAGGLE_NOT_FOUND),
        (429, ErrorCode.KAGGLE_RATE_LIMITED),
        (500, ErrorCode.KAGGLE_SITE_ERROR),
        (418, ErrorCode.KAGGLE_SITE_ERROR),
    ],
)
def test_each_status_means_one_thing(status: int, code: ErrorCode | None) -> None:
    assert refused_status(status) is code


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, "{}", None),
        (200, "", None),
        (200, '{"errors": []}', None),
        (200, '{"errors": ["whatever the wording"]}', ErrorCode.KAGGLE_AUTH_ERROR),
        (400, "not even JSON", ErrorCode.KAGGLE_AUTH_ERROR),
        (400, '{"errors": ["Captcha required"]}', ErrorCode.KAGGLE_BOT_CHECK),
        (200, '{"twoFactorEnabled": false}', None),
        (400, '{"errors": ["Two-step verification is required"]}', ErrorCode.KAGGLE_TWO_FACTOR),
        (429, "", ErrorCode.KAGGLE_RATE_LIMITED),
        (503, "", ErrorCode.KAGGLE_SITE_ERROR),
    ],
)
def test_a_refused_login_is_reported_by_its_answer(status: int, body: str, code: ErrorCode | None) -> None:
    assert refused_sign_in(status, body) is code


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b'{"message":"Unauthorized"}', ErrorCode.KAGGLE_AUTH_ERROR),
        (b'{"message":"Whatever"}', ErrorCode.KAGGLE_SITE_ERROR),
        (b"Service temporarily unavailable", ErrorCode.KAGGLE_SITE_ERROR),
        (b"The name can't be resolved\n", ErrorCode.KAGGLE_SITE_ERROR),
    ],
)
def test_a_text_in_the_files_place_is_no_file(tmp_path: Path, sent: bytes, code: ErrorCode) -> None:
    arrived = tmp_path / "arrived"
    arrived.write_bytes(sent)

    with pytest.raises(PipelineError) as caught:
        look_at_arrival(arrived, load_settings().fetching)

    assert caught.value.code is code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_csv_is_one_in_any_encoding_and_letter_case(tmp_path: Path, encoding: str) -> None:
    arrived = tmp_path / "arrived.csv"
    arrived.write_bytes('YEAR;"NAME";SEX\r\n1880;"Mary";F\r\n'.encode(encoding))

    assert look_at_arrival(arrived, load_settings().fetching).kind == "csv"


def test_an_error_in_json_counts_whatever_the_status() -> None:
    assert error_in_json('{"code": 404, "message": "gone"}') == (404, "gone")
    assert error_in_json('{"error": {"code": 403}}') == (403, "")
    assert error_in_json('{"code": 200}') is None
    assert error_in_json("[1]") is None

    error = refusal(200, {}, '{"code": 401, "message": "Unauthorized"}', anonymous=False)

    assert error is not None
    assert error.code is ErrorCode.KAGGLE_AUTH_ERROR


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


def test_what_can_pass_is_tried_again_and_what_can_not_is_not() -> None:
    settings = load_settings(max_retries=2, retry_delay=0)
    tried: list[ErrorCode] = []

    def fail_with(code: ErrorCode) -> None:
        tried.append(code)
        raise PipelineError(code, "no luck")

    for code in (ErrorCode.KAGGLE_UNREACHABLE, ErrorCode.KAGGLE_AUTH_ERROR):
        with pytest.raises(PipelineError):
            retried(lambda code=code: fail_with(code), settings.fetching, _LOG)  # type: ignore[misc]

    assert tried == [ErrorCode.KAGGLE_UNREACHABLE] * 3 + [ErrorCode.KAGGLE_AUTH_ERROR]


def test_a_users_locators_come_first_and_unknown_names_are_refused() -> None:
    table = locator_table({"banner": ("text=Go away",)})

    assert selectors_of(table, "banner", file="a.csv")[0] == "text=Go away"
    assert all('"a\\".csv"' in found for found in selectors_of(table, "file_download", file='a".csv')[:1])
    with pytest.raises(PipelineError) as caught:
        locator_table({"baner": ("text=Go away",)})

    assert caught.value.code is ErrorCode.INVALID_CONFIG
    assert "banner" in caught.value.what


def test_only_what_has_no_writer_any_more_is_cleared_away(tmp_path: Path) -> None:
    host, nobody = socket.gethostname(), 2**22 + 1  # above the largest process number that Linux gives
    dead = tmp_path / f".fetching.{host}.{nobody}.00000000"
    alive = tmp_path / f".fetching.{host}.{os.getpid()}.00000000"
    elsewhere = tmp_path / ".fetching.other.example.1.00000000"
    forgotten = tmp_path / ".fetching.other.example.2.00000000"
    for leftover in (dead, alive, elsewhere, forgotten):
        leftover.mkdir()
    two_days_ago = time.time() - 2 * 86_400
    os.utime(forgotten, (two_days_ago, two_days_ago))

    with download_workspace(tmp_path) as workspace:
        assert set(tmp_path.iterdir()) == {alive, elsewhere, workspace}

    assert set(tmp_path.iterdir()) == {alive, elsewhere}


def test_settings_take_the_zips_name_for_the_files_and_one_locator_for_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_FILE", "names.csv.zip")
    monkeypatch.setenv("KAGGLE_LOCATORS", '{"banner": "text=Go away", "submit": ["text=Enter", "text=Go"]}')

    settings = load_settings()

    assert settings.kaggle.file == "names.csv"
    assert settings.kaggle.locators == {"banner": ("text=Go away",), "submit": ("text=Enter", "text=Go")}


@pytest.mark.parametrize(
    ("name", "value"), [("KAGGLE_FILE", "../names.csv"), ("KAGGLE_FILE", ".."), ("KAGGLE_LOCATORS", "[1]")]
)
def test_settings_refuse_what_is_no_file_name_and_no_table(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(PipelineError) as caught:
        load_settings()

    assert caught.value.code is ErrorCode.INVALID_CONFIG
    assert name in caught.value.what
