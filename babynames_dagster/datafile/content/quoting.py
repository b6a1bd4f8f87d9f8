"""One record of a CSV (RFC 4180), split into its fields."""

from enum import Enum

LONGEST_SPAN = 100
"""Lines that a quoted field may span before its opening quote counts as a slip."""


class Malformed(Enum):
    """Why bytes are no complete record."""

    OPEN = "a quoted field does not end"
    BAD = "something stands between a closing quote and the next separator"


def split_record(text: bytes, delimiter: bytes) -> list[bytes] | Malformed:
    """Return the fields of one record.

    A quote means something only at the beginning of a field, or behind blanks there; elsewhere it is an ordinary
    character. Blanks before the opening quote and behind the closing one do not count.

    Args:
        text: The record without its line end; line ends inside quotes belong to their field.
        delimiter: The field separator, one byte.
    """
    fields = []
    position = 0
    while True:
        begin = _behind_blanks(text, position)
        if text[begin : begin + 1] == b'"':
            quoted = _quoted_field(text, begin)
            if isinstance(quoted, Malformed):
                return quoted
            field, position = quoted
            position = _behind_blanks(text, position)
            if position < len(text) and text[position : position + 1] != delimiter:
                return Malformed.BAD
        else:
            end = text.find(delimiter, position)
            end = len(text) if end < 0 else end
            field, position = text[position:end], end
        fields.append(field)
        if position >= len(text):
            return fields
        position += 1


def _behind_blanks(text: bytes, position: int) -> int:
    while text[position : position + 1] == b" ":
        position += 1
    return position


def _quoted_field(text: bytes, start: int) -> tuple[bytes, int] | Malformed:
    """Return the field that opens at `start`, and the position behind its closing quote."""
    search = start + 1
    while True:
        quote = text.find(b'"', search)
        if quote < 0:
            return Malformed.OPEN
        if text[quote + 1 : quote + 2] != b'"':
            return text[start + 1 : quote].replace(b'""', b'"'), quote + 1
        search = quote + 2
