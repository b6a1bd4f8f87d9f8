"""Turning the domain's errors into Dagster's, with code, cause and remedy where people look: UI, terminal, log file."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

import dagster as dg

from babynames_dagster.errors import ErrorCode, PipelineError

CODE_KEY = "code"
CAUSE_KEY = "cause"
REMEDY_KEY = "remedy"
KILLED = "The process of this run was killed."
"""What the command says of a run that it finds without its process."""

_INTERRUPTIONS = {"DagsterExecutionInterruptedError", "KeyboardInterrupt"}
_STOPPED = "It was stopped."
# Dagster has no code for these; its texts, as of 1.13, are in `dagster/_grpc/server.py` and
# `dagster/_daemon/monitoring/run_monitoring.py`.
_WORKER_ENDED = ("Run execution process for", "Detected run worker status")
_RUN_ENDED = (
    KILLED,
    *_WORKER_ENDED,
    "Exceeded maximum runtime",
    "Run timed out",
    "This job is being forcibly marked as failed",
    "This run has been marked as failed from outside",
)
_REPORTER = re.compile(r"\[\w+\] ")
"""Before the text of an engine's event: the class that reported it, such as `[DagsterApiServer] `."""
_WRITTEN = re.compile(r"\[(?P<code>[A-Z_]+)\] (?P<what>.*?)\n\s*What to do: (?P<remedy>.*)", re.DOTALL)


class _ErrorInfo(Protocol):
    """An exception as Dagster keeps it."""

    @property
    def message(self) -> str: ...
    @property
    def cls_name(self) -> str | None: ...
    @property
    def cause(self) -> "_ErrorInfo | None": ...


@contextmanager
def dagster_failures(log: logging.Logger, how_far: Callable[[], str] = str) -> Iterator[None]:
    """Turn a PipelineError into a Failure; `FilesResource.failures` opens the log files as well.

    Args:
        log: The step's log.
        how_far: Says, where the step is stopped, how far it came; empty where that is not known.

    Raises:
        Failure: What the error says; marked where no retry can help.
        BaseException: What stopped the step, with a text for people.
    """
    try:
        yield
    except PipelineError as error:
        log.error("%s", error)  # noqa: TRY400 - the message is for people; Dagster keeps the traceback
        raise as_failure(error) from error
    except BaseException as error:
        if type(error).__name__ not in _INTERRUPTIONS or str(error):
            raise
        interrupted = PipelineError(ErrorCode.INTERRUPTED, how_far() or _STOPPED)
        log.error("%s", interrupted)  # noqa: TRY400 - as above
        # Dagster distinguishes a cancelled run from a failed one by this very class; its text is what the UI shows.
        raise type(error)(str(interrupted)) from None


def as_failure(error: PipelineError) -> dg.Failure:
    """Return the Failure that says what `error` says."""
    return dg.Failure(
        description=str(error),
        metadata={CODE_KEY: error.code.name, CAUSE_KEY: error.what, REMEDY_KEY: error.remedy},
        allow_retries=error.retryable,  # our jobs have no retry policy; a project's own may
    )


def error_of_run(events: Iterable[dg.DagsterEvent]) -> PipelineError | None:
    """Return what made a run fail, as far as its events say; None where it did not.

    A worker that was killed leaves no failed step: what ended it is in an event of Dagster's engine.
    """
    engine_said = ""
    for event in events:
        if event.is_step_failure:
            return error_of(event)
        if event.is_engine_event:
            said = _REPORTER.sub("", event.message or "", count=1)
            engine_said = said if said.startswith(_WORKER_ENDED) else engine_said
        if event.is_failure:
            return _error_of_failure(event, engine_said)
    return None


def _error_of_failure(event: dg.DagsterEvent, engine_said: str) -> PipelineError:
    message = (event.message or "").strip()
    if engine_said:
        return PipelineError(ErrorCode.RUN_LOST, engine_said)
    if message.startswith(_RUN_ENDED):
        return PipelineError(ErrorCode.RUN_LOST, message)
    error = event.job_failure_data.error
    root = _root(error) if error is not None else None
    return PipelineError(ErrorCode.UNEXPECTED, message) if root is None else _error_of_exception(root, "")


def failed_checks(events: Iterable[dg.DagsterEvent]) -> list[dg.AssetCheckEvaluation]:
    """Return the asset checks that did not pass in a run."""
    checks = [
        event.asset_check_evaluation_data
        for event in events
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    return [check for check in checks if not check.passed]


def check_titles(checks: Iterable[dg.AssetCheckEvaluation], severity: dg.AssetCheckSeverity) -> list[str]:
    """Return what those of a severity are called."""
    return [check_title(check) for check in checks if check.severity == severity]


def check_title(check: dg.AssetCheckEvaluation) -> str:
    """Return what a check is called: `asset: check`."""
    return f"{check.asset_key.to_user_string()}: {check.check_name}"


def error_of(event: dg.DagsterEvent) -> PipelineError:
    """Return what made a step fail, as far as its event says."""
    failure = event.step_failure_data
    said = failure.user_failure_data
    if said is not None and CODE_KEY in said.metadata:
        return PipelineError(
            ErrorCode[str(said.metadata[CODE_KEY].value)],
            str(said.metadata[CAUSE_KEY].value),
            remedy=str(said.metadata[REMEDY_KEY].value),
        )
    cause = _root(failure.error) if failure.error is not None else None
    if cause is not None and cause.cls_name == "DagsterAssetCheckFailedError":
        # `few_rows_are_rejected` is the one check that blocks.
        return PipelineError(ErrorCode.TOO_MANY_REJECTS, f"{event.step_key}: {cause.message.strip()}")
    if cause is None:
        return PipelineError(ErrorCode.UNEXPECTED, f"{event.step_key}: no reason given")
    return _error_of_exception(cause, f"{event.step_key}: ")


def _error_of_exception(error: _ErrorInfo, where: str) -> PipelineError:
    """Return what an exception says; a PipelineError that no step turned into a Failure is read off its text.

    Ctrl-C may come between two steps, or while a step's resources are made or closed.
    """
    if error.cls_name in _INTERRUPTIONS:
        return PipelineError(ErrorCode.INTERRUPTED, where + (_said(error.message) or _STOPPED))
    ours = _WRITTEN.search(error.message) if error.cls_name == PipelineError.__name__ else None
    if ours is not None and ours["code"] in ErrorCode.__members__:
        return PipelineError(ErrorCode[ours["code"]], where + ours["what"], remedy=ours["remedy"].strip())
    return PipelineError(ErrorCode.UNEXPECTED, where + error.message.strip())


def _root(error: _ErrorInfo) -> _ErrorInfo:
    while error.cause is not None:
        error = error.cause
    return error


def _said(message: str) -> str:
    """Return what an interruption says of how far its step came; empty where it says nothing."""
    _, found, said = message.partition(f"[{ErrorCode.INTERRUPTED.name}] ")
    return said.partition("\n  What to do:")[0].strip() if found else ""
