"""What follows from an answer: for the whole run, for its batch, and for a row that was sent alone."""

from typing import Any

import pytest

from babynames_dagster.errors import ErrorCode
from babynames_dagster.hubspot.api.answers import (
    NO_ANSWER,
    Answer,
    Problem,
)
from babynames_dagster.hubspot.api.endpoints import READ
from babynames_dagster.hubspot.api.failures import unsuccessful
from babynames_dagster.hubspot.api.verdicts import Verdict, is_about_the_account, refuses_a_row, stop_error, verdict


def answer(status: int, payload: Any = None, **headers: str) -> Answer:  # noqa: ANN401 - any JSON value
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, payload, "text")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Verdict.DONE),
        (207, Verdict.DONE),
        (400, Verdict.SPLIT),
        (409, Verdict.SPLIT),
        (413, Verdict.SPLIT),
        (401, Verdict.STOP),
        (402, Verdict.STOP),
        (403, Verdict.SPLIT),
        (404, Verdict.GIVE_UP),
        (410, Verdict.STOP),
        (477, Verdict.STOP),
        (423, Verdict.RETRY),
        (429, Verdict.WAIT),
        (NO_ANSWER, Verdict.RETRY),
        *[(status, Verdict.RETRY) for status in (500, 502, 503, 504, 521, 523, 524)],
        *[(status, Verdict.GIVE_UP) for status in (301, 404, 522, 525, 526)],
    ],
)
def test_each_status_has_its_treatment(status: int, expected: Verdict) -> None:
    assert verdict(answer(status, {})) is expected


def test_a_good_status_without_json_is_a_broken_answer_where_json_is_due() -> None:
    assert verdict(answer(200)) is Verdict.RETRY
    assert verdict(Answer(204), has_body=False) is Verdict.DONE
    assert verdict(answer(200), has_body=False) is Verdict.RETRY


@pytest.mark.parametrize(
    "payload", [{"policyName": "DAILY"}, {"policyName": "daily"}, {"message": "You have reached your daily limit."}]
)
def test_the_daily_limit_stops_and_the_windows_does_not(payload: dict[str, str]) -> None:
    error = stop_error(answer(429, payload))
    assert error is not None
    assert error.code is ErrorCode.HUBSPOT_DAILY_LIMIT
    assert stop_error(answer(429, {"policyName": "TEN_SECONDLY_ROLLING"})) is None


@pytest.mark.parametrize("payload", [None, {}, [], "text", {"errors": None}, {"errors": [1]}, {"errors": [{}]}])
@pytest.mark.parametrize("status", [401, 402, 410])
def test_a_refusal_says_something_sensible_without_any_of_its_fields(payload: object, status: int) -> None:
    error = stop_error(answer(status, payload))
    assert error is not None
    assert str(status) in error.what


@pytest.mark.parametrize(
    "payload", [None, {}, [], {"category": "FORBIDDEN"}, {"errors": [{"context": {"ids": ["1"]}}]}]
)
def test_a_403_without_scopes_may_be_about_one_row_and_stops_nothing(payload: object) -> None:
    assert stop_error(answer(403, payload)) is None
    error = unsuccessful(answer(403, payload), READ)
    assert error.code is ErrorCode.HUBSPOT_NOT_ALLOWED


@pytest.mark.parametrize(
    "payload",
    [
        {"category": "MISSING_SCOPES", "errors": [{"context": {"requiredGranularScopes": ["contacts.write"]}}]},
        {"errors": [{"context": {"requiredScopes": ["contacts.write"]}}]},
        {"context": {"missingScopes": ["contacts.write"]}},
        {"errors": [{"errors": [{"context": "{missingScopes=[contacts.write]}"}]}]},
    ],
)
def test_missing_scopes_are_named_under_every_key_that_hubspot_uses(payload: object) -> None:
    error = stop_error(answer(403, payload))
    assert error is not None
    assert error.code is ErrorCode.HUBSPOT_MISSING_SCOPES
    assert "lacks scopes: contacts.write" in error.what


