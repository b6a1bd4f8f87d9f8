"""How a CSV is written: its separator, and where its columns are.

What belongs here: reading the header, or doing without one. What does not: the rows.
"""

import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from typing_extensions import Self

from babynames_dagster.common.paths import printable
from babynames_dagster.datafile.content.archive import Part, open_parts
from babynames_dagster.datafile.content.columns import (
    BIRTHS,
    YEAR,
    YEARLY_COLUMNS,
    guessed_columns,
    position_of,
    titles_of,
)
from babynames_dagster.datafile.content.first_record import FirstRecord, behind_blank_lines, first_record, whole_record
from babynames_dagster.datafile.content.formats import format_of, is_binary
from babynames_dagster.datafile.content.inspect import DataFile
from babynames_dagster.datafile.content.text import Utf8Stream
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import FileSettings

_DELIMITERS = (",", ";", "\t", "|")
_SHOWN = 20
_EXCELS_SEPARATOR = re.compile(rb'[ \t]*"?sep=([^\r\n"])"?[ \t\r]*\n', re.IGNORECASE)


@dataclass(frozen=True)
class CsvOptions:
    """What the settings say about how CSVs are written.

    Attributes:
        encoding: CSV_ENCODING: the encoding, unless a byte order mark says otherwise.
        delimiter: CSV_DELIMITER: the field separator; None to sniff it from the header.
        columns: CSV_COLUMNS: what the columns are, where the file has no header that says it; empty if not given.
    """

    encoding: str = "utf-8"
    delimiter: str | None = None
    columns: tuple[str, ...] = ()

    @classmethod
    def from_settings(cls, settings: FileSettings) -> Self:
        """Return what the three variables say."""
        columns = settings.csv_columns.split(",") if settings.csv_columns else ()
        return cls(settings.csv_encoding, settings.csv_delimiter, tuple(columns))


@dataclass(frozen=True)
class Dialect:
    """How the rows of a CSV are written.

    Attributes:
        delimiter: The field separator, one byte.
        width: Fields of a row.
        columns: Position of each wanted column.
        year: The year in the file's name; it counts where the year is no column.
        has_header: Whether the file says itself what its columns are.
        body_line: Line number of the first row.
    """

    delimiter: bytes
    width: int
    columns: dict[str, int]
    year: int | None
    has_header: bool
    body_line: int


@dataclass(frozen=True)
class Opened:
    """A CSV, read up to its first row.

    Attributes:
        dialect: How its rows are written.
        first: What was read of them.
        stream: What follows, UTF-8.
    """

    dialect: Dialect
    first: bytes
    stream: Utf8Stream


def read_header(part: Part, *, wanted: Sequence[str], options: CsvOptions, file_name: str) -> Opened:
    """Read a CSV up to its first row.

    Args:
        part: The CSV from its beginning.
        wanted: Which columns are needed.
        options: How it is written, as far as that is given.
        file_name: For messages.

    Raises:
        PipelineError: CSV_EMPTY, FILE_NOT_CSV, CSV_ENCODING_ERROR, CSV_MALFORMED, CSV_COLUMN_MISSING, or as the stream.
    """
    stream, year = Utf8Stream(part.stream, options.encoding, file_name), part.year
    other = format_of(stream.head)
    if other is not None:
        raise PipelineError(ErrorCode.FILE_NOT_CSV, f"{file_name} is {other.name}, no CSV.", remedy=other.remedy)
    number, text = behind_blank_lines(stream, 1, b"")
    hint = _EXCELS_SEPARATOR.match(text)
    if hint:
        number, text = behind_blank_lines(stream, number + 1, text[hint.end() :])
        if options.delimiter is None:
            options = replace(options, delimiter=hint.group(1).decode("latin-1"))
    candidates = (options.delimiter,) if options.delimiter is not None else _DELIMITERS
    where = f"{file_name}, line {number:,}"
    text = whole_record(stream, text, candidates, where)
    _check_bytes(text, file_name, where)
    lines = [first_record(text, candidate) for candidate in candidates]
    if not any(line.fields for line in lines):
        raise PipelineError(ErrorCode.CSV_MALFORMED, f"{where}: the quotes don't match.")
    inferred = {YEAR} if year is not None else set()
    for line in lines:
        columns = {column: position_of(column, line.fields) for column in wanted}
        found = {column: position for column, position in columns.items() if position is not None}
        if found.keys() | inferred >= columns.keys():
            dialect = Dialect(
                line.delimiter.encode(), len(line.fields), found, year, has_header=True, body_line=number + line.lines
            )
            return Opened(dialect, text[line.end :], stream)
    given = options.columns or (YEARLY_COLUMNS if year is not None else ())
    if given:
        return Opened(_without_header(lines, given, wanted, year=year, where=where, number=number), text, stream)
    if is_binary(text.split(b"\n", 1)[0]):
        raise _binary_data(file_name)
    raise _no_such_columns(lines, wanted, text, where, number=number)


