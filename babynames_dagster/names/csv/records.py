"""The lines of a CSV (RFC 4180) that are no plain records: split by hand, one by one.

What belongs here: quotes, and field counts. What does not: the plain lines, which `blocks.py` leaves to Arrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import pyarrow as pa

from babynames_dagster.names.rejects import RejectedRow, RejectReason, shown

LONGEST_SPAN = 100
"""Lines that a quoted field may span before its opening quote counts as a slip."""


class Malformed(Enum):
    """Why bytes are no complete record."""

    OPEN = "a quoted field does not end"
    BAD = "something stands between a closing quote and the next separator"


@dataclass(frozen=True)
class Record:
    """One record of the file.

    Attributes:
        line: The line it begins on.
        fields: As many as the header has.
    """

    line: int
    fields: Sequence[bytes]


def split_record(text: bytes, delimiter: bytes) -> list[bytes] | Malformed:
    """Return the fields of one record.

    A quote means something only at the beginning of a field; elsewhere it is an ordinary character.

    Args:
        text: The record without its line end; line ends inside quotes belong to their field.
        delimiter: The field separator, one byte.
    """
    fields = []
    position = 0
    while True:
        if text[position : position + 1] == b'"':
            quoted = _quoted_field(text, position)
            if isinstance(quoted, Malformed):
                return quoted
            field, position = quoted
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


class OddLines:
    """What becomes of a chunk's odd lines.

    A quote that does not close costs the line it opens on and no other: what follows is read again as lines of
    their own.

    Attributes:
        records: The records found.
        rejects: The lines and spans that are none.
        texts: By line number, the text of records and rejects that span several lines.
        spanned: Half-open ranges of line indices that belong to one record.
        end: Index of the first line that can't be judged before more follows; else the number of lines.
    """

    def __init__(self, lines: pa.BinaryArray, first_line: int, width: int, delimiter: bytes, *, settle: bool) -> None:
        """Take a chunk's lines.

        Args:
            lines: All of them, without line feeds.
            first_line: Line number of the first.
            width: Fields of a record.
            delimiter: The field separator, one byte.
            settle: Whether nothing will follow.
        """
        self.records: list[Record] = []
        self.rejects: list[RejectedRow] = []
        self.texts: dict[int, bytes] = {}
        self.spanned: list[tuple[int, int]] = []
        self.end = len(lines)
        self._lines = lines
        self._first_line = first_line
        self._width = width
        self._delimiter = delimiter
        self._settle = settle

    def split(self, odd: Sequence[int]) -> None:
        """Judge the lines at these indices, in rising order."""
        behind = 0
        for index in odd:
            if index < behind:
                continue
            text = self._text(index)
            if text.strip(b"\r") == b"":
                continue
            fields = split_record(text, self._delimiter)
            behind = index + 1
            if fields is Malformed.OPEN:
                text, fields, behind = self._span(index)
                if fields is Malformed.OPEN and behind == len(self._lines) and not self._settle:
                    self.end = index
                    return
            self._judge(index, text, fields, behind)
            if isinstance(fields, Malformed):
                behind = index + 1

    def _span(self, index: int) -> tuple[bytes, list[bytes] | Malformed, int]:
        """Add lines to an open record until it closes; return its text, its fields, and the index behind it."""
        parts = [self._line(index)]
        stop = min(index + LONGEST_SPAN, len(self._lines))
        for following in range(index + 1, stop):
            part = self._line(following)
            parts.append(part)
            if b'"' in part:
                text = b"\n".join(parts).removesuffix(b"\r")
                fields = split_record(text, self._delimiter)
                if fields is not Malformed.OPEN:
                    return text, fields, following + 1
        return parts[0], Malformed.OPEN, stop

    def _judge(self, index: int, text: bytes, fields: list[bytes] | Malformed, behind: int) -> None:
        line = self._first_line + index
        spans = behind > index + 1
        if isinstance(fields, Malformed):
            opened = spans or fields is Malformed.OPEN
            reason = RejectReason.UNCLOSED_QUOTE if opened else RejectReason.BAD_QUOTING
            self.rejects.append(RejectedRow(line, reason.value, shown(self._text(index))))
            return
        if spans:
            self.spanned.append((index, behind))
            self.texts[line] = text
        if len(fields) == self._width:
            self.records.append(Record(line, fields))
            return
        reason = RejectReason.TOO_FEW_FIELDS if len(fields) < self._width else RejectReason.TOO_MANY_FIELDS
        self.rejects.append(RejectedRow(line, reason.value, shown(text)))

    def _line(self, index: int) -> bytes:
        line: bytes = self._lines[index].as_py()
        return line

    def _text(self, index: int) -> bytes:
        return self._line(index).removesuffix(b"\r")