def test_scopes_that_are_not_named_are_still_what_is_missing() -> None:
    error = stop_error(answer(403, {"category": "MISSING_SCOPES"}))
    assert error is not None
    assert error.code is ErrorCode.HUBSPOT_MISSING_SCOPES


@pytest.mark.parametrize("value", ["1e15", "inf", "nan", "-1e300", "Fri, 31 Dec 9999 23:59:59 -2359", "99999999999"])
def test_no_retry_after_is_too_odd_to_report(value: str) -> None:
    error = stop_error(answer(477, Retry_After=value))
    assert error is not None
    assert error.code is ErrorCode.HUBSPOT_MIGRATING


@pytest.mark.parametrize(
    ("status", "payload", "expected"),
    [
        (400, {"status": "error", "category": "VALIDATION_ERROR", "message": "INVALID_EMAIL"}, True),
        (400, {"status": "error", "message": "Email address x is invalid"}, True),
        (409, {"category": "CONFLICT", "message": "Contact already exists."}, True),
        (400, None, False),
        (400, {"error": "Bad Request"}, False),
        (400, {"message": "Request header too large"}, False),
        (400, ["VALIDATION_ERROR"], False),
        (403, {"status": "error", "category": "FORBIDDEN", "message": "m"}, False),
        (413, {"status": "error", "category": "PAYLOAD_TOO_LARGE", "message": "m"}, False),
        (400, {"status": "error", "category": "OBJECT_LIMIT_EXCEEDED", "message": "m"}, False),
    ],
)
def test_only_hubspots_own_word_about_it_rejects_a_row(status: int, payload: Any, *, expected: bool) -> None:  # noqa: ANN401
    assert refuses_a_row(answer(status, payload)) is expected


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (Problem("OBJECT_LIMIT_EXCEEDED", "m"), True),
        (Problem("VALIDATION_ERROR", "Portal 4242 has reached its contact limit of 1000000"), True),
        (Problem("VALIDATION_ERROR", "You've reached the maximum number of contacts for your account"), True),
        (Problem("FORBIDDEN", "m"), True),
        (Problem("USER_DOES_NOT_HAVE_PERMISSIONS", "m"), True),
        (Problem("VALIDATION_ERROR", "firstname must be at most 65536 characters, the limit of a text"), False),
        (Problem("VALIDATION_ERROR", "Email address x is invalid"), False),
        (Problem("CONFLICT", "Contact already exists."), False),
        (Problem("VALIDATION_ERROR", "Not today.", None, "crm.limits.RECORD_LIMIT_EXCEEDED"), True),
        (Problem("VALIDATION_ERROR", "No permission.", None, "crm.propertyValidation.INVALID_OPTION"), False),
        (Problem("VALIDATION_ERROR", "x", None, "crm.propertyValidation.PROPERTY_DOESNT_EXIST"), True),
        (Problem("VALIDATION_ERROR", 'Property values were not valid: [{"error":"READ_ONLY_VALUE"}]'), True),
        (Problem("VALIDATION_ERROR", "Too long.", None, "crm.propertyValidation.LENGTH_LIMIT"), False),
        (Problem("VALIDATION_ERROR", "No permission.", None, "crm.something.ELSE"), True),
    ],
)
def test_what_is_about_the_account_is_distinguished_from_what_is_about_a_row(
    problem: Problem, *, expected: bool
) -> None:
    assert is_about_the_account(problem) is expected


def test_a_gateways_page_about_rights_is_no_word_about_the_token() -> None:
    page = stop_error(answer(401))
    ours = stop_error(answer(401, {"status": "error", "message": "expired", "category": "INVALID_AUTHENTICATION"}))
    assert page is not None
    assert ours is not None
    assert ("proxy or gateway" in page.remedy, "HUBSPOT_ACCESS_TOKEN" in ours.remedy) == (True, True)
