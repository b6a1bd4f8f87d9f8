"""Results and errors of an answer go to the rows that they are about; a row that none mentions has failed."""

from dataclasses import replace
from typing import Any

import pytest

from babynames_dagster.database.ledger.states import Finding
from babynames_dagster.hubspot.api.answers import (
    Answer,
)
from babynames_dagster.hubspot.batches.outcomes import Kind, Outgoing, match


def answer(status: int, payload: Any = None, **headers: str) -> Answer:  # noqa: ANN401 - any JSON value
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, payload, "text")


def rows(count: int) -> list[Outgoing]:
    return [
        Outgoing(str(number), "A", {"email": f"n{number}@x.com", "firstname": f"N{number}"}, "f")
        for number in range(count)
    ]


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
