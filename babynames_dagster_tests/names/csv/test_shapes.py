"""Files of unusual shapes: very many columns, and one file a year."""

from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.errors import PipelineError
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


def test_a_reject_of_one_file_a_year_is_found_by_the_files_own_line(engine: Engine, tmp_path: Path) -> None:
    bad = b"Bob,X,7\r\n" * 2
    path = zip_file(
        tmp_path,
        [
            ("names/yob1881.txt", b"Mary,F,6919\r\n" + bad),
            ("names/yob1880.txt", b"Mary,F,7065\r\nAnna,F,2604\r\nZed,M,x\r\n" + bad),
            ("x" * 300 + "/yob1882.txt", bad),
        ],
    )
    report = load(engine, path, batch_size=1)
    assert [(row.line, row.place) for row in report.first_rejects] == [
        (4, "names/yob1880.txt, line 4"),
        (5, "names/yob1880.txt, line 5"),
        (7, "names/yob1881.txt, line 2"),
        (8, "names/yob1881.txt, line 3"),
        (9, "x" * 255 + ", line 1"),
        (10, "x" * 255 + ", line 2"),
    ]
    assert [row.place for row in load_births(engine, path).first_rejects][:2] == [
        "names/yob1880.txt, line 3",
        "names/yob1880.txt, line 4",
    ]
    with pytest.raises(PipelineError, match=r"names/yob1881.txt, line 3: unknown_sex: 'Bob,X,7'"):
        load(engine, path, full_reload=True, reject_limit=0.1)


def test_a_reject_of_the_only_file_of_a_zip_is_found_by_its_line(engine: Engine, tmp_path: Path) -> None:
    path = zip_file(tmp_path, [("yob1880.txt", b"Mary,F,7065\r\nBob,X,7\r\n")])
    assert [row.place for row in load(engine, path).first_rejects] == ["line 2"]
