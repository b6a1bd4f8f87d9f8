"""What stands in the way on the site, by address, status and answer."""

import pytest

from babynames_dagster.errors import ErrorCode
from babynames_dagster.kaggle.browser.obstacles import (
    error_in_json,
    is_login_page,
    is_signed_in_page,
    is_two_factor_page,
    refused_sign_in,
    refused_status,
    without_query,
)
from babynames_dagster.kaggle.rest.answers import refusal


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


def test_an_error_in_json_counts_whatever_the_status() -> None:
    assert error_in_json('{"code": 404, "message": "gone"}') == (404, "gone")
    assert error_in_json('{"error": {"code": 403}}') == (403, "")
    assert error_in_json('{"code": 200}') is None
    assert error_in_json("[1]") is None

    error = refusal(200, {}, '{"code": 401, "message": "Unauthorized"}', anonymous=False)

    assert error is not None
    assert error.code is ErrorCode.KAGGLE_AUTH_ERROR
