"""A data file as a lazy stream of rows, ready to be loaded.

What belongs here: putting file, dialect, blocks and groups together. What does not: any of those.
"""

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import pyarrow as pa
from typing_extensions import Self

from babynames_dagster.datafile.archive import open_parts
from babynames_dagster.datafile.header import BIRTHS, BLOCK_BYTES, NAME, SEX, YEAR, CsvOptions, read_header
from babynames_dagster.datafile.inspect import DataFile
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.names.csv.blocks import Block, Position, read_blocks
from babynames_dagster.names.csv.grouping import name_rows, year_rows
from babynames_dagster.names.stream import NAMES, NAMES_SCHEMA, YEARS, YEARS_SCHEMA, StreamHeader
from babynames_dagster.paths import printable
from babynames_dagster.settings import FileSettings

# A load that was interrupted is taken up by counting stream rows, so a new way of cutting the stream, or of telling
# names apart, has to count as another way of reading.
_READING_VERSION = 2

_Group = Callable[[Block, pa.Schema], pa.RecordBatch]


@dataclass(frozen=True)
class ReadOptions:
    """How a file is read.

    Attributes:
        csv: How its CSV is written, as far as that is given.
        max_uncompressed: Most bytes that a CSV inside a zip may have.
    """

    csv: CsvOptions = field(default_factory=CsvOptions)
    max_uncompressed: int = 20_000_000_000

    @classmethod
    def from_settings(cls, settings: FileSettings) -> Self:
        """Return what CSV_ENCODING, CSV_DELIMITER, CSV_COLUMNS and MAX_UNCOMPRESSED_BYTES say."""
        return cls(CsvOptions.from_settings(settings), settings.max_uncompressed_bytes)

    def fingerprint(self, file: DataFile) -> str:
        """Return a digest of all that decides what rows a given content has."""
        csv = self.csv
        parts = (str(_READING_VERSION), str(BLOCK_BYTES), csv.encoding, csv.delimiter or "", ",".join(csv.columns))
        # The content tells a zip's members and their names; a plain file's own name is not in it.
        inside = [str(member.index) for member in file.members] or [file.path.name if file.year is not None else ""]
        return hashlib.sha256("\0".join((*parts, *inside)).encode()).hexdigest()


def names_reader(file: DataFile, *, sha256: str, options: ReadOptions, full_reload: bool) -> pa.RecordBatchReader:
    """Return the file's distinct names, block by block; nothing is opened before the first batch is asked for.

    Args:
        file: What `inspect_file` recognised.
        sha256: Its content.
        options: How to read it.
        full_reload: Whether to load it even if it was loaded before.

    Raises:
        PipelineError: While reading: FILE_NOT_CSV, any ZIP_* or CSV_* code.
    """
    return _reader(file, _header(NAMES, file, sha256, options, full_reload=full_reload), options)


def years_reader(file: DataFile, *, sha256: str, options: ReadOptions, full_reload: bool) -> pa.RecordBatchReader:
    """Return the file's births by name and year; arguments and errors as `names_reader`."""
    return _reader(file, _header(YEARS, file, sha256, options, full_reload=full_reload), options)


def _header(target: str, file: DataFile, sha256: str, options: ReadOptions, *, full_reload: bool) -> StreamHeader:
    name = printable(file.path.name)
    return StreamHeader(target, name, file.text_size, sha256, options.fingerprint(file), full_reload)


def _reader(file: DataFile, header: StreamHeader, options: ReadOptions) -> pa.RecordBatchReader:
    wanted: Sequence[str]
    group: _Group
    if header.target == NAMES:
        schema, wanted, group = NAMES_SCHEMA, (NAME, SEX), name_rows
    else:
        schema, wanted, group = YEARS_SCHEMA, (NAME, SEX, YEAR, BIRTHS), year_rows
    schema = header.on(schema)
    return pa.RecordBatchReader.from_batches(schema, _batches(file, options, schema, wanted, group))


def _batches(
    file: DataFile, options: ReadOptions, schema: pa.Schema, wanted: Sequence[str], group: _Group
) -> Iterator[pa.RecordBatch]:
    found = False
    with closing(_blocks(file, options, wanted)) as blocks:
        for block in blocks:
            batch = group(block, schema)
            if batch.num_rows:
                found = True
                yield batch
    if not found:
        raise PipelineError(ErrorCode.CSV_EMPTY, f"{file.path} has a header, but no rows.")


def _blocks(file: DataFile, options: ReadOptions, wanted: Sequence[str]) -> Generator[Block, None, None]:
    position = Position()
    with closing(open_parts(file, max_uncompressed=options.max_uncompressed)) as parts:
        for part in parts:
            where = f"{part.name} in {file.path}" if file.members else str(file.path)
            csv = read_header(part, wanted=wanted, options=options.csv, file_name=where)
            position = yield from read_blocks(csv, position)
