"""The one exception that leaves the domain."""

import pickle
import re
from pathlib import Path

import pytest

import babynames_dagster
from babynames_dagster.errors import ErrorCode, PipelineError


def test_an_error_says_code_cause_and_remedy() -> None:
    error = PipelineError(ErrorCode.DB_NOT_FOUND, "No database `names` on db:3306. ")
    assert str(error) == (
        "[DB_NOT_FOUND] No database `names` on db:3306.\n"
        "  What to do: Create the database (CREATE DATABASE ... CHARACTER SET utf8mb4), or correct DB_NAME."
    )
    assert not error.retryable


def test_the_place_that_raises_may_know_better_than_the_code() -> None:
    error = PipelineError(ErrorCode.DB_BUSY, "Locked.", remedy="Stop the other run.", retryable=False)
    assert (error.remedy, error.retryable) == ("Stop the other run.", False)
    assert ErrorCode.DB_BUSY.retryable


def test_an_error_crosses_process_boundaries_whole() -> None:
    error = PipelineError(ErrorCode.HUBSPOT_ERROR, "502.", remedy="Wait.", retryable=False)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (again.code, again.what, again.remedy, again.retryable) == (error.code, "502.", "Wait.", False)
    assert str(again) == str(error)


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_code_has_a_remedy_in_a_sentence(code: ErrorCode) -> None:
    assert re.fullmatch(r"[A-Z`].*\.", code.remedy)
    assert ErrorCode[code.name] is code


def test_no_two_codes_are_one() -> None:
    assert len({code.value for code in ErrorCode}) == len(ErrorCode.__members__)


def test_every_code_is_raised_somewhere() -> None:
    folder = Path(babynames_dagster.__file__).parent
    sources = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    assert [code.name for code in ErrorCode if f"ErrorCode.{code.name}" not in sources] == []
