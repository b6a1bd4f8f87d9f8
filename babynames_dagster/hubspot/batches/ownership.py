"""Whose a contact is that our email or our record id leads to: a pure decision over what HubSpot shows of it."""

from dataclasses import dataclass

from babynames_dagster.database.ledger.states import NOT_OURS, Finding
from babynames_dagster.hubspot.api.answers import Problem
from babynames_dagster.hubspot.api.records import Record


@dataclass(frozen=True)
class Obstacle:
    """Why a contact is not ours to write.

    Attributes:
        finding: What it was found to be.
        why: The same in words.
    """

    finding: Finding
    why: str

    @property
    def problem(self) -> Problem:
        """The reason as the ledger keeps it."""
        return Problem(NOT_OURS, self.why)


def obstacle(email: str, record: Record, known: str | None = None) -> Obstacle | None:
    """Return why a contact is not ours to write; None where it is.

    A contact that has taken another one in, or whose primary email is another, is somebody's by now.

    Args:
        email: Our email.
        record: What HubSpot shows under our email or record id.
        known: The record id that the ledger has; None where the contact was found by its email.
    """
    moved = known is not None and record.record_id != known
    part_of_another = bool(record.former_ids) or moved or known is None
    if record.email != email:
        owner = record.email or "a contact without a primary one"
        leads = "is a secondary one of" if email in record.other_emails else "has become"
        why = f"its email {leads} {owner}, record {record.record_id}"
        return Obstacle(Finding.MERGED if part_of_another else Finding.EMAIL_CHANGED, why)
    if record.former_ids:
        return Obstacle(Finding.MERGED, f"record {record.record_id} was merged out of {', '.join(record.former_ids)}")
    return Obstacle(Finding.MERGED, f"record {known} has become record {record.record_id}") if moved else None
