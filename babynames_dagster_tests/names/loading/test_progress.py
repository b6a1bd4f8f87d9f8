"""What a load reports of its progress: rows done, and about how many there are."""

from pathlib import Path

from sqlalchemy.engine import Engine

from babynames_dagster.common.progress import Progress
from babynames_dagster_tests.support.loading import csv_file, load


def test_the_expected_rows_are_about_right_from_the_first_batch_on(engine: Engine, tmp_path: Path) -> None:
    rows = 60_000
    text = "".join(f"1990,N{chr(97 + index % 26)}{index // 26:05x},F,1\n" for index in range(rows))
    path = csv_file(tmp_path, text.encode())
    reported: list[Progress] = []
    load(engine, path, batch_size=8_000, on_progress=reported.append)
    assert reported[-1] == Progress("load", rows, rows, "rows")
    assert len(reported) > 5
    for report in reported:
        assert report.total is not None
        assert report.done <= report.total
        assert abs(report.total - rows) < 0.5 * rows
    assert [report.done for report in reported] == sorted(report.done for report in reported)
