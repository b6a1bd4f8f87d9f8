"""Keys of somebody's own table, whatever their type, as the text that the ledger knows a row by, and back."""

import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple


class KeyKind(NamedTuple):
    """A type of keys: how one becomes a text, and again what the column has."""

    to_text: Callable[[Any], str]
    from_text: Callable[[str], object]


KEY_KINDS: Mapping[type[object], KeyKind] = {
    int: KeyKind(str, int),
    str: KeyKind(str, str),
    uuid.UUID: KeyKind(str, uuid.UUID),
    Decimal: KeyKind(lambda key: format(key.normalize(), "f"), Decimal),
    bytes: KeyKind(bytes.hex, bytes.fromhex),
    datetime: KeyKind(lambda key: key.isoformat(" "), datetime.fromisoformat),
    date: KeyKind(date.isoformat, date.fromisoformat),
}
"""A moment is a date, too, and comes before it."""
