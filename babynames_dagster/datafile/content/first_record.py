"""The first record of a CSV: found behind blank lines, read until it is whole, split by a separator.

What does not belong here: what its fields mean (`header.py`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from babynames_dagster.datafile.content.quoting import LONGEST_SPAN, Malformed, split_record
from babynames_dagster.datafile.content.text import BLOCK_BYTES, Utf8Stream
from babynames_dagster.errors import ErrorCode, PipelineError

_LONGEST_HEADER = 16 * BLOCK_BYTES
_BLANK_LINES = re.compile(rb"(?:[ \t\r]*\n)*")


@dataclass(frozen=True)
class FirstRecord:
    """The first record of a file, split by one separator.

    Attributes:
        delimiter: The separator.
        fields: Its fields as text; none where the quotes don't fit the separator.
        end: Index of the byte behind its line end.
        lines: Lines that it spans.
    """

    delimiter: str
    fields: list[str]
    end: int
    lines: int


def behind_blank_lines(stream: Utf8Stream, number: int, text: bytes) -> tuple[int, bytes]:
    """Return the number of the first line that isn't blank, and what was read from there on.

    Args:
        stream: What follows.
        number: The line to begin on.
        text: What was read of it.
    """
    while text or (text := stream.read(BLOCK_BYTES)):
        blank = _BLANK_LINES.match(text)
        end = blank.end() if blank else 0
        number += text.count(b"\n", 0, end)
        text = text[end:]
        if text:
            break
    return number, text


def whole_record(stream: Utf8Stream, text: bytes, delimiters: Sequence[str], where: str) -> bytes:
    """Read on until the first record is whole."""
    while text.find(b"\n") < 0 or not all(first_record(text, item).end for item in delimiters):
        more = stream.read(BLOCK_BYTES)
        if not more:
            break
        text += more
        if len(text) > _LONGEST_HEADER:
            raise PipelineError(ErrorCode.CSV_MALFORMED, f"{where}: it does not end within {len(text):,} bytes.")
    return text


def first_record(text: bytes, delimiter: str) -> FirstRecord:
    """Split the first record, which may span lines inside quotes.

    Where a quote stays open, there are no fields; and `end` is 0 if more text could close it.
    """
    end = 0
    for lines in range(1, LONGEST_SPAN + 1):
        stop = text.find(b"\n", end)
        end = len(text) if stop < 0 else stop + 1
        record = text[:end].rstrip(b"\r\n")
        fields = split_record(record, delimiter.encode())
        if fields is Malformed.BAD:
            return FirstRecord(delimiter, [], end, lines)
        if not isinstance(fields, Malformed):
            names = [field.decode("utf-8", errors="replace").strip() for field in fields]
            return FirstRecord(delimiter, names, end, lines)
        if stop < 0:
            return FirstRecord(delimiter, [], 0, lines)
    return FirstRecord(delimiter, [], end, 1)
