"""Files of unusual shapes: very many columns, and one file a year."""

from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster_tests.support.loading import births_in, counts, csv_file, load, load_births, read, zip_file


@pytest.mark.parametrize("width", [1002, 16_384])
def test_a_wide_file_with_an_odd_row_is_read(tmp_path: Path, width: int) -> None:
    tail = b",x" * (width - 2)
    rows = [b"Anna,F" + tail, b'"Bob",M' + tail, b"Cleo,F", b"Dora,F" + tail + b",x"]
    header = b"Name,Sex" + b"".join(b",c%d" % number for number in range(width - 2)) + b"\n"
    names, rejected = read(csv_file(tmp_path, b"\n".join(rows), header=header))
    assert names == {("Anna", "F"), ("Bob", "M")}
    assert rejected == [(4, "too_few_fields"), (5, "too_many_fields")]


def test_one_file_a_year_is_one_stream_with_the_year_from_the_names(engine: Engine, tmp_path: Path) -> None:
    path = zip_file(
        tmp_path,
        [
            ("NationalReadMe.pdf", b"%PDF"),
            ("yob1881.txt", b"Mary,F,6919\r\nJohn,M,8769\r\n"),
            ("yob1880.txt", b"Mary,F,7065\r\nAnna,F,2604\r\n"),
        ],
    )
    assert counts(load(engine, path)) == (4, 3, 0, 1, 0)
    assert counts(load_births(engine, path)) == (4, 4, 0, 0, 0)
    assert births_in(engine) == {
        ("mary.f", 1880): 7065,
        ("anna.f", 1880): 2604,
        ("mary.f", 1881): 6919,
        ("john.m", 1881): 8769,
    }
