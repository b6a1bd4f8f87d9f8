"""Whose entries: the ledger holds those of many sources with many accounts, side by side."""

from typing import NamedTuple

import sqlalchemy as sa


class Ledger(NamedTuple):
    """One source's entries about one account.

    Attributes:
        portal_id: The account.
        sync: The source's name.
    """

    portal_id: int
    sync: str

    def owns(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """Return the condition of a row of `hubspot_contacts`, `superseded_contacts` or `senders` that is its own."""
        return sa.and_(table.c.portal_id == self.portal_id, table.c.sync == self.sync)
