"""Many rows in few statements, for MySQL-like servers.

What belongs here: literals, cutting rows into statements that the server accepts, sending them. What does not: which
rows, and what a statement says.

Multi-row INSERT text is the fastest way that a stock server allows (LOAD DATA LOCAL is off there). Nothing in it
needs escaping: a text of plain ASCII letters and digits is quoted as it is, and every other text is written as
hexadecimal bytes, which mean the same under every sql_mode and character set.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.engine import Connection, CursorResult
from sqlalchemy.exc import DBAPIError, IntegrityError

from babynames_dagster.database.connection.mysql_session import STATEMENT_BYTES
from babynames_dagster.errors import ErrorCode, PipelineError

STATEMENT_ROWS = 5_000
"""A server spends a tenth more on each row of a statement of 25,000, and round trips cost more below 2,500."""
_STATEMENT_BYTES = 4 << 20
_SHOWN = 200
_DUPLICATE_ENTRY = 1062
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


def value_lists(connection: Connection, rows: pa.StringArray, *, growth: int = 1) -> Iterator[str]:
    """Yield rows joined by commas, each time as many as one statement should carry.

    Args:
        connection: A MySQL-like server; its max_allowed_packet is respected.
        rows: Rows or other list items, each in its brackets or quotes.
        growth: How many times longer the driver's escaping may make them, where they are bound.
    """
    if not len(rows):
        return
    longest = pc.max(pc.binary_length(rows)).as_py() + 1
    size = max(1, min(STATEMENT_ROWS, min(_STATEMENT_BYTES, connection.info[STATEMENT_BYTES]) // (longest * growth)))
    for start in range(0, len(rows), size):
        group = rows.slice(start, size)
        listed = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(group)], pa.int32()), group), ",")
        yield listed[0].as_py()


def execute(connection: Connection, statement: str) -> CursorResult[tuple[object, ...]]:
    """Send a long statement that has no parameters; an error shows only its beginning.

    Raises:
        PipelineError: DB_BUSY where another connection has just inserted one of the same rows.
        DBAPIError: Any other error of the server.
    """
    try:
        return connection.exec_driver_sql(statement)
    except IntegrityError as error:
        if error.orig is not None and error.orig.args[0] == _DUPLICATE_ENTRY:
            raise PipelineError(ErrorCode.DB_BUSY, "Another process has just inserted some of the same rows.") from None
        _shorten(error)
        raise
    except DBAPIError as error:
        _shorten(error)
        raise


def insert(connection: Connection, statement: str, rows: pa.StringArray, table: str) -> int:
    """Insert rows that are not there yet.

    Args:
        connection: A MySQL-like server.
        statement: `INSERT INTO ... VALUES `.
        rows: The rows, each in its brackets.
        table: The table's name, for the error.

    Returns:
        How many rows the server says that it inserted.

    Raises:
        PipelineError: DB_BUSY as `execute`; DB_ERROR where the server took fewer than it was sent.
    """
    inserted = sum(execute(connection, statement + listed).rowcount for listed in value_lists(connection, rows))
    require_all(len(rows), inserted, table)
    return inserted


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
