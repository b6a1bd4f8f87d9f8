"""A data file as a lazy stream of rows, ready to be loaded.

What belongs here: putting file, dialect, blocks and groups together. What does not: any of those.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
from typing_extensions import Self

from babynames_dagster.datafile.archive import open_csv
from babynames_dagster.datafile.inspect import DataFile
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.names.csv.blocks import BLOCK_BYTES, Block, read_blocks
from babynames_dagster.names.csv.dialect import Utf8Stream, read_dialect
from babynames_dagster.names.csv.grouping import name_rows, year_rows
from babynames_dagster.names.stream import NAMES, NAMES_SCHEMA, YEARS, YEARS_SCHEMA, StreamHeader
from babynames_dagster.settings import FileSettings

# A load that was interrupted is taken up by counting stream rows, so a new way of cutting the stream, or of telling
# names apart, has to count as another way of reading.
_READING_VERSION = 1

_Group = Callable[[Block, pa.Schema], pa.RecordBatch]


@dataclass(frozen=True)
class ReadOptions:
    """How a file is read.

    Attributes:
        encoding: The CSV's encoding, unless a byte order mark says otherwise.
        delimiter: The field separator; None to sniff it from the header.
        max_uncompressed: Most bytes that a CSV inside a zip may have.
    """

    encoding: str = "utf-8"
    delimiter: str | None = None
    max_uncompressed: int = 20_000_000_000

    @classmethod
    def from_settings(cls, settings: FileSettings) -> Self:
        """Return what CSV_ENCODING, CSV_DELIMITER and MAX_UNCOMPRESSED_BYTES say."""
        return cls(settings.csv_encoding, settings.csv_delimiter, settings.max_uncompressed_bytes)

    def fingerprint(self, member: str | None) -> str:
        """Return a digest of all that decides what rows a given content has."""
        parts = (str(_READING_VERSION), str(BLOCK_BYTES), self.encoding, self.delimiter or "", member or "")
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def names_reader(file: DataFile, *, sha256: str, options: ReadOptions, full_reload: bool) -> pa.RecordBatchReader:
    """Return the file's distinct names, block by block; nothing is opened before the first batch is asked for.

    Args:
        file: What `inspect_file` recognised.
        sha256: Its content.
        options: How to read it.
        full_reload: Whether to load it even if it was loaded before.

    Raises:
        PipelineError: While reading: any ZIP_* or CSV_* code.
    """
    return _reader(file, _header(NAMES, file, sha256, options, full_reload=full_reload), options)


def years_reader(file: DataFile, *, sha256: str, options: ReadOptions, full_reload: bool) -> pa.RecordBatchReader:
    """Return the file's births by name and year; arguments and errors as `names_reader`."""
    return _reader(file, _header(YEARS, file, sha256, options, full_reload=full_reload), options)


def _header(target: str, file: DataFile, sha256: str, options: ReadOptions, *, full_reload: bool) -> StreamHeader:
    size = file.uncompressed or file.size
    return StreamHeader(target, file.path.name, size, sha256, options.fingerprint(file.member), full_reload)


def _reader(file: DataFile, header: StreamHeader, options: ReadOptions) -> pa.RecordBatchReader:
    wanted: Sequence[str]
    group: _Group
    if header.target == NAMES:
        schema, wanted, group = NAMES_SCHEMA, ("name", "sex"), name_rows
    else:
        schema, wanted, group = YEARS_SCHEMA, ("name", "sex", "year", "births"), year_rows
    schema = header.on(schema)
    return pa.RecordBatchReader.from_batches(schema, _batches(file, options, schema, wanted, group))


def _batches(
    file: DataFile, options: ReadOptions, schema: pa.Schema, wanted: Sequence[str], group: _Group
) -> Iterator[pa.RecordBatch]:
    found = False
    with open_csv(file, max_uncompressed=options.max_uncompressed) as raw:
        stream = Utf8Stream(raw, options.encoding)
        first = stream.read(BLOCK_BYTES)
        dialect, body = read_dialect(first, wanted=wanted, delimiter=options.delimiter, file_name=str(file.path))
        for block in read_blocks(stream, dialect, first[body:]):
            batch = group(block, schema)
            if batch.num_rows:
                found = True
                yield batch
    if not found:
        raise PipelineError(ErrorCode.CSV_EMPTY, f"{file.path} has a header, but no rows.")
