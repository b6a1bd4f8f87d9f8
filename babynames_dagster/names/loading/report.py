"""What came of a load.

What belongs here: the report and how it is made of the ledger's row. What does not: loading.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from babynames_dagster.database.loading.loads import KeptReject, LoadRow

FIRST_REJECTS = 10


@dataclass(frozen=True)
class LoadReport:
    """What came of a load: every row read is inserted, present, a duplicate or rejected.

    Attributes:
        load_id: Its row in `loads`.
        target: The table.
        file_name: The file's name.
        sha256: The file's content.
        rows_read: Rows of the file, without the header and blank lines.
        rows_inserted: Those that became a row of the table.
        rows_present: Those whose row was there before the load; of several such, the first.
        rows_duplicate: Those that repeat an earlier row of the file.
        rows_rejected: Those that are in `rejected_rows`.
        table_rows: Rows of the table afterwards.
        seconds: How long it took.
        resumed_at: Rows of the file that an interrupted run had committed before; 0 where there was none.
        recognised: Whether the file was loaded before, and so not read again.
        first_rejects: The first rejects by line, ten at most.
    """

    load_id: int
    target: str
    file_name: str
    sha256: str
    rows_read: int
    rows_inserted: int
    rows_present: int
    rows_duplicate: int
    rows_rejected: int
    table_rows: int
    seconds: float
    resumed_at: int
    recognised: bool
    first_rejects: Sequence[KeptReject]


def report_of(load: LoadRow, *, rejects: Sequence[KeptReject], seconds: float, resumed_at: int) -> LoadReport:
    """Return the report of a load that is done."""
    return LoadReport(
        load_id=load.id,
        target=load.target,
        file_name=load.file_name,
        sha256=load.sha256,
        rows_read=load.rows_read,
        rows_inserted=load.rows_inserted,
        rows_present=load.rows_present,
        rows_duplicate=load.rows_duplicate,
        rows_rejected=load.rows_rejected,
        table_rows=load.table_rows or 0,
        seconds=seconds,
        resumed_at=resumed_at,
        recognised=False,
        first_rejects=rejects,
    )


def report_of_recognised(
    load: LoadRow, *, file_name: str, table_rows: int, rejects: Sequence[KeptReject], seconds: float
) -> LoadReport:
    """Return the report of a file that an earlier load has brought: all that it inserted is present now."""
    return LoadReport(
        load_id=load.id,
        target=load.target,
        file_name=file_name,
        sha256=load.sha256,
        rows_read=load.rows_read,
        rows_inserted=0,
        rows_present=load.rows_inserted + load.rows_present,
        rows_duplicate=load.rows_duplicate,
        rows_rejected=load.rows_rejected,
        table_rows=table_rows,
        seconds=seconds,
        resumed_at=0,
        recognised=True,
        first_rejects=rejects,
    )
