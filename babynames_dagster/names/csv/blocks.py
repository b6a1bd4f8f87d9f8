"""The rows of a CSV, block by block, as Arrow columns of bytes with line numbers.

What belongs here: cutting the stream at record ends, the fast way for plain blocks and the careful way for odd ones.
What does not: what the fields mean (`normalise.py`).

A block without quotes whose Arrow row count equals its line count was read right: each row is one line. In any other
block, a regular expression and a count pick the lines that are plain records for Arrow; the few others are split one by
one. So no row depends on its neighbours, and each has its line number.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from babynames_dagster.datafile.content.archive import ByteStream
from babynames_dagster.datafile.content.header import Dialect, Opened
from babynames_dagster.datafile.content.text import BLOCK_BYTES
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.names.csv.records import OddLines
from babynames_dagster.names.rejects import RejectedRow, RejectReason, rejected

_BLANK_LINE = r"\A\r*\z"


@dataclass(frozen=True)
class Origin:
    """What the text that rows are from says of them all.

    Attributes:
        year: The year of rows that have none of their own.
        member: The text's name, in a zip whose files are read as one.
        lines_before: Lines of the files before it.
    """

    year: int | None = None
    member: str | None = None
    lines_before: int = 0


@dataclass(frozen=True)
class Block:
    """Some consecutive rows.

    Attributes:
        lines: Line number of each row, rising.
        columns: The wanted columns by `Dialect.columns`' names, as bytes.
        rejects: Rows that could not be split.
        text_of: Returns the text of the row on a line.
        end: About how many bytes of the text were read up to its last row.
        origin: Where the rows are from.
    """

    lines: pa.Int64Array
    columns: dict[str, pa.BinaryArray]
    rejects: Sequence[RejectedRow]
    text_of: Callable[[int], bytes]
    end: int = 0
    origin: Origin = Origin()


@dataclass(frozen=True)
class Position:
    """How far a file was read, over all its parts.

    Attributes:
        lines: Lines before it.
        bytes: Bytes of text before it.
    """

    lines: int = 0
    bytes: int = 0


def read_blocks(csv: Opened, before: Position, member: str | None = None) -> Generator[Block, None, Position]:
    """Yield the rows of a CSV, and return the position behind it.

    A record of `BLOCK_BYTES` is always read; a longer one may be rejected.

    Args:
        csv: The CSV at its first row.
        before: Where the CSV begins in its file.
        member: Its name, where the file has several.

    Raises:
        PipelineError: As the stream's `read`.
    """
    splitter = _Splitter(csv.dialect)
    line = before.lines + csv.dialect.body_line
    rest = csv.first
    position = before.bytes + len(csv.first)
    origin = Origin(csv.dialect.year, member, before.lines)
    while True:
        block = csv.stream.read(BLOCK_BYTES)
        final = not block
        rest += block
        position += len(block)
        if final and rest and not rest.endswith(b"\n"):
            rest += b"\n"
        end = rest.rfind(b"\n") + 1
        if end:
            chunk, rest = rest[:end], rest[end:]
            settle = final or len(chunk) + len(rest) > 2 * BLOCK_BYTES
            rows, lines, consumed = splitter.split(chunk, line, settle=settle)
            line += lines
            rest = chunk[consumed:] + rest if consumed < len(chunk) else rest
            yield replace(rows, end=position - len(rest), origin=origin)
        elif len(rest) > BLOCK_BYTES:
            yield replace(splitter.too_long(line, rest), end=position, origin=origin)
            line += 1
            rest = _after_the_line(csv.stream)
        if final:
            return Position(line - 1, position)


def _after_the_line(stream: ByteStream) -> bytes:
    """Skip to the next line end; return what was read behind it."""
    while block := stream.read(BLOCK_BYTES):
        end = block.find(b"\n")
        if end >= 0:
            return block[end + 1 :]
    return b""


class _Splitter:
    """Splits chunks that end with a line end."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._delimiter = dialect.delimiter.decode()
        self._names = [f"f{index}" for index in range(dialect.width)]
        self._well_formed = _well_formed_line(self._delimiter)

    def split(self, chunk: bytes, first_line: int, *, settle: bool) -> tuple[Block, int, int]:
        """Split a chunk into rows.

        Args:
            chunk: Whole lines.
            first_line: Line number of the first.
            settle: Whether nothing will follow: a quote that is open at the end is a slip then.

        Returns:
            The rows, and how many lines and bytes they took; what is left is to come again with more behind it.
        """
        count = chunk.count(b"\n")
        if not chunk.lstrip(b"\r\n"):
            return Block(pa.array([], pa.int64()), self._columns([]), [], lambda _: b""), count, len(chunk)
        if b'"' not in chunk and _has_plain_line_ends(chunk):
            columns = self._parse(chunk, quoting=False)
            if columns is not None and len(next(iter(columns.values()))) == count:
                texts = _Texts(chunk, first_line)
                return Block(pc.add(count_up(count), first_line), columns, [], texts.text_of), count, len(chunk)
        return self._split_carefully(chunk, first_line, settle=settle)

    def too_long(self, line: int, text: bytes) -> Block:
        """Return a block of nothing but a reject."""
        reject = rejected(line, RejectReason.LINE_TOO_LONG, text)
        return Block(pa.array([], pa.int64()), self._columns([]), [reject], lambda _: text)

    def _split_carefully(self, chunk: bytes, first_line: int, *, settle: bool) -> tuple[Block, int, int]:
        lines = pc.split_pattern(pa.array([chunk[:-1]], pa.binary()), b"\n").values
        regular = self._regular(lines, quotes=b'"' in chunk)
        blank = pc.match_substring_regex(lines, _BLANK_LINE)
        odd = OddLines(lines, first_line, self._dialect.width, self._dialect.delimiter, settle=settle)
        odd.split(pc.indices_nonzero(pc.invert(pc.or_(regular, blank))).to_pylist())
        if odd.end < len(lines) or odd.spanned:
            flags = regular.to_pylist()
            for start, stop in (*odd.spanned, (odd.end, len(lines))):
                flags[start:stop] = [False] * (stop - start)
            regular = pa.array(flags, pa.bool_())
        plain = b"\n".join(lines.filter(regular).to_pylist())
        numbers = pc.add(pc.indices_nonzero(regular).cast(pa.int64()), first_line)
        columns = self._parse(plain + b"\n", quoting=True) if plain else self._columns([])
        if columns is None or len(numbers) != len(next(iter(columns.values()))):
            raise PipelineError(ErrorCode.CSV_MALFORMED, f"The rows from line {first_line:,} on can't be separated.")
        if odd.records:
            extra = self._columns([record.fields for record in odd.records])
            numbers = pa.concat_arrays([numbers, pa.array([record.line for record in odd.records], pa.int64())])
            order = pc.sort_indices(numbers)
            columns = {name: pa.concat_arrays([columns[name], extra[name]]).take(order) for name in columns}
            numbers = numbers.take(order)
        texts = _Texts(chunk, first_line, odd.texts)
        consumed = len(chunk) if odd.end == len(lines) else _bytes_before(lines, odd.end)
        return Block(numbers, columns, odd.rejects, texts.text_of), odd.end, consumed

    def _regular(self, lines: pa.BinaryArray, *, quotes: bool) -> pa.BooleanArray:
        """Return the lines that are one record each, which Arrow reads as we do.

        The fields are counted, and not part of the pattern: RE2 repeats nothing more than a thousand times.
        """
        bare = pc.replace_substring_regex(lines, '"[^"]*"', "") if quotes else lines
        has_width = pc.equal(pc.count_substring(bare, self._delimiter), self._dialect.width - 1)
        return pc.and_(has_width, pc.match_substring_regex(lines, self._well_formed))

    def _parse(self, chunk: bytes, *, quoting: bool) -> dict[str, pa.BinaryArray] | None:
        """Let Arrow parse whole lines; None where some line has another number of fields."""
        wanted = [self._names[index] for index in self._dialect.columns.values()]
        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(chunk),
                read_options=arrow_csv.ReadOptions(
                    use_threads=False, block_size=len(chunk) + 1, column_names=self._names
                ),
                parse_options=arrow_csv.ParseOptions(delimiter=self._delimiter, quote_char='"' if quoting else False),
                convert_options=arrow_csv.ConvertOptions(
                    check_utf8=False, include_columns=wanted, column_types=dict.fromkeys(wanted, pa.binary())
                ),
            )
        except pa.ArrowInvalid:
            return None
        return {
            column: table[name].combine_chunks() for column, name in zip(self._dialect.columns, wanted, strict=True)
        }

    def _columns(self, records: Sequence[Sequence[bytes]]) -> dict[str, pa.BinaryArray]:
        return {
            column: pa.array([fields[index] for fields in records], pa.binary())
            for column, index in self._dialect.columns.items()
        }


