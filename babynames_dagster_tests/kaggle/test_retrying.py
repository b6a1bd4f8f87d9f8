"""Downloads are tried again where that can help."""

import logging

import pytest

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.retrying import retried
from babynames_dagster.settings import load_settings

_LOG = logging.getLogger(__name__)


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
