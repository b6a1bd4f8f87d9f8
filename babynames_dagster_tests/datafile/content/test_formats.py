"""What is no CSV is named, with the remedy that fits."""

import bz2
import gzip
import io
import lzma
import pickle
import sqlite3
import tarfile
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from babynames_dagster.datafile.content.inspect import inspect_file
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster_tests.support.loading import HEADER, WANTED, read, zip_file

CSV = HEADER + b"1880,Anna,F,7\n"
TABLE = pa.table({"Name": ["Anna"], "Sex": ["F"]})


def tar() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        member = tarfile.TarInfo("names.csv")
        member.size = len(CSV)
        archive.addfile(member, io.BytesIO(CSV))
    return target.getvalue()


def from_arrow(write: object) -> bytes:
    target = io.BytesIO()
    write(TABLE, target)  # type: ignore[operator]  # two writers without types
    return target.getvalue()


def sqlite() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE names (name TEXT)")
    dump = connection.serialize() if hasattr(connection, "serialize") else b"SQLite format 3\0" + bytes(84)
    connection.close()
    return dump


def zipped(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "said", "remedy"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), r"Excel's \.xls", "export"),
        (gzip.compress(CSV), "gzip", "Unpack"),
        (bz2.compress(CSV), "bzip2", "Unpack"),
        (lzma.compress(CSV), "xz", "Unpack"),
        (lzma.compress(CSV, lzma.FORMAT_ALONE), "lzma", "Unpack"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "7z", "Unpack"),
        (b"Rar!\x1a\x07\0\xcf\x90", "RAR", "Unpack"),
        (b"Rar!\x1a\x07\1\0\x33", "RAR", "Unpack"),
        (pa.compress(CSV, codec="zstd", asbytes=True), "Zstandard", "Unpack"),
        (pa.compress(CSV, codec="lz4", asbytes=True), "LZ4", "Unpack"),
        (zlib.compress(CSV), "zlib", "Unpack"),
        (b"LZIP\x01\x14\xfe", "lzip", "Unpack"),
        (b"\x89LZO\0\r\n\x1a\n", "lzop", "Unpack"),
        (b"MSCF\0\0\0\0\x9b", "cabinet", "Unpack"),
        (b"\x60\xea\x2c\0", "ARJ", "Unpack"),
        (b"\x19\x3a-lh5-\xfe", "LHA", "Unpack"),
        (tar(), "tar", "Unpack"),
        (gzip.compress(tar()), "gzip", "Unpack"),
        (from_arrow(parquet.write_table), "Parquet", "Convert"),
        (from_arrow(feather.write_feather), "Arrow", "Convert"),
        (pickle.dumps([1]), "pickle", "Convert"),
        (sqlite(), "SQLite", "Convert"),
        (b'[{"Name": "Anna", "Sex": "F"}]', "JSON", "Convert"),
        (b"<!DOCTYPE html><html>Sign in</html>", "web page", "Open it"),
        (b"%PDF-1.7\n", "PDF", "place"),
        (bytes(4096), "zero bytes", "place"),
    ],
    ids=lambda value: value if isinstance(value, str) else "content",  # some contents have the time in them
)
@pytest.mark.parametrize("name", ["names.csv", "names.csv.zip"])
def test_a_format_is_known_by_its_first_bytes(
    tmp_path: Path, content: bytes, said: str, remedy: str, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PipelineError, match=said) as caught:
        inspect_file(path, wanted=WANTED, max_uncompressed=10**9)
    assert caught.value.code is ErrorCode.FILE_NOT_CSV
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), r"Excel's \.xls"),
        (gzip.compress(CSV), "gzip"),
        (sqlite(), "SQLite"),
        (b"<!DOCTYPE html>\n<html>Sign in</html>", "web page"),
    ],
    ids=["xls", "gzip", "sqlite", "html"],
)
def test_a_format_is_known_inside_a_zip_too(tmp_path: Path, content: bytes, said: str) -> None:
    path = zip_file(tmp_path, [(WANTED, content)])
    with pytest.raises(PipelineError, match=said) as caught:
        read(path)
    assert caught.value.code is ErrorCode.FILE_NOT_CSV
    assert caught.value.what.startswith(f"{WANTED} in {path} is ")


@pytest.mark.parametrize(
    ("names", "said", "remedy"),
    [
        (("[Content_Types].xml", "xl/workbook.xml"), "Excel workbook", "export"),
        (("mimetype", "content.xml"), "OpenDocument", "export"),
        (("archive.zip", "readme.txt"), "zip of other archives", "Unpack"),
        (("names.csv.gz",), "zip of other archives", "Unpack"),
        (("names.xlsx", "readme.txt"), "zip of spreadsheets", "export"),
        (("data/names.parquet",), "another format", "Convert"),
        (("names.tsv",), "holds names.tsv", "name it in KAGGLE_FILE"),
        (("META-INF/", "a.class"), "holds META-INF/, a.class", "place"),
        ((), "an empty zip", "place"),
    ],
)
def test_a_zip_that_is_something_else_is_named(tmp_path: Path, names: tuple[str, ...], said: str, remedy: str) -> None:
    path = tmp_path / "names.csv"
    path.write_bytes(zipped(*names))
    with pytest.raises(PipelineError, match=said) as caught:
        inspect_file(path, wanted=WANTED, max_uncompressed=10**9)
    assert caught.value.code is ErrorCode.CSV_NOT_IN_ZIP
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_text_without_a_mark_gets_the_one_setting_that_reads_it(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "wide.csv"
    path.write_bytes(CSV.decode().encode(encoding))
    with pytest.raises(PipelineError) as caught:
        read(path)
    assert caught.value.remedy == f"Set CSV_ENCODING={encoding}."
    assert read(path, csv_encoding=encoding) == ({("Anna", "F")}, [])


@pytest.mark.parametrize(
    "content", [b"Name,Sex\0\x07\x13 and so on\n\0\0\0", b"q\x9e\x02\xfe,\x1f\n" * 99, b"\xc3\x1b,Sex\r\n,F\n"]
)
def test_binary_data_are_taken_for_no_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    with pytest.raises(PipelineError, match="binary data") as caught:
        read(path)
    assert caught.value.code is ErrorCode.FILE_NOT_CSV
