"""Columns of the ledger that several statements read."""

from typing import Any

import sqlalchemy as sa

from babynames_dagster.database.ledger.rows import Entry
from babynames_dagster.database.tables import hubspot_contacts


def entry_columns() -> list[sa.ColumnElement[Any]]:
    """Return the columns that an `Entry` is made of, in its order."""
    return [hubspot_contacts.c[name] for name in Entry._fields]
