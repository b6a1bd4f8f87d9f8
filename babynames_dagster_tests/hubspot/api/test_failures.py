"""What a call that did not succeed is reported as."""

from typing import Any

import pytest

from babynames_dagster.hubspot.api.answers import (
    Answer,
)
from babynames_dagster.hubspot.api.endpoints import READ
from babynames_dagster.hubspot.api.failures import unsuccessful


def answer(status: int, payload: Any = None, **headers: str) -> Answer:  # noqa: ANN401 - any JSON value
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, payload, "text")


@pytest.mark.parametrize(("status", "elses"), [(200, True), (302, True), (403, True), (404, False), (502, False)])
def test_an_answer_that_is_no_json_may_be_a_proxys_and_the_remedy_says_so(status: int, *, elses: bool) -> None:
    error = unsuccessful(answer(status), READ)
    assert ("proxy" in error.remedy, "does not look like HubSpot" in error.what) == (elses, elses)
    assert "proxy" not in unsuccessful(answer(status, {"category": "X"}), READ).remedy