def count_up(count: int) -> pa.Int64Array:
    """Return the numbers from 0 to `count`, exclusive."""
    return _numbers(1 << (count - 1).bit_length() if count else 0).slice(0, count)


@lru_cache(maxsize=4)
def _numbers(count: int) -> pa.Int64Array:
    return pa.array(range(count), pa.int64())


class _Texts:
    """The text of each row of a chunk, cut up only when one is asked for."""

    def __init__(self, chunk: bytes, first_line: int, spanning: Mapping[int, bytes] | None = None) -> None:
        self._chunk = chunk
        self._first_line = first_line
        self._spanning = spanning or {}

    def text_of(self, line: int) -> bytes:
        """Return the text of the row that begins on a line."""
        return self._spanning.get(line) or self._lines[line - self._first_line].rstrip(b"\r")

    @cached_property
    def _lines(self) -> list[bytes]:
        return self._chunk.split(b"\n")


def _has_plain_line_ends(chunk: bytes) -> bool:
    """Return whether no carriage return stands elsewhere than before a line feed, once or twice."""
    returns = chunk.count(b"\r")
    return not returns or returns == chunk.count(b"\r\n") + chunk.count(b"\r\r\n")


def _well_formed_line(delimiter: str) -> str:
    """Return the regular expression of a line whose fields are each without quotes, or wholly inside one pair of them.

    RE2 reads bytes as Latin-1, one character a byte.
    """
    separator = rf"\x{ord(delimiter):02x}"
    field = rf'(?:"[^"\r]*"|[^"\r{separator}]*)'
    return rf"\A{field}(?:{separator}{field})*\r*\z"


def _bytes_before(lines: pa.BinaryArray, index: int) -> int:
    """Return how many bytes the first lines take, with their line ends."""
    length: int = pc.sum(pc.binary_length(lines.slice(0, index))).as_py() or 0
    return length + index
