"""A connection to a MySQL-like server: what our statements rest on is set, and what can't be set is looked at.

What belongs here: the driver's connection and the session's variables. What does not: engines and transactions
(`engine.py`).

A server's administrator may give any session variable another default. Those that change what a statement means, or
how long it waits, are therefore set on every connection. Sources: MySQL 8.4 Reference Manual, "Server System
Variables"; MariaDB Server Documentation, "Server System Variables".
"""

from collections.abc import Callable
from typing import Any

from pymysql.connections import Connection
from pymysql.cursors import Cursor
from typing_extensions import override

from babynames_dagster.database.connection.array_binding import ArrayBinding, PackedRows
from babynames_dagster.errors import ErrorCode, PipelineError

STATEMENT_BYTES = "statement_bytes"
"""Key of a SQLAlchemy connection's `info`: how many bytes one statement may have."""
TAKES_ROWS = "takes_rows"
"""Another: whether a statement may come with `PackedRows`."""

_LEAST_PACKET = 16 << 10
_PACKET_FRAME = 1024
_DRIVERS_OWN_LIMIT = 1_024_000
_EVERY_STATEMENT = 7

_SESSION = {
    # Makes the server's NOW() comparable with ours.
    "time_zone": "'+00:00'",
    # Strict mode keeps the server from cutting values short.
    "sql_mode": "'STRICT_ALL_TABLES,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
    # These leave out rows, or refuse statements that touch many.
    "sql_select_limit": "18446744073709551615",
    "sql_safe_updates": "0",
    "sql_big_selects": "1",
    # With it, `id IS NULL` means the id that was inserted last.
    "sql_auto_is_null": "0",
    # MySQL would intersect a partition's index with the primary key, and sort all that is left of it for each page.
    "optimizer_switch": "'index_merge_intersection=off'",
    # Without it, InnoDB may take a second row with the same unique key.
    "unique_checks": "1",
    "autocommit": "0",
    # A commit neither begins the next transaction nor ends the connection.
    "completion_type": "0",
    # A connection that holds a named lock is idle for as long as the work takes.
    "wait_timeout": "28800",
}


class StatementCursor(Cursor):
    """A cursor that takes packed rows, and whose `executemany` keeps each INSERT below max_allowed_packet."""

    connection: ArrayBinding
    # What PyMySQL's stubs leave out.
    _clear_result: Callable[[], None]
    _do_get_result: Callable[[], None]

    @override
    def execute(self, query: str, args: object = None) -> int:
        """Execute a statement with its arguments, or for each of some packed rows."""
        rows = args[0] if isinstance(args, tuple) and args else None
        if not isinstance(rows, PackedRows):
            return super().execute(query, args)
        self._clear_result()
        self.connection.execute_rows(query, rows)
        self._executed = query
        self._do_get_result()
        return self.rowcount

    @property
    def max_stmt_length(self) -> int:  # type: ignore[override]  # a constant in PyMySQL
        """Bytes of the longest statement that `executemany` puts together."""
        longest: int = getattr(self.connection, STATEMENT_BYTES, _LEAST_PACKET - _PACKET_FRAME)
        return min(_DRIVERS_OWN_LIMIT, longest)


def prepare_session(connection: "Connection[Any]", info: dict[str, Any], *, lock_seconds: int) -> None:
    """Set a fresh connection's session up.

    Args:
        connection: PyMySQL's connection.
        info: Where what was looked at is kept: `STATEMENT_BYTES`, `TAKES_ROWS`.
        lock_seconds: How long to wait for a row's or a table's lock.

    Raises:
        PipelineError: DB_ERROR where the server's max_allowed_packet is too small to write anything.
        pymysql.Error: What the server said.
    """
    with connection.cursor() as cursor:
        settings = _SESSION | {"innodb_lock_wait_timeout": str(lock_seconds), "lock_wait_timeout": str(lock_seconds)}
        cursor.execute("SET SESSION " + ", ".join(f"{name} = {value}" for name, value in settings.items()))
        cursor.execute(
            "SHOW SESSION VARIABLES WHERE Variable_name IN "
            "('max_allowed_packet', 'log_bin', 'binlog_format', 'wsrep_sync_wait', 'max_statement_time', "
            "'max_execution_time', 'alter_algorithm')"
        )
        variables = {str(name).lower(): str(value).upper() for name, value in cursor.fetchall()}
        packet = int(variables["max_allowed_packet"])
        if packet < _LEAST_PACKET:
            raise PipelineError(
                ErrorCode.DB_ERROR,
                f"The server takes statements of {packet:,} bytes at most (max_allowed_packet).",
                remedy="Let the server's administrator raise max_allowed_packet: 16 MiB is usual.",
            )
        info[STATEMENT_BYTES] = packet - _PACKET_FRAME
        # MariaDB refuses packed rows where the binary log holds statements (error 4033).
        packs = isinstance(connection, ArrayBinding) and connection.takes_rows
        info[TAKES_ROWS] = packs and not _logs_statements(variables)
        setattr(connection, STATEMENT_BYTES, info[STATEMENT_BYTES])
        if "alter_algorithm" in variables:  # MariaDB's; any other refuses some DDL
            cursor.execute("SET SESSION alter_algorithm = 'DEFAULT'")
        # A server's own limit would end statements that may take as long as `reach.py` waits for an answer. This one is
        # later, so that the same side is always the first to end a statement.
        if "max_statement_time" in variables:  # MariaDB's, in seconds
            cursor.execute(f"SET SESSION max_statement_time = {3 * lock_seconds}")
        if "max_execution_time" in variables:  # MySQL's, in milliseconds, for SELECT alone
            cursor.execute(f"SET SESSION max_execution_time = {3000 * lock_seconds}")
        if "wsrep_sync_wait" in variables:
            # In a Galera cluster, a transaction sees what any node has committed before. MySQL has no such variable.
            cursor.execute(f"SET SESSION wsrep_sync_wait = {_EVERY_STATEMENT}")
        cursor.execute(f"SET SESSION TRANSACTION ISOLATION LEVEL {_isolation(variables)}, READ WRITE")


def _isolation(variables: dict[str, str]) -> str:
    """Return the isolation level to work with.

    READ COMMITTED keeps InnoDB from gap locks, which two concurrent loads would deadlock on. InnoDB refuses to write
    with it where the binary log holds statements (error 1665); REPEATABLE READ costs some deadlocks, which are retried.
    """
    return "REPEATABLE READ" if _logs_statements(variables) else "READ COMMITTED"


def _logs_statements(variables: dict[str, str]) -> bool:
    return variables.get("log_bin") == "ON" and variables.get("binlog_format") == "STATEMENT"
