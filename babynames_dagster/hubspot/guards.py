"""Guards: how many contacts one run may create, update and archive before a person has to say so.

What belongs here: that decision, as pure functions of counts. What does not: counting, which each kind of run does
before its first write.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import HubSpotSettings


@dataclass(frozen=True)
class Writes:
    """How many contacts a run is about to write.

    Attributes:
        creates: Contacts to be created.
        updates: Contacts to be updated.
        archives: Contacts to be archived.
    """

    creates: int = 0
    updates: int = 0
    archives: int = 0


@dataclass(frozen=True)
class Guards:
    """Most contacts of a run: a number (`500`), a share of the contacts (`5%`), or empty for any number.

    Attributes:
        creates: Most creates (HUBSPOT_MAX_CREATES).
        updates: Most updates (HUBSPOT_MAX_UPDATES).
        archives: Most archives (HUBSPOT_MAX_ARCHIVES).
        overridden: Whether a person has said that this run may do more.
    """

    creates: str = ""
    updates: str = ""
    archives: str = ""
    overridden: bool = False

    @classmethod
    def from_settings(cls, settings: HubSpotSettings, *, overridden: bool = False) -> "Guards":
        """Return the guards that the settings describe."""
        return cls(settings.max_creates, settings.max_updates, settings.max_archives, overridden)

    @property
    def need_counts_of_sync(self) -> bool:
        """Whether creates and updates have to be counted before the first write."""
        return bool((self.creates or self.updates) and not self.overridden)

    def check(self, writes: Writes, *, contacts: int) -> None:
        """Make sure that a run writes no more than it may.

        Args:
            writes: What it is about to write.
            contacts: What a share is of: the contacts that the run is about.

        Raises:
            PipelineError: HUBSPOT_GUARD, naming every guard that stands in the way.
        """
        if self.overridden:
            return
        exceeded = [
            f"{wanted:,} contacts to {action}, at most {most:,} allowed"
            f" (HUBSPOT_MAX_{action.upper()}S={bound} of {contacts:,})"
            for action, wanted, bound in (
                ("create", writes.creates, self.creates),
                ("update", writes.updates, self.updates),
                ("archive", writes.archives, self.archives),
            )
            if (most := most_allowed(bound, contacts)) is not None and wanted > most
        ]
        if exceeded:
            raise PipelineError(
                ErrorCode.HUBSPOT_GUARD,
                f"Nothing was written, because it would be more than the guards let through: {'; '.join(exceeded)}.",
            )


def most_allowed(bound: str, contacts: int) -> int | None:
    """Return how many contacts a guard lets through; None for any number.

    A share above zero lets one contact through where it is less than one, or small accounts could never change.

    Args:
        bound: A number, a share with a percent sign, or nothing.
        contacts: What a share is of.
    """
    if not bound:
        return None
    if not bound.endswith("%"):
        return int(bound)
    share = Fraction(bound[:-1]) / 100
    return max(1, math.floor(share * contacts)) if share else 0
