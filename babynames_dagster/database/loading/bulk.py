"""Many rows in few statements, for MySQL-like servers.

What belongs here: literals, cutting rows into statements that the server accepts, sending them. What does not: which
rows, and what a statement says.

MariaDB takes one statement with many rows of values. For MySQL, multi-row INSERT text is the fastest way that a stock
server allows (LOAD DATA LOCAL is off there). Nothing in it needs escaping. A text of plain ASCII letters and digits is
quoted as it is; every other text is written as hexadecimal bytes. They mean the same under every sql_mode and character
set.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from babynames_dagster.database.connection.array_binding import PackedRows, head_of_value
from babynames_dagster.database.connection.mysql_session import STATEMENT_BYTES, TAKES_ROWS
from babynames_dagster.errors import ErrorCode, PipelineError

STATEMENT_ROWS = 8_191
"""A server spends a tenth more on each row of a statement of 25,000, and round trips cost more below 2,500."""
_STATEMENT_BYTES = 4 << 20
_SHOWN = 200
_DUPLICATE_ENTRY = 1062
_HEADS = pa.array([head_of_value(length) for length in range(1 << 12)], pa.binary())
_NOTHING_TO_ESCAPE = r"\A[A-Za-z0-9.-]*\z"


def text_literals(values: pa.StringArray) -> pa.StringArray:
    """Return each text as a SQL literal of MySQL and MariaDB.

    Args:
        values: Any text, without nulls.
    """
    plain = pc.match_substring_regex(values, _NOTHING_TO_ESCAPE)
    quoted = enclosed("'", values, "'")
    if pc.all(plain).as_py() is not False:
        return quoted
    hexed = [
        None if is_plain else f"_utf8mb4 X'{value.encode().hex()}'"
        for value, is_plain in zip(values.to_pylist(), plain.to_pylist(), strict=True)
    ]
    return pc.if_else(plain, quoted, pa.array(hexed, pa.string()))


def joined(*columns: pa.Array) -> pa.StringArray:
    """Return rows as `a,b,c`; numbers are written as they are, texts must be literals already."""
    texts = [column if pa.types.is_string(column.type) else column.cast(pa.string()) for column in columns]
    return pc.binary_join_element_wise(*texts, ",")


def enclosed(before: str, rows: pa.StringArray, after: str) -> pa.StringArray:
    """Return each row with the same text before it, and the same after it."""
    return pc.binary_join_element_wise(before, rows, after, "")


def _packed(columns: Sequence[pa.Array]) -> pa.BinaryArray:
    """Return each row's values as MariaDB takes them packed; texts have 4,095 bytes at most."""
    parts = []
    for column in columns:
        texts = column.cast(pa.string())
        parts += [_HEADS.take(pc.binary_length(texts)), texts.cast(pa.binary())]
    return pc.binary_join_element_wise(*parts, b"")


def value_lists(connection: Connection, rows: pa.StringArray, *, growth: int = 1) -> Iterator[str]:
    """Yield rows joined by commas, each time as many as one statement should carry.

    Args:
        connection: A MySQL-like server; its max_allowed_packet is respected.
        rows: Rows or other list items, each in its brackets or quotes.
        growth: How many times longer the driver's escaping may make them, where they are bound.
    """
    for group in _groups(connection, rows, growth=growth):
        yield _together(group, ",")


def _together(group: pa.Array, separator: str | bytes) -> Any:  # noqa: ANN401 - str or bytes, as the group's are
    whole = pa.ListArray.from_arrays(pa.array([0, len(group)], pa.int32()), group)
    return pc.binary_join(whole, separator)[0].as_py()


def _groups(
    connection: Connection, rows: pa.Array, *, growth: int = 1, whole_doublings: bool = False
) -> Iterator[pa.Array]:
    """Yield as many rows each time as one statement should carry; with `whole_doublings` 1, 3, 7, 15... only."""
    if not len(rows):
        return
    longest = pc.max(pc.binary_length(rows)).as_py() + 1
    size = max(1, min(STATEMENT_ROWS, min(_STATEMENT_BYTES, connection.info[STATEMENT_BYTES]) // (longest * growth)))
    start = 0
    while start < len(rows):
        count = min(size, len(rows) - start)
        if whole_doublings:
            count = (1 << (count + 1).bit_length() - 1) - 1
        yield rows.slice(start, count)
        start += count


def insert(  # noqa: PLR0913, PLR0917 - a statement's parts, and how it is judged
    connection: Connection,
    into: str,
    columns: Sequence[pa.Array],
    constants: str,
    table: str,
    count_there: Callable[[], int],
) -> int:
    """Insert rows that are not there yet.

    Args:
        connection: A MySQL-like server.
        into: `INSERT INTO table (...)`.
        columns: The values of the table's first columns, without nulls.
        constants: The values of its other columns, as SQL.
        table: The table's name, for the error.
        count_there: Counts how many of the rows are in the table.

    Returns:
        How many rows were inserted.

    Raises:
        PipelineError: DB_BUSY where another connection has just inserted one of the same rows; DB_ERROR where the
            server took fewer than it was sent.
        DBAPIError: Any other error of the server.
    """
    if connection.info[TAKES_ROWS]:
        # For rows that come one by one, a server reserves 1, 2, 4, 8... auto-increment ids until it has enough
        # (handler::update_auto_increment). So many rows that it needs them all leave no ids unused.
        packed = (
            PackedRows(len(columns), len(group), _together(group, b""))
            for start in range(0, len(columns[0]), STATEMENT_ROWS)
            for group in _groups(
                connection,
                _packed([column.slice(start, STATEMENT_ROWS) for column in columns]),
                whole_doublings=True,
            )
        )
        statement = f"{into} VALUES ({'?, ' * len(columns)}{constants})"
        inserted = sum(_execute(connection, statement, (rows,)) for rows in packed)
    else:
        literals = [text_literals(column) if pa.types.is_string(column.type) else column for column in columns]
        lists = value_lists(connection, enclosed("(", joined(*literals), f",{constants})"))
        inserted = sum(_execute(connection, f"{into} VALUES {listed}") for listed in lists)
    if inserted != len(columns[0]):
        # MariaDB counts for packed rows what a trigger wrote into other tables, too: the table itself decides.
        inserted = count_there()
    require_all(len(columns[0]), inserted, table)
    return inserted


def _execute(connection: Connection, statement: str, rows: tuple[PackedRows] | None = None) -> int:
    """Execute a long statement, and return how many rows it changed; an error shows only its beginning."""
    try:
        return connection.exec_driver_sql(statement, rows).rowcount
    except IntegrityError as error:
        if error.orig is not None and error.orig.args[0] == _DUPLICATE_ENTRY:
            raise PipelineError(ErrorCode.DB_BUSY, "Another process has just inserted some of the same rows.") from None
        _shorten(error)
        raise
    except DBAPIError as error:
        _shorten(error)
        raise


def require_all(expected: int, counted: int, table: str) -> None:
    """Raise where a server's own count of rows is not what it must be.

    Raises:
        PipelineError: DB_ERROR.
    """
    if counted != expected:
        raise PipelineError(
            ErrorCode.DB_ERROR,
            f"The server counts {counted:,} rows of {table} where there are {expected:,}.",
            remedy="Look for a trigger, a proxy or a server option that drops or cuts what is sent or asked; "
            "nothing of this batch was kept.",
        )


def _shorten(error: DBAPIError) -> None:
    if error.statement is not None and len(error.statement) > _SHOWN:
        error.statement = f"{error.statement[:_SHOWN]}..."
