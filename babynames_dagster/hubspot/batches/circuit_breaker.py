"""A circuit breaker: what fails for every row or every call ends the run, and is not found out one by one.

What belongs here: when a run's refusals or failures are taken for one. What does not: sending.
"""

import threading
from collections.abc import Sequence

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS
from babynames_dagster.hubspot.api.failures import MOST_FAILED_ALIKE, repeated
from babynames_dagster.hubspot.batches.outcomes import Kind, Outcome

_ACKNOWLEDGED = frozenset({Kind.CREATED, Kind.UPDATED})

MOST_REFUSED_ALONE = 2 * BATCH_INPUTS
"""Rows sent alone that may be refused in a row. To find out one costs two calls, and no run of bad rows in real data
is as long as two full batches."""

MOST_REFUSED = 10 * BATCH_INPUTS
"""Rows that may be refused in a row, however they were sent."""


class Breaker:
    """Counts what one run was refused since the last row that got through. Safe to share between threads.

    Attributes:
        tripped: Whether it has ended the run because of rows that were refused.
    """

    def __init__(self) -> None:
        """Start with nothing refused."""
        self.tripped = False
        self._refused = 0
        self._refused_alone = 0
        self._failed = 0
        self._failed_for = ""
        self._counting = threading.Lock()

    def saw(self, outcomes: Sequence[Outcome]) -> None:
        """Take note of the outcomes of one call that HubSpot answered row by row.

        Raises:
            PipelineError: HUBSPOT_ERROR where too many rows were refused in a row, HUBSPOT_NOT_ALLOWED where the
                account lets nothing through.
        """
        problem = outcomes[-1].problem if outcomes else None
        said = str(problem) if problem else "it does not say why"
        with self._counting:
            if any(outcome.kind in _ACKNOWLEDGED for outcome in outcomes):
                self._refused = self._refused_alone = self._failed = 0
                return
            refused = sum(outcome.kind is Kind.REJECTED for outcome in outcomes)
            self._refused += refused
            self._refused_alone += refused if len(outcomes) == 1 else 0
            too_many = self._refused >= MOST_REFUSED or self._refused_alone >= MOST_REFUSED_ALONE
            count = self._refused
        if too_many:
            self.tripped = True
            raise PipelineError(
                ErrorCode.HUBSPOT_ERROR,
                f"HubSpot refused {count:,} contacts in a row, and took none between them. The last refusal: {said}",
                retryable=False,
                remedy="Correct what it names, then run again.",
            )
        if problem is not None and any(outcome.kind is Kind.FAILED for outcome in outcomes):
            self.failed(problem.category, PipelineError(ErrorCode.HUBSPOT_NOT_ALLOWED, f"HubSpot says {said}"))

    def passed(self) -> None:
        """Take note of a call that got through."""
        with self._counting:
            self._failed = 0

    def failed(self, reason: int | str, error: PipelineError) -> None:
        """Take note of a call in which nothing got through.

        Args:
            reason: What makes two failures the same: a status or a category.
            error: What says so for people.

        Raises:
            PipelineError: `error`, where too many calls in a row failed for this reason.
        """
        with self._counting:
            self._failed = self._failed + 1 if self._failed_for == str(reason) else 1
            self._failed_for = str(reason)
            count = self._failed
        if count >= MOST_FAILED_ALIKE:
            raise repeated(error, count)
