"""The result of a load."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from babynames_dagster.database.loading.loads import KeptReject, LoadRow, RowCounts

FIRST_REJECTS = 10


@dataclass(frozen=True)
class LoadReport:
    """What came of a load.

    Attributes:
        load: Its record. Of a file that was loaded before, the record of then, with counts as of now.
        seconds: How long it took.
        resumed_at: Rows of the file that an interrupted run had committed before; 0 where there was none.
        recognised: Whether the file was loaded before, and so not read again.
        first_rejects: The first rejects by line, ten at most.
    """

    load: LoadRow
    seconds: float
    resumed_at: int
    recognised: bool
    first_rejects: Sequence[KeptReject]


def recognised_load(load: LoadRow, *, file_name: str, table_rows: int) -> LoadRow:
    """Return the record of a load for a file that it has brought before: all that it inserted is present now."""
    rows = load.rows + RowCounts(inserted=-load.rows.inserted, present=load.rows.inserted)
    return replace(load, file_name=file_name, table_rows=table_rows, rows=rows)
