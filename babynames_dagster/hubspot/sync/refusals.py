"""Refusals that are one trouble of the account rather than of the rows: they are not held against the rows.

What belongs here: that decision, and the error that says so. What does not: ending a run early
(`batches/circuit_breaker.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS
from babynames_dagster.hubspot.batches.outcomes import Kind, Outcome
from babynames_dagster.hubspot.sync.recording import ACKNOWLEDGED


@dataclass
class Refusals:
    """What one run was refused.

    Attributes:
        rows: Rows that were refused since the last one that got through.
        acknowledged: Whether any got through.
    """

    rows: list[Outcome] = field(default_factory=list)
    acknowledged: bool = False

    def saw(self, outcomes: Sequence[Outcome]) -> None:
        """Take note of what became of rows."""
        if any(outcome.kind in ACKNOWLEDGED for outcome in outcomes):
            self.acknowledged = True
            self.rows.clear()
        self.rows += [outcome for outcome in outcomes if outcome.kind is Kind.REJECTED]

    def are_one_trouble(self, *, acknowledged_before: bool) -> bool:
        """Return whether the refusals are one trouble of the account.

        So it is where no contact was ever acknowledged, or a whole batch was refused and nothing got through.

        Args:
            acknowledged_before: Whether HubSpot has acknowledged any contact of the account, in whichever run.
        """
        if self.acknowledged or not self.rows:
            return False
        return not acknowledged_before or len(self.rows) >= BATCH_INPUTS

    @property
    def as_failures(self) -> list[Outcome]:
        """The refused rows as failed ones, which the next run sends again."""
        return [replace(outcome, kind=Kind.FAILED) for outcome in self.rows]

    def error(self, failed: int, reasons: Sequence[str]) -> PipelineError:
        """Return the error of a run in which nothing got through.

        Args:
            failed: Contacts that HubSpot did not answer for, or not in a way that counts.
            reasons: What HubSpot says, a sentence each.
        """
        refused = len(self.rows)
        what = f"HubSpot refused all {refused:,} contacts that were sent."
        if failed:
            sent = refused + failed
            what = f"None of {sent:,} contacts that were sent got through: HubSpot refused {refused:,} of them."
        return PipelineError(
            ErrorCode.HUBSPOT_ERROR,
            " ".join([what, *reasons]),
            retryable=False,
            remedy="Correct what it names, then run again: they are sent again.",
        )
