"""What answers mean, whatever HubSpot or a gateway before it leaves out of them."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest

from babynames_dagster.database.ledger.states import Finding
from babynames_dagster.errors import ErrorCode
from babynames_dagster.hubspot.api.answers import (
    NO_ANSWER,
    Answer,
    Problem,
    Verdict,
    is_about_the_account,
    least_wait,
    problem_of,
    refuses_a_row,
    retry_after,
    started_at,
    stop_error,
    verdict,
    whole_number,
)
from babynames_dagster.hubspot.api.endpoints import READ
from babynames_dagster.hubspot.api.failures import unsuccessful
from babynames_dagster.hubspot.batches.outcomes import Kind, Outgoing, match


def answer(status: int, payload: Any = None, **headers: str) -> Answer:  # noqa: ANN401 - any JSON value
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, payload, "text")


def rows(count: int) -> list[Outgoing]:
    return [
        Outgoing(str(number), "A", {"email": f"n{number}@x.com", "firstname": f"N{number}"}, "f")
        for number in range(count)
    ]


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


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2026-01-01T00:00:00.250Z", 1767225600.25),
        ("2026-01-01T01:00:00.25+01:00", 1767225600.25),
        ("2026-01-01T00:00:00Z", None),
        ("2026-01-01T00:00:00.000Z", None),
        ("soon", None),
        (7, None),
    ],
)
def test_a_batchs_start_is_given_in_milliseconds_or_not_at_all(said: object, moment: float | None) -> None:
    assert started_at(answer(200, {"startedAt": said})) == moment
    assert started_at(answer(500)) is None


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


@pytest.mark.parametrize(("status", "elses"), [(200, True), (302, True), (403, True), (404, False), (502, False)])
def test_an_answer_that_is_no_json_may_be_a_proxys_and_the_remedy_says_so(status: int, *, elses: bool) -> None:
    error = unsuccessful(answer(status), READ)
    assert ("proxy" in error.remedy, "does not look like HubSpot" in error.what) == (elses, elses)
    assert "proxy" not in unsuccessful(answer(status, {"category": "X"}), READ).remedy


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


def test_retry_after_is_seconds_or_a_date_or_nonsense() -> None:
    later = datetime.now(timezone.utc) + timedelta(seconds=90)
    assert retry_after(answer(503, Retry_After="7")) == 7
    assert retry_after(answer(503, Retry_After=format_datetime(later, usegmt=True))) == pytest.approx(90, abs=5)
    assert retry_after(answer(503, Retry_After="soon")) is None
    assert retry_after(answer(503)) is None


def test_a_date_without_a_zone_is_utc() -> None:
    later = datetime.now(timezone.utc) + timedelta(seconds=90)
    for form in ("%a %b %d %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S -0000"):
        assert retry_after(answer(503, Retry_After=later.strftime(form))) == pytest.approx(90, abs=5)


@pytest.mark.parametrize("value", ["1e15", "inf", "nan", "-1e300", "Fri, 31 Dec 9999 23:59:59 -2359", "99999999999"])
def test_no_retry_after_is_too_odd_to_report(value: str) -> None:
    error = stop_error(answer(477, Retry_After=value))
    assert error is not None
    assert error.code is ErrorCode.HUBSPOT_MIGRATING


def test_a_lock_is_waited_for_two_seconds_at_least() -> None:
    assert least_wait(answer(423)) == 2
    assert least_wait(answer(423, Retry_After="5")) == 5
    assert least_wait(answer(500)) == 0


def test_a_problem_is_distinguished_from_whatever_there_is() -> None:
    assert problem_of(answer(502)).category == "HTTP_502"
    assert problem_of(answer(502)).message == "text"
    led = problem_of(answer(302, Location="https://proxy.example.com/sign-in?token=secret"))
    assert led.message == "it leads to https://proxy.example.com/sign-in, which is not followed"
    assert problem_of(answer(400, {"message": "m", "correlationId": "c", "category": "V"})).correlation_id == "c"


def test_results_in_any_order_go_to_their_rows() -> None:
    results = [
        {"id": "3", "objectWriteTraceId": "row-2"},
        {"id": "1", "properties": {"email": "N0@x.com"}},
        {"id": "2", "objectWriteTraceId": "row-1"},
    ]
    for creating, kind in ((True, Kind.CREATED), (False, Kind.UPDATED)):
        outcomes = match(rows(3), answer(200, {"results": results}), creating=creating)
        assert [(outcome.kind, outcome.hubspot_id) for outcome in outcomes] == [(kind, "1"), (kind, "2"), (kind, "3")]


@pytest.mark.parametrize(
    ("result", "finding"),
    [
        ({"id": "9", "properties": {"email": "boss@x.com"}}, Finding.MERGED),
        ({"id": "9", "properties": {"email": "n0@x.com"}}, Finding.MERGED),
        ({"id": "9"}, Finding.MERGED),
        ({"id": "7", "properties": {"email": "boss@x.com"}}, Finding.EMAIL_CHANGED),
    ],
)
def test_an_update_that_met_another_record_or_email_is_reported(result: dict[str, Any], finding: Finding) -> None:
    row = replace(rows(1)[0], record="7")
    (outcome,) = match([row], answer(200, {"results": [{**result, "objectWriteTraceId": "row-0"}]}))
    assert (outcome.kind, outcome.finding, outcome.hubspot_id) == (Kind.KEPT, finding, None)
    assert outcome.problem is not None
    assert outcome.problem.message.endswith("since the look right before it was written to")


def test_errors_go_to_the_rows_that_they_name_and_silence_is_failure() -> None:
    payload = {
        "results": [{"id": "1", "objectWriteTraceId": "row-0"}],
        "errors": [
            {"category": "VALIDATION_ERROR", "message": "bad", "context": {"objectWriteTraceId": ["row-1"]}},
            {"category": "INTERNAL_ERROR", "message": "ours", "context": {"objectWriteTraceId": "row-2"}},
        ],
        "correlationId": "c-1",
    }
    outcomes = match(rows(4), answer(207, payload))
    assert [outcome.kind for outcome in outcomes] == [Kind.UPDATED, Kind.REJECTED, Kind.FAILED, Kind.FAILED]
    assert outcomes[1].problem is not None
    assert outcomes[1].problem.correlation_id == "c-1"


@pytest.mark.parametrize(
    "payload",
    [{}, [], "x", {"results": None}, {"results": []}, {"results": [1, None]}, {"results": [{}], "errors": [7]}],
)
def test_rows_that_an_answer_does_not_mention_are_failed(payload: object) -> None:
    outcomes = match(rows(2), answer(200, payload))
    assert [outcome.kind for outcome in outcomes] == [Kind.FAILED, Kind.FAILED]


def test_an_error_that_names_no_row_rejects_a_row_that_was_sent_alone_and_leaves_several_open() -> None:
    payload = {
        "results": [{"id": "1", "objectWriteTraceId": "row-0"}],
        "errors": [{"category": "TIMEOUT", "message": "late"}, {"category": "VALIDATION_ERROR", "message": "bad"}],
    }
    alone = match(rows(2)[1:], answer(207, payload))
    assert [(outcome.kind, outcome.problem and outcome.problem.message) for outcome in alone] == [
        (Kind.REJECTED, "bad")
    ]
    assert [outcome.row.key for outcome in match(rows(3), answer(207, payload))] == ["0"]


def test_an_error_that_names_no_row_and_may_pass_fails_them() -> None:
    outcomes = match(rows(2), answer(207, {"errors": [{"category": "INTERNAL_ERROR"}]}))
    assert [outcome.kind for outcome in outcomes] == [Kind.FAILED, Kind.FAILED]


def test_an_error_outweighs_a_result_for_the_same_row() -> None:
    payload = {
        "results": [{"id": "1", "objectWriteTraceId": "row-0"}],
        "errors": [{"category": "CONFLICT", "context": {"objectWriteTraceId": ["row-0"]}}],
    }
    assert match(rows(1), answer(207, payload))[0].kind is Kind.REJECTED


@pytest.mark.parametrize("record", [None, {"no": 1}, ["7"], True, "x" * 40, "9" * 40, "٣", ""])
def test_what_can_be_no_record_id_leaves_the_acknowledgement_standing(record: object) -> None:
    (outcome,) = match(rows(1), answer(200, {"results": [{"id": record, "objectWriteTraceId": "row-0"}]}))
    assert (outcome.kind, outcome.hubspot_id) == (Kind.UPDATED, None)


@pytest.mark.parametrize(
    ("value", "expected"), [("190", 190), ("", None), ("-1", None), ("x", None), ("9" * 5000, None)]
)
def test_a_header_that_is_no_sensible_number_says_nothing(value: str, expected: int | None) -> None:
    assert whole_number(answer(200, X_HubSpot_RateLimit_Max=value), "X-HubSpot-RateLimit-Max") == expected


def test_a_message_as_long_as_a_body_is_cut() -> None:
    assert len(problem_of(answer(500, {"message": "x" * 1_000_000})).message) < 10_000


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
