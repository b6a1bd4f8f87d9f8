"""The stream between reading and loading: its columns, and the header that travels with it.

What belongs here: Arrow schemas and the header's way into their metadata. What does not: filling the stream.

A stream row is either a group (a distinct name and sex of one block, or one year's births) or a reject; each
stands for `occurrences` rows of the file, so that the sum over the stream is the file's row count. `end` says how
far into the text its block goes, in bytes, for those who tell how much is left.
"""

import json
from dataclasses import asdict, dataclass

import pyarrow as pa
from typing_extensions import Self

from babynames_dagster.errors import ErrorCode, PipelineError

NAMES = "baby_names"
YEARS = "baby_name_years"

_KEY = b"babynames.stream"

_COMMON = [
    pa.field("line", pa.int64()),
    pa.field("occurrences", pa.int64()),
    pa.field("end", pa.int64()),
    pa.field("reason", pa.string()),
    pa.field("raw", pa.string()),
]
NAMES_SCHEMA = pa.schema(
    [
        pa.field("slug", pa.string()),
        pa.field("name", pa.string()),
        pa.field("sex", pa.string()),
        pa.field("initial", pa.string()),
        *_COMMON,
    ]
)
YEARS_SCHEMA = pa.schema(
    [pa.field("slug", pa.string()), pa.field("year", pa.int32()), pa.field("births", pa.int32()), *_COMMON]
)


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

    def on(self, schema: pa.Schema) -> pa.Schema:
        """Return the schema with this header in its metadata."""
        return schema.with_metadata({_KEY: json.dumps(asdict(self)).encode()})

    @classmethod
    def from_schema(cls, schema: pa.Schema) -> Self:
        """Read the header from a stream's schema.

        Raises:
            PipelineError: UNEXPECTED where the stream was not made by `names_reader` or `years_reader`.
        """
        found = (schema.metadata or {}).get(_KEY)
        if found is None:
            raise PipelineError(ErrorCode.UNEXPECTED, "This stream has no header: it is not one of the pipeline's.")
        return cls(**json.loads(found))
