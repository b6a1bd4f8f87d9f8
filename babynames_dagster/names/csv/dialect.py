"""How a CSV is written: its encoding, its separator, and where its columns are.

What belongs here: reading the header line. What does not: the rows.
"""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass

from babynames_dagster.datafile.archive import ByteStream
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.names.csv.records import Malformed, split_record

_DELIMITERS = (",", ";", "\t", "|")
_UTF8 = {"utf-8", "utf-8-sig"}
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

_COLUMNS: dict[str, tuple[str, frozenset[str]]] = {
    "name": ("Name", frozenset({"name"})),
    "sex": ("Sex", frozenset({"sex"})),
    "year": ("YearOfBirth", frozenset({"yearofbirth", "birthyear", "year", "yob"})),
    "births": ("Number", frozenset({"number", "count", "births"})),
}


@dataclass(frozen=True)
class Dialect:
    """How the rows below a header are written.

    Attributes:
        delimiter: The field separator, one byte.
        width: Fields of a row.
        columns: Position of each wanted column.
        body_line: Line number of the first row.
    """

    delimiter: bytes
    width: int
    columns: dict[str, int]
    body_line: int


class Utf8Stream:
    """A stream of UTF-8, whatever the file's encoding; what can't be decoded stays invalid, row by row."""

    def __init__(self, raw: ByteStream, encoding: str) -> None:
        """Read a byte order mark, where there is one; it wins over `encoding` (CSV_ENCODING)."""
        self._raw = raw
        head = raw.read(4)
        mark, found = next(((mark, name) for mark, name in _MARKS if head.startswith(mark)), (b"", encoding))
        self._pending = head[len(mark) :]
        self.encoding = codecs.lookup(found).name
        self._decoder = None
        if self.encoding not in _UTF8:
            wide = self.encoding.startswith(("utf-16", "utf-32"))
            self._decoder = codecs.getincrementaldecoder(self.encoding)("strict" if wide else "surrogateescape")

    def read(self, size: int, /) -> bytes:
        """Return about `size` bytes; empty at the end.

        Raises:
            PipelineError: CSV_ENCODING_ERROR where nothing after a fault could be made sense of.
        """
        block = self._pending + self._raw.read(size - len(self._pending))
        self._pending = b""
        if self._decoder is None:
            return block
        try:
            text = self._decoder.decode(block, final=len(block) < size)
        except UnicodeError as error:
            raise PipelineError(ErrorCode.CSV_ENCODING_ERROR, f"The file is not {self.encoding}: {error}.") from error
        # A surrogate is never valid UTF-8, so an undecodable byte costs its own row and no other.
        return text.encode("utf-8", errors="surrogatepass")


def read_dialect(first: bytes, *, wanted: Sequence[str], delimiter: str | None, file_name: str) -> tuple[Dialect, int]:
    r"""Read the header at the beginning of a CSV.

    Args:
        first: The first block, UTF-8.
        wanted: Which of `name`, `sex`, `year`, `births` are needed.
        delimiter: The separator; sniffed from the header where None.
        file_name: For messages.

    Returns:
        The dialect, and the number of bytes before the first row.

    Raises:
        PipelineError: CSV_EMPTY, CSV_ENCODING_ERROR, CSV_MALFORMED or CSV_COLUMN_MISSING.
    """
    blank = re.match(rb"(?:[ \t]*\r?\n)*", first)
    start = blank.end() if blank else 0
    end = first.find(b"\n", start)
    line = first[start:] if end < 0 else first[start:end]
    number = first.count(b"\n", 0, start) + 1
    _check_header_bytes(line, file_name)
    candidates = (delimiter,) if delimiter is not None else _DELIMITERS
    splits = {item: _split(line.removesuffix(b"\r"), item.encode()) for item in candidates}
    if not any(splits.values()):
        raise PipelineError(ErrorCode.CSV_MALFORMED, f"{file_name}, line {number}: the header's quotes don't match.")
    for item, names in splits.items():
        columns = {column: _position(names, column) for column in wanted}
        if None not in columns.values():
            found = {column: position for column, position in columns.items() if position is not None}
            after = len(first) if end < 0 else end + 1
            return Dialect(item.encode(), len(names), found, number + 1), after
    names = max(splits.values(), key=len)
    missing = " and ".join(_COLUMNS[column][0] for column in wanted if _position(names, column) is None)
    raise PipelineError(
        ErrorCode.CSV_COLUMN_MISSING,
        f"{file_name}, line {number}: no column {missing}; there is {', '.join(repr(name) for name in names)}.",
    )


def _check_header_bytes(line: bytes, file_name: str) -> None:
    if not line.strip():
        raise PipelineError(ErrorCode.CSV_EMPTY, f"{file_name} holds no header and no rows.")
    if b"\0" in line:
        raise PipelineError(
            ErrorCode.CSV_ENCODING_ERROR,
            f"The header of {file_name} holds NUL bytes: it looks like UTF-16 without a byte order mark.",
            remedy="Set CSV_ENCODING=utf-16-le (or utf-16-be).",
        )
    if b"\r" in line.removesuffix(b"\r"):
        raise PipelineError(
            ErrorCode.CSV_MALFORMED,
            f"{file_name}, line 1: lines end with a lone carriage return.",
            remedy="Save the file with line ends of Unix or Windows.",
        )


def _split(line: bytes, delimiter: bytes) -> list[str]:
    """Return the column names; none where the quotes don't fit the separator."""
    fields = split_record(line, delimiter)
    if isinstance(fields, Malformed):
        return []
    return [field.decode("utf-8", errors="replace").strip() for field in fields]


def _position(names: Sequence[str], column: str) -> int | None:
    known = _COLUMNS[column][1]
    return next((index for index, name in enumerate(names) if re.sub(r"[\s_-]", "", name).casefold() in known), None)
