"""The stream between reading and loading: a header, and chunks of rows and rejects.

What belongs here: what is in a stream. What does not: filling it (`names/csv/`) and loading it (`names/loading/`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from babynames_dagster.names.rejects import RejectedRow

if TYPE_CHECKING:
    import pyarrow as pa

NAMES = "baby_names"
YEARS = "baby_name_years"


@dataclass(frozen=True)
class StreamHeader:
    """What a load has to know about a stream before its first row.

    Attributes:
        target: The table it is for.
        file_name: The file's name, for people.
        size: Bytes of the CSV, as far as known before reading it.
        sha256: The file's content.
        options: Fingerprint of how the file is read: the same file read otherwise is another load.
        full_reload: Whether to read the file even if it was loaded before.
    """

    target: str
    file_name: str
    size: int
    sha256: str
    options: str
    full_reload: bool


@dataclass(frozen=True)
class Chunk:
    """What became of some consecutive rows of the file: each is counted in `rows`, or is in `rejects`.

    Attributes:
        rows: Distinct names and sexes, or births by year; `line` is the first row of the file that says so, and
            `occurrences` how many say it.
        rejects: Rows that are not loaded, by line.
        end: About how far into the text they go, in bytes.
    """

    rows: "pa.RecordBatch"
    rejects: Sequence[RejectedRow]
    end: int


class RowStream:
    """A file's rows, read while they are asked for; nothing is opened before that.

    Any Arrow consumer takes it for its rows (Arrow's PyCapsule interface): `pa.RecordBatchReader.from_stream(stream)`.

    Attributes:
        header: What it is a stream of.
        schema: The schema of its rows.
    """

    def __init__(self, header: StreamHeader, schema: "pa.Schema", read: Callable[[], Iterator[Chunk]]) -> None:
        """Describe a stream.

        Args:
            header: What it is a stream of.
            schema: The schema of its rows.
            read: Opens the file and yields its chunks.
        """
        self.header = header
        self.schema = schema
        self._read = read

    def __iter__(self) -> Iterator[Chunk]:
        """Read the file from its beginning.

        Raises:
            PipelineError: While reading: FILE_NOT_CSV, any ZIP_* or CSV_* code.
        """
        return self._read()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the rows as an Arrow stream, without the rejects."""
        import pyarrow as pa  # noqa: PLC0415 - a stream is an asset's type, which Dagster looks up as it starts

        rows = pa.RecordBatchReader.from_batches(self.schema, (chunk.rows for chunk in self))
        return rows.__arrow_c_stream__(requested_schema)