def header_of(file: DataFile, settings: FileSettings, *, wanted: Sequence[str]) -> Dialect:
    """Return how a file's CSV is written, or the first of several.

    Raises:
        PipelineError: As `open_parts` and `read_header`.
    """
    with closing(open_parts(file, max_uncompressed=settings.max_uncompressed_bytes)) as parts:
        options = CsvOptions.from_settings(settings)
        return read_header(next(parts), wanted=wanted, options=options, file_name=str(file.path)).dialect


def _check_bytes(text: bytes, file_name: str, where: str) -> None:
    line = text[: text.find(b"\n") + 1] or text
    if not line.strip():
        raise PipelineError(ErrorCode.CSV_EMPTY, f"{file_name} holds no header and no rows.")
    zeros = line.count(b"\0")
    if 3 * zeros >= len(line):
        order = "le" if line[1::2].count(b"\0") > line[::2].count(b"\0") else "be"
        width = 32 if 3 * zeros > 2 * len(line) else 16
        raise PipelineError(
            ErrorCode.CSV_ENCODING_ERROR,
            f"{where}: it holds NUL bytes, as UTF-{width} without a byte order mark does.",
            remedy=f"Set CSV_ENCODING=utf-{width}-{order}.",
        )
    if zeros:
        raise _binary_data(file_name)


def _binary_data(file_name: str) -> PipelineError:
    what = f"{file_name} holds binary data, no CSV: there are NUL bytes or other control characters in its first line."
    return PipelineError(ErrorCode.FILE_NOT_CSV, what)


def _without_header(  # noqa: PLR0913 - each is one fact about the file
    lines: Sequence[FirstRecord],
    given: Sequence[str],
    wanted: Sequence[str],
    *,
    year: int | None,
    where: str,
    number: int,
) -> Dialect:
    """Return the dialect of a file whose first line is a row, or a header that says nothing to us."""
    inferred = {YEAR} if year is not None else set()
    lacking = [column for column in wanted if column not in given and column not in inferred]
    if lacking:
        raise PipelineError(
            ErrorCode.CSV_COLUMN_MISSING,
            f"{where}: there is no column {titles_of(lacking)} among {', '.join(given)}.",
            remedy="Name all columns of the file in CSV_COLUMNS, in their order.",
        )
    fitting = [line for line in lines if len(line.fields) == len(given)]
    if not fitting:
        widest = max(lines, key=lambda line: len(line.fields))
        raise PipelineError(
            ErrorCode.CSV_COLUMN_MISSING,
            f"{where}: there are {len(widest.fields)} fields ({_shown(widest.fields)}), but {len(given)} columns "
            f"({', '.join(given)}).",
            remedy="Name all columns of the file in CSV_COLUMNS, in their order; `-` for those that don't matter.",
        )
    columns = {column: given.index(column) for column in wanted if column in given}
    return Dialect(fitting[0].delimiter.encode(), len(given), columns, year, has_header=False, body_line=number)


def _no_such_columns(
    lines: Sequence[FirstRecord], wanted: Sequence[str], text: bytes, where: str, *, number: int
) -> PipelineError:
    best = max(lines, key=lambda line: len(line.fields))
    missing = [column for column in wanted if position_of(column, best.fields) is None]
    guess = guessed_columns(best.fields) or guessed_columns(first_record(text[best.end :], best.delimiter).fields)
    above = _lines_above_header(text, [line.delimiter for line in lines], wanted)
    if above:
        remedy = f"Delete what stands above line {number + above:,}, which is the header."
    elif {*missing} <= {YEAR, BIRTHS}:
        remedy = "Load a file that has them, or leave baby_name_years out, and MIN_YEAR and MAX_YEAR unset."
    elif guess:
        remedy = f"Set CSV_COLUMNS={','.join(guess)} if those are the file's columns."
    else:
        remedy = (
            "Check that this is the right file; if it is, name its columns in CSV_COLUMNS, or its separator in "
            "CSV_DELIMITER."
        )
    return PipelineError(
        ErrorCode.CSV_COLUMN_MISSING,
        f"{where}: no column {titles_of(missing)}; there is {_shown(best.fields)}.",
        remedy=remedy,
    )


def _lines_above_header(text: bytes, delimiters: Sequence[str], wanted: Sequence[str]) -> int:
    """Return how many lines stand above a header that is not the first record; 0 where there is none near."""
    for index, line in enumerate(text.split(b"\n", _SHOWN)[:_SHOWN]):
        for delimiter in delimiters:
            names = first_record(line, delimiter).fields
            if all(position_of(column, names) is not None for column in wanted):
                return index
    return 0


def _shown(fields: Sequence[str]) -> str:
    more = f" and {len(fields) - _SHOWN:,} more" if len(fields) > _SHOWN else ""
    return ", ".join(f"'{printable(field)[:100]}'" for field in fields[:_SHOWN]) + more
