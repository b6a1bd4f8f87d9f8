"""What answers say, whatever HubSpot or a gateway before it leaves out of them."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest

from babynames_dagster.hubspot.api.answers import (
    Answer,
    least_wait,
    problem_of,
    retry_after,
    started_at,
    whole_number,
)


def answer(status: int, payload: Any = None, **headers: str) -> Answer:  # noqa: ANN401 - any JSON value
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, payload, "text")


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


@pytest.mark.parametrize(
    ("value", "expected"), [("190", 190), ("", None), ("-1", None), ("x", None), ("9" * 5000, None)]
)
def test_a_header_that_is_no_sensible_number_says_nothing(value: str, expected: int | None) -> None:
    assert whole_number(answer(200, X_HubSpot_RateLimit_Max=value), "X-HubSpot-RateLimit-Max") == expected


def test_a_message_as_long_as_a_body_is_cut() -> None:
    assert len(problem_of(answer(500, {"message": "x" * 1_000_000})).message) < 10_000
