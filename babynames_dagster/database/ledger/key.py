"""Whose entries: the ledger holds those of many sources with many accounts, side by side."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlalchemy as sa

NAMES = "baby_names"
"""What the names' entries are called in the ledger."""


class Ledger(NamedTuple):
    """One source's entries about one account.

    Attributes:
        portal_id: The account.
        sync: The source's name.
    """

    portal_id: int
    sync: str

    def owns(self, table: "sa.Table") -> "sa.ColumnElement[bool]":
        """Return the condition of a row of `hubspot_contacts`, `superseded_contacts` or `senders` that is its own."""
        return (table.c.portal_id == self.portal_id) & (table.c.sync == self.sync)
