"""MariaDB's array binding, which PyMySQL lacks: one prepared statement with the values of many rows.

What belongs here: the protocol. What does not: packing rows, and how many at once (`loading/bulk.py`).

The server parses one row's text instead of thousands of literals, which is a third of what an INSERT costs it. MySQL
has nothing like it. Source: MariaDB Server Documentation, "Connection" (the handshake's capabilities),
"COM_STMT_PREPARE", "COM_STMT_BULK_EXECUTE", "Protocol data types".
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pymysql.connections import Connection
from pymysql.constants import CLIENT
from typing_extensions import override

_PREPARE, _CLOSE, _BULK_EXECUTE = 0x16, 0x19, 0xFA
_SEND_TYPES = 128
_VARCHAR = b"\x0f\x00"
_HERE = b"\x00"
"""The indicator of a value; others stand for NULL or the column's default."""

_BULK_OPERATIONS = 4
"""MARIADB_CLIENT_STMT_BULK_OPERATIONS, bit 34 of the capabilities, in the third 16 bits."""
_EXTENDED_AT = 27
"""Where a greeting has the extended capabilities, counted from the end of the server's version."""
_ONE_BYTE = 251
"""Lengths from here on take more than one byte."""
_ANSWER = struct.Struct("<iIB19sI")
"""The fixed part of the answer to the greeting; its last field is of MariaDB alone."""


@dataclass(frozen=True)
class PackedRows:
    """The values of some rows, for a statement with a `?` for each column.

    Attributes:
        columns: How many values a row has.
        rows: How many rows there are.
        values: Each value with its head, row by row: texts, which the server turns into numbers where it wants some.
    """

    columns: int
    rows: int
    values: bytes = field(repr=False)


def head_of_value(length: int) -> bytes:
    """Return what precedes a value of so many bytes, at most 65,535."""
    return _HERE + (bytes([length]) if length < _ONE_BYTE else b"\xfc" + length.to_bytes(2, "little"))


class ArrayBinding(Connection):
    """Agrees with the server on array binding where both know it, and executes a statement with packed rows."""

    server_version = ""
    takes_rows = False
    """Whether the server takes packed rows."""
    _answering = False
    # What PyMySQL's stubs leave out.
    _affected_rows: int
    _execute_command: Callable[[int, str | bytes], None]
    _read_query_result: Callable[[], int]
    _result: Any

    def execute_rows(self, statement: str, rows: PackedRows) -> None:
        """Execute a statement for each of the rows.

        Raises:
            pymysql.Error: What the server said; it may have done a part of it.
        """
        self._execute_command(_PREPARE, statement)
        _, number, _, parameters = struct.unpack_from("<BIHH", self._read_packet().get_all_data())
        for _ in range(parameters + 1):  # their descriptions, and an end
            self._read_packet()
        head = struct.pack("<IH", number, _SEND_TYPES) + _VARCHAR * rows.columns
        try:
            self._execute_command(_BULK_EXECUTE, head + rows.values)
            self._affected_rows = self._read_query_result()
        finally:
            if self.open:
                result = self._result
                self._execute_command(_CLOSE, struct.pack("<I", number))
                self._result = result

    @override
    def _read_packet(self, *args: Any) -> Any:
        packet = super()._read_packet(*args)  # type: ignore[no-untyped-call]  # PyMySQL's stubs
        if not self.server_version:
            self.takes_rows = _knows_bulk_operations(packet.get_all_data())
        return packet

    def _request_authentication(self) -> None:
        self._answering = True
        try:
            super()._request_authentication()  # type: ignore[misc]  # PyMySQL's stubs lack it
        finally:
            self._answering = False

    @override
    def write_packet(self, payload: bytes) -> None:
        # Both the request for TLS and the answer to the greeting begin with the same fields.
        if self._answering and self.takes_rows and len(payload) >= _ANSWER.size:
            flags, packet, charset, reserved, extended = _ANSWER.unpack_from(payload)
            if not any(reserved) and not extended:
                # Without the flag LONG_PASSWORD, which means nothing to it, MariaDB reads its own capabilities.
                begin = _ANSWER.pack(flags & ~CLIENT.LONG_PASSWORD, packet, charset, reserved, _BULK_OPERATIONS)
                payload = begin + payload[_ANSWER.size :]
        super().write_packet(payload)


def _knows_bulk_operations(greeting: bytes) -> bool:
    """Return whether a server's greeting (protocol version 10) offers array binding."""
    after = greeting.find(b"\0", 1) + 1
    if len(greeting) < after + _EXTENDED_AT + 4:
        return False
    (capabilities,) = struct.unpack_from("<H", greeting, after + 13)
    (extended,) = struct.unpack_from("<I", greeting, after + _EXTENDED_AT)
    return not capabilities & CLIENT.LONG_PASSWORD and bool(extended & _BULK_OPERATIONS)
