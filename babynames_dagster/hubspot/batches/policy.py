"""What is to be written of a contact, given what HubSpot has: one decision for sync, dry run and plan.

What belongs here: HUBSPOT_WRITE_POLICY as a pure decision. What does not: reading HubSpot, and writing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from babynames_dagster.hubspot.api.differences import Difference, differences


class WritePolicy(Enum):
    """What HUBSPOT_WRITE_POLICY allows to be written."""

    OVERWRITE = "overwrite"
    """Everything that we own."""
    FILL_EMPTY = "fill_empty"
    """A property only where HubSpot has none."""
    CREATE_ONLY = "create_only"
    """New contacts only."""
    UPDATE_ONLY = "update_only"
    """Contacts that are there only."""

    @property
    def looks_first(self) -> bool:
        """Whether HubSpot has to be read before a row can be written: one call for a hundred rows."""
        return self is not WritePolicy.OVERWRITE


class Action(Enum):
    """What is to be done with one contact."""

    CREATE = auto()
    UPDATE = auto()
    UNCHANGED = auto()
    """It holds what we would write."""
    KEEP = auto()
    """The policy leaves HubSpot as it is."""


@dataclass(frozen=True)
class Decision:
    """What is to be done with one contact, and why.

    Attributes:
        action: What is to be done.
        properties: What is to be written; empty where nothing is.
        differences: Each property that HubSpot has otherwise, whether or not it is written.
    """

    action: Action
    properties: Mapping[str, str] = field(default_factory=dict)
    differences: Sequence[Difference] = ()


def decide(payload: Mapping[str, str], theirs: Mapping[str, Any] | None, policy: WritePolicy) -> Decision:
    """Return what is to be done with a contact.

    Args:
        payload: What we would send, `email` included.
        theirs: The contact's properties in HubSpot; None where there is no such contact.
        policy: What may be written.
    """
    if theirs is None:
        if policy is WritePolicy.UPDATE_ONLY:
            return Decision(Action.KEEP)
        return Decision(Action.CREATE, payload)
    found = differences(payload, theirs)
    # Never the email: a user may have entered another one since the look.
    ours = {name: value for name, value in payload.items() if name != "email"}
    if policy is WritePolicy.OVERWRITE and ours:
        # A sync writes what is there already, too.
        return Decision(Action.UPDATE, ours, found)
    if not found:
        return Decision(Action.UNCHANGED)
    if policy is WritePolicy.CREATE_ONLY:
        return Decision(Action.KEEP, differences=found)
    changed = {item.property: item.ours for item in found if policy is WritePolicy.UPDATE_ONLY or not item.theirs}
    return Decision(Action.UPDATE if changed else Action.KEEP, changed, found)
