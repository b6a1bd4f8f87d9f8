"""The lines of a CSV (RFC 4180) that are no plain records: split by hand, one by one.

What belongs here: records of several lines, and field counts. What does not: the plain lines, which `blocks.py` leaves
to Arrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from babynames_dagster.datafile.content.quoting import LONGEST_SPAN, Malformed, split_record
from babynames_dagster.names.rejects import RejectedRow, RejectReason, rejected


@dataclass(frozen=True)
class Record:
    """One record of the file.

    Attributes:
        line: The line it begins on.
        fields: As many as the header has.
    """

    line: int
    fields: Sequence[bytes]


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
        """Judge the lines at these indices, in rising order; none of them is blank."""
        behind = 0
        for index in odd:
            if index < behind:
                continue
            text = self._text(index)
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
            self.rejects.append(rejected(line, reason, self._text(index)))
            return
        if spans:
            self.spanned.append((index, behind))
            self.texts[line] = text
        if len(fields) == self._width:
            self.records.append(Record(line, fields))
            return
        reason = RejectReason.TOO_FEW_FIELDS if len(fields) < self._width else RejectReason.TOO_MANY_FIELDS
        self.rejects.append(rejected(line, reason, text))

    def _line(self, index: int) -> bytes:
        line: bytes = self._lines[index].as_py()
        return line

    def _text(self, index: int) -> bytes:
        return self._line(index).rstrip(b"\r")
