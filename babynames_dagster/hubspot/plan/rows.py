"""A plan's rows as values: what is to be done with each contact, as a person reviews it.

What belongs here: the row, and the form that it has in a file. What does not: finding it out (`making.py`), the file
(`files.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from babynames_dagster.hubspot.api.differences import shown


class Planned(Enum):
    """What is to be done with a contact."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    """It is as it is to be, by an earlier acknowledgement or by a look at HubSpot."""
    KEPT = "kept"
    """HUBSPOT_WRITE_POLICY leaves it as HubSpot has it."""
    ARCHIVE = "archive"
    """HUBSPOT_MIRROR archives it: the account is no longer to have it."""
    BLOCKED = "blocked"
    """Something stands in the way."""
    UNANSWERED = "unanswered"
    """HubSpot did not answer for it."""


WRITES = frozenset({Planned.CREATE, Planned.UPDATE, Planned.ARCHIVE})
"""What applying a plan does."""


@dataclass(frozen=True)
class Change:
    """One property of a contact, before and after.

    Attributes:
        theirs: HubSpot's value; None where it has none.
        ours: The value that is written, or would be, were it not for the policy.
    """

    theirs: str | None
    ours: str


@dataclass(frozen=True)
class PlannedRow:
    """What is to be done with one contact.

    Attributes:
        action: What is to be done.
        key: What the row is known by in its source.
        partition: Its partition.
        name: The row for people; empty where its source no longer has it.
        email: The contact's email.
        fingerprint: The payload, mapping included; empty where none is sent.
        record: HubSpot's record id; None where there is no such contact.
        changes: What differs, by property.
        reason: Why it is kept, blocked or archived.
        superseded: Whether it is the contact of a former email.
    """

    action: Planned
    key: str
    partition: str
    name: str
    email: str
    fingerprint: str = ""
    record: str | None = None
    changes: Mapping[str, Change] = field(default_factory=dict)
    reason: str = ""
    superseded: bool = False

    @property
    def said(self) -> str:
        """The changes for people: HubSpot's values first."""
        return "; ".join(f"{name}: {shown(one.theirs)} -> {shown(one.ours)}" for name, one in self.changes.items())

    def as_json(self) -> dict[str, Any]:
        """Return the row as a plan's file has it."""
        return {
            "action": self.action.value,
            "key": self.key,
            "partition": self.partition,
            "name": self.name,
            "email": self.email,
            "record": self.record,
            "changes": {name: {"hubspot": change.theirs, "ours": change.ours} for name, change in self.changes.items()},
            "reason": self.reason,
            "superseded": self.superseded,
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "PlannedRow":
        """Return the row that a plan's file describes.

        Raises:
            KeyError: A field is missing.
            ValueError: A field is not what it should be.
            TypeError: As above.
        """
        return cls(
            Planned(row["action"]),
            str(row["key"]),
            str(row["partition"]),
            str(row["name"]),
            str(row["email"]),
            str(row["fingerprint"]),
            None if row["record"] is None else str(row["record"]),
            {name: Change(change["hubspot"], change["ours"]) for name, change in row["changes"].items()},
            str(row["reason"]),
            bool(row["superseded"]),
        )

    @property
    def reviewed(self) -> tuple[object, ...]:
        """What a person has agreed to: where any of it is another, the row is not written."""
        return self.action, self.email, self.fingerprint, self.record, dict(self.changes)
