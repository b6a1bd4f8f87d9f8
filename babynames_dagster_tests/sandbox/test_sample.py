"""The made-up sample: plausible, and always the same."""

import zipfile
from pathlib import Path

from babynames_dagster.sandbox.sample import FILE_NAME, sample_rows, write_sample


def test_has_the_shape_of_the_real_file() -> None:
    rows = list(sample_rows())

    assert {year for year, *_ in rows} == set(range(1880, 2016))
    assert {sex for _, _, sex, _ in rows} == {"F", "M"}
    assert {name[0] for _, name, _, _ in rows} == set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert min(births for *_, births in rows) >= 5
    assert rows == sorted(rows, key=lambda row: (row[0], row[2], -row[3], row[1]))


def test_holds_the_names_that_careless_parsers_destroy() -> None:
    assert {"Nan", "Na", "True", "No", "Nil", "Infinity"} <= {name for _, name, _, _ in sample_rows()}


def test_is_the_same_each_time(tmp_path: Path) -> None:
    first, second = write_sample(tmp_path / "first"), write_sample(tmp_path / "second")

    assert first.name == f"{FILE_NAME}.zip"
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.read(FILE_NAME).startswith(b"YearOfBirth,Name,Sex,Number\n1880,")
