"""The header of a CSV, as far as it tells the dataset from something else.

What belongs here: a look at the first line. What does not: how rows are written (`names/csv/dialect.py`).
"""

import re

from babynames_dagster.datafile.archive import open_csv
from babynames_dagster.datafile.inspect import DataFile
from babynames_dagster.settings import FetchSettings

_HEAD_BYTES = 1 << 16
_MARKS = re.compile(rb"\A(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)")
_SEPARATORS = ",;|\t"


def header_columns(file: DataFile, settings: FetchSettings) -> frozenset[str]:
    """Return the column names of a CSV, case-folded, whatever its encoding and separator.

    Of a text that is no CSV, that is its first line, perhaps cut at its commas.

    Args:
        file: The CSV, or the zip that holds it.
        settings: The separator, where it is an unusual one, and the limits.

    Raises:
        PipelineError: As `open_csv`.
    """
    with open_csv(file, max_uncompressed=settings.files.max_uncompressed_bytes) as stream:
        head = stream.read(_HEAD_BYTES)
    # The names that matter are ASCII: without its zero bytes, UTF-16 reads as UTF-8 does.
    text = _MARKS.sub(b"", head).replace(b"\0", b"").decode("utf-8", "replace").lstrip()
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    separators = re.escape(_SEPARATORS + (settings.files.csv_delimiter or ""))
    return frozenset(name.strip(" \"'").casefold() for name in re.split(f"[{separators}]", first))
