"""The stream between reading and loading."""

from pathlib import Path

import pyarrow as pa

from babynames_dagster.names.csv.grouping import NAMES_SCHEMA
from babynames_dagster_tests.support.loading import csv_file, stream_of


def test_a_stream_is_read_when_it_is_asked_for_and_again_from_the_beginning(tmp_path: Path) -> None:
    body = b"1880,Anna,F,7\n1880,Bob,X,7\n1880,Anna,F,7\n"
    path = csv_file(tmp_path, body)
    stream = stream_of(path)
    path.write_bytes(path.read_bytes().replace(b"Anna", b"Ella"))
    for _ in range(2):
        (chunk,) = stream
        assert chunk.rows.select(["name", "line", "occurrences"]).to_pylist() == [
            {"name": "Ella", "line": 2, "occurrences": 2}
        ]
        assert [(reject.line, reject.raw) for reject in chunk.rejects] == [(3, "1880,Bob,X,7")]
        assert chunk.end == len(body)


def test_any_arrow_consumer_takes_a_stream_for_its_rows(tmp_path: Path) -> None:
    stream = stream_of(csv_file(tmp_path, b"1880,Anna,F,7\n1880,Bob,X,7\n1880,Zed,M,7\n"))
    table = pa.RecordBatchReader.from_stream(stream).read_all()
    assert table.schema == NAMES_SCHEMA
    assert table["name"].to_pylist() == ["Anna", "Zed"]
