"""Which file a run takes, and what it says of it."""

import gzip
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from babynames_dagster_tests.support.command import Reported, run_babynames
from babynames_dagster_tests.support.pipeline import write_csv


def test_the_file_that_was_taken_is_named(reported: Reported, tmp_path: Path, environment: Mapping[str, str]) -> None:
    downloads = tmp_path / "data" / "downloads"
    downloads.mkdir(parents=True)
    dropped = write_csv(downloads / "dropped by hand.csv", [(1990, "Zoe", "F", 1)])
    assert reported("run")["file"] == str(dropped)
    shown = run_babynames("run", folder=tmp_path, environment={**environment, "COLUMNS": "400"})
    assert f"File: {dropped}" in shown.stdout


def test_force_download_fetches_although_a_sound_file_is_there(reported: Reported, tmp_path: Path) -> None:
    (tmp_path / "data" / "downloads").mkdir(parents=True)
    write_csv(tmp_path / "data" / "downloads" / "babyNamesUSYOB-full.csv", [(1990, "Zoe", "F", 1)])
    assert reported("run")["rows_read"] == 1
    assert reported("run", "--force-download")["rows_read"] == 4


def test_another_file_of_a_zip_than_the_wanted_one_is_taken_and_said_loudly(
    tmp_path: Path, environment: Mapping[str, str]
) -> None:
    path = tmp_path / "windows.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive\\other-names.csv", "YearOfBirth,Name,Sex,Number\n" + "1880,Bob,M,5\n" * 50)
        archive.writestr("archive\\babyNamesUSYOB-full.csv", "YearOfBirth,Name,Sex,Number\n1880,Ann,F,5\n")
    found = run_babynames("run", "--path", str(path), "--json", folder=tmp_path, environment=environment)
    assert json.loads(found.stdout)["rows_read"] == 1
    assert not [warning for warning in json.loads(found.stdout)["warnings"] if "is taken" in warning]
    wanting = {**environment, "KAGGLE_FILE": "another.csv"}
    other = run_babynames("run", "--path", str(path), folder=tmp_path, environment=wanting)
    said = "holds no another.csv: archive\\other-names.csv, the largest of its 2 CSVs, is taken."
    assert f"Warning: raw_zip: {path} {said}" in other.stderr
    reported = run_babynames("run", "--path", str(path), "--json", folder=tmp_path, environment=wanting)
    assert any(said in warning for warning in json.loads(reported.stdout)["warnings"])


def test_a_file_whose_name_is_no_utf_8_is_loaded_and_shown_escaped(
    tmp_path: Path, environment: Mapping[str, str]
) -> None:
    (tmp_path / "data" / "downloads").mkdir(parents=True)
    for folder, arguments in ((tmp_path, True), (tmp_path / "data" / "downloads", False)):
        path = folder / os.fsdecode(b"pr\xe9noms.csv")
        path.write_text(f"Name,Sex\nZo{'e' * len(str(folder))},F\n")
        given = ("--path", str(path)) if arguments else ()
        answer = run_babynames("run", *given, "--json", folder=tmp_path, environment=environment)
        assert answer.returncode == 0, answer.stderr
        assert json.loads(answer.stdout)["rows_inserted"] == 1
    path.write_text("Nom,Sex\n")
    broken = run_babynames("run", "--path", str(path), folder=tmp_path, environment=environment)
    assert "CSV_COLUMN_MISSING" in broken.stderr
    assert "pr\\xe9noms.csv" in broken.stderr.replace("\n", "")


def test_a_csv_without_a_header_is_refused_with_the_setting_that_makes_it_load(
    tmp_path: Path, environment: Mapping[str, str]
) -> None:
    path = tmp_path / "names.csv"
    path.write_text("Mary,F,7065\nAnna,F,2604\n")
    refused = run_babynames("run", "--path", str(path), folder=tmp_path, environment=environment)
    assert "Set CSV_COLUMNS=name,sex,births" in refused.stderr
    assert "Traceback" not in refused.stderr
    own = {**environment, "CSV_COLUMNS": "name,sex,births"}
    loaded = run_babynames("run", "--path", str(path), "--json", folder=tmp_path, environment=own)
    assert json.loads(loaded.stdout)["rows_inserted"] == 2


def zipped(content: bytes, *, method: int, flags: int = 0) -> bytes:
    """Return a zip with one CSV, packed as its method says that it is, which Python's own writer can't."""
    name = b"babyNamesUSYOB-full.csv"
    entry = struct.pack("<5H3I2H", 63, flags, method, 0, 33, zlib.crc32(content), len(content), 99, len(name), 0)
    local = b"PK\3\4" + entry + name + content
    directory = b"PK\1\2" + struct.pack("<H", 63) + entry + struct.pack("<3H2I", 0, 0, 0, 0, 0) + name
    return local + directory + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(directory), len(local), 0)


def packed(*members: str) -> bytes:
    """Return a zip of some small files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for member in members:
            archive.writestr(member, "x")
    return target.getvalue()


@pytest.mark.parametrize(
    ("code", "remedy", "name", "content"),
    [
        ("FILE_NOT_CSV", "Unpack it", "names.7z", b"7z\xbc\xaf\x27\x1c\0\4"),
        ("FILE_NOT_CSV", "Unpack it", "names.csv.gz", gzip.compress(b"Name,Sex\nAnna,F\n", mtime=0)),
        ("FILE_NOT_CSV", "Join its parts", "names.z02", b"\x9e\x02\xfe\0" * 99),
        ("CSV_NOT_IN_ZIP", "export the table", "names.zip", packed("[Content_Types].xml", "xl/workbook.xml")),
        ("ZIP_ENCRYPTED", "with its password", "names.zip", zipped(b"x" * 99, method=8, flags=1)),
        ("ZIP_UNSUPPORTED", "with another tool", "names.zip", zipped(b"x" * 99, method=9)),
    ],
    ids=lambda value: value if isinstance(value, str) else "content",  # some contents have the time in them
)
def test_an_archive_that_is_not_read_is_refused_with_what_makes_a_csv_of_it(  # noqa: PLR0913, PLR0917 - fixtures, cases
    tmp_path: Path, environment: Mapping[str, str], code: str, remedy: str, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    answer = run_babynames("run", "--path", name, "--json", folder=tmp_path, environment=environment)
    error = json.loads(answer.stdout)["error"]
    assert (answer.returncode, error["code"]) == (1, code)
    assert remedy in error["remedy"]
    assert name in error["cause"]
