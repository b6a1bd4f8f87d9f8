"""Turning the domain's errors into Dagster's, with code, cause and remedy where people look: UI, terminal, log file."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.logs import log_to_files
from babynames_dagster.settings import current_settings

CODE_KEY = "code"
CAUSE_KEY = "cause"
REMEDY_KEY = "remedy"
_INTERRUPTIONS = {"DagsterExecutionInterruptedError", "KeyboardInterrupt"}


@contextmanager
def dagster_failures(log: logging.Logger) -> Iterator[None]:
    """Turn a PipelineError into a Failure, and let the step's log write to LOG_DIR, too.

    Args:
        log: The step's log.

    Raises:
        Failure: What the error says; marked where no retry can help.
    """
    try:
        log_to_files(current_settings(), log)
        yield
    except PipelineError as error:
        log.error("%s", error)  # noqa: TRY400 - the message is for people; Dagster keeps the traceback
        raise as_failure(error) from error


def as_failure(error: PipelineError) -> dg.Failure:
    """Return the Failure that says what `error` says."""
    return dg.Failure(
        description=str(error),
        metadata={CODE_KEY: error.code.name, CAUSE_KEY: error.what, REMEDY_KEY: error.remedy},
        allow_retries=error.retryable,
    )


def error_of(event: dg.DagsterEvent) -> PipelineError:
    """Return what made a step fail, as far as its event tells."""
    failure = event.step_failure_data
    said = failure.user_failure_data
    if said is not None and CODE_KEY in said.metadata:
        return PipelineError(
            ErrorCode[str(said.metadata[CODE_KEY].value)],
            str(said.metadata[CAUSE_KEY].value),
            remedy=str(said.metadata[REMEDY_KEY].value),
        )
    cause = failure.error
    while cause is not None and cause.cause is not None:
        cause = cause.cause
    if cause is not None and cause.cls_name in _INTERRUPTIONS:
        return PipelineError(ErrorCode.INTERRUPTED, f"{event.step_key} was stopped.")
    if cause is not None and cause.cls_name == "DagsterAssetCheckFailedError":
        # `few_rows_are_rejected` is the one check that blocks.
        return PipelineError(ErrorCode.TOO_MANY_REJECTS, f"{event.step_key}: {cause.message.strip()}")
    message = cause.message.strip() if cause is not None else "no reason given"
    return PipelineError(ErrorCode.UNEXPECTED, f"{event.step_key}: {message}")
