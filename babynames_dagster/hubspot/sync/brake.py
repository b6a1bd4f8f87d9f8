"""The brake: a refusal that strikes every row is told once, and not found out row by row.

What belongs here: when a run's refusals are taken for one. What does not: sending.
"""

import threading
from collections.abc import Sequence

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS
from babynames_dagster.hubspot.sync.outcomes import Kind, Outcome

_ACKNOWLEDGED = frozenset({Kind.CREATED, Kind.UPDATED})

MOST_REFUSED_ALONE = 2 * BATCH_INPUTS
"""Rows sent alone that may be refused in a row. To find out one costs two calls, and no run of bad rows in real data
is as long as two full batches."""


class Brake:
    """Counts the rows of one run that were sent alone and refused, since the last one that got through.

    Safe to share between threads.
    """

    def __init__(self) -> None:
        """Start with nothing refused."""
        self._refused = 0
        self._counting = threading.Lock()

    def saw(self, outcomes: Sequence[Outcome]) -> None:
        """Take note of the outcomes of one request.

        Raises:
            PipelineError: HUBSPOT_ERROR where too many rows were refused in a row.
        """
        with self._counting:
            if any(outcome.kind in _ACKNOWLEDGED for outcome in outcomes):
                self._refused = 0
            elif len(outcomes) == 1 and outcomes[0].kind is Kind.REJECTED:
                self._refused += 1
            if self._refused < MOST_REFUSED_ALONE:
                return
        problem = outcomes[-1].problem if outcomes else None
        said = f"{problem.category}: {problem.message}" if problem else "it does not say why"
        raise PipelineError(
            ErrorCode.HUBSPOT_ERROR,
            f"HubSpot refused {MOST_REFUSED_ALONE} contacts in a row, each sent alone, and took none between them. "
            f"The last refusal: {said}",
            retryable=False,
            remedy="Mend what it says, then run again with `retry_rejected: true`.",
        )
