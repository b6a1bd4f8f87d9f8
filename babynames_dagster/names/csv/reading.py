"""A data file as a lazy stream of rows, ready to be loaded.

What belongs here: putting file, dialect, blocks and groups together. What does not: any of those.
"""

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import pyarrow as pa
from typing_extensions import Self

from babynames_dagster.common.paths import printable
from babynames_dagster.datafile.content.archive import open_parts
from babynames_dagster.datafile.content.columns import BIRTHS, NAME, SEX, YEAR
from babynames_dagster.datafile.content.header import CsvOptions, read_header
from babynames_dagster.datafile.content.inspect import DataFile
from babynames_dagster.datafile.content.text import BLOCK_BYTES
from babynames_dagster.datafile.digest import HashedFile
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.names.csv.blocks import Block, Position, read_blocks
from babynames_dagster.names.csv.grouping import NAMES_SCHEMA, YEARS_SCHEMA, name_rows, year_rows
from babynames_dagster.names.rejects import MEMBER_KEPT
from babynames_dagster.names.stream import NAMES, YEARS, Chunk, RowStream, StreamHeader
from babynames_dagster.settings import FileSettings

# A load that was interrupted is resumed by counting stream rows. So a new way of cutting the stream, or of
# distinguishing names, has to count as another way of reading.
_READING_VERSION = 3


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
        # The content has a zip's members and their names; a plain file's own name is not in it.
        inside = [str(member.index) for member in file.members] or [file.path.name if file.year is not None else ""]
        return hashlib.sha256("\0".join((*parts, *inside)).encode()).hexdigest()


@dataclass(frozen=True)
class _Target:
    """What becomes of a file's rows: in which columns of it, how, and what the result looks like."""

    wanted: Sequence[str]
    group: Callable[[Block], Chunk]
    schema: pa.Schema


_TARGETS = {
    NAMES: _Target((NAME, SEX), name_rows, NAMES_SCHEMA),
    YEARS: _Target((NAME, SEX, YEAR, BIRTHS), year_rows, YEARS_SCHEMA),
}


def stream_file(target: str, found: HashedFile, *, options: ReadOptions, full_reload: bool = False) -> RowStream:
    """Return a file's distinct names, or its births by name and year, chunk by chunk.

    Args:
        target: The table that the rows are for.
        found: The file and its content.
        options: How to read it.
        full_reload: Whether to load it even if it was loaded before.
    """
    file, sha256 = found.file, found.sha256
    name = printable(file.path.name)
    header = StreamHeader(target, name, file.text_size, sha256, options.fingerprint(file), full_reload)
    made = _TARGETS[target]
    return RowStream(header, made.schema, lambda: _chunks(file, options, made))


def _chunks(file: DataFile, options: ReadOptions, target: _Target) -> Iterator[Chunk]:
    found = False
    with closing(_blocks(file, options, target.wanted)) as blocks:
        for block in blocks:
            chunk = target.group(block)
            if chunk.rows.num_rows or chunk.rejects:
                found = True
                yield chunk
    if not found:
        raise PipelineError(ErrorCode.CSV_EMPTY, f"{file.path} has a header, but no rows.")


def _blocks(file: DataFile, options: ReadOptions, wanted: Sequence[str]) -> Generator[Block, None, None]:
    position = Position()
    with closing(open_parts(file, max_uncompressed=options.max_uncompressed)) as parts:
        for part in parts:
            where = f"{part.name} in {file.path}" if file.members else str(file.path)
            csv = read_header(part, wanted=wanted, options=options.csv, file_name=where)
            position = yield from read_blocks(csv, position, part.name[:MEMBER_KEPT] if len(file.members) > 1 else None)
