"""Files that are wrong or unusual as a whole: one clear error, or read as what they are."""

import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.database.loading.loads import last_loads
from babynames_dagster.datafile.content.archive import verify_content
from babynames_dagster.datafile.content.inspect import inspect_file
from babynames_dagster.datafile.digest import sha256_of
from babynames_dagster.datafile.workspace import promote
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster_tests.support.loading import (
    HEADER,
    WANTED,
    counts,
    csv_file,
    load,
    load_births,
    names_in,
    read,
    zip_file,
)

BODY = b"1880,Anna,F,7\n1880,Bob,M,5\n"
BOTH = {("Anna", "F"), ("Bob", "M")}


def code_of(path: Path, *, wanted: str = WANTED, most: int = 10**10) -> ErrorCode:
    """Return the error that inspecting a file, and then reading it through, ends with."""
    with pytest.raises(PipelineError) as caught:
        verify_content(inspect_file(path, wanted=wanted, max_uncompressed=most), max_uncompressed=most)
    assert str(path) in caught.value.what
    return caught.value.code


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"", ErrorCode.CSV_EMPTY, "empty"),
        (b"\n\n", ErrorCode.CSV_EMPTY, "no header"),
        (HEADER, ErrorCode.CSV_EMPTY, "no rows"),
        (HEADER + b"\n\r\n", ErrorCode.CSV_EMPTY, "no rows"),
        (b"YearOfBirth,Sex,Number\n1880,F,7\n", ErrorCode.CSV_COLUMN_MISSING, "no column Name; .*'YearOfBirth', 'Sex'"),
        (b"YearOfBirth;Name;Number\n1880;Ann;7\n", ErrorCode.CSV_COLUMN_MISSING, "no column Sex; .*'Name', 'Number'"),
        ((HEADER + BODY).decode().encode("utf-16-le"), ErrorCode.CSV_ENCODING_ERROR, "NUL"),
        (b'"Name,Sex\nAnna,F\n', ErrorCode.CSV_MALFORMED, "line 1"),
    ],
)
def test_a_file_without_readable_rows_is_one_clear_error(
    tmp_path: Path, content: bytes, code: ErrorCode, said: str
) -> None:
    path = csv_file(tmp_path, content, header=b"")
    with pytest.raises(PipelineError, match=said) as caught:
        read(path)
    assert caught.value.code is code
    assert str(path) in caught.value.what


def test_an_unreadable_file_fails_its_load_and_leaves_the_table_alone(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="no column Name"):
        load(engine, csv_file(tmp_path, b"1,2\n", header=b"a,b\n"))
    assert [(row.state, row.error_code, row.rows.read) for row in last_loads(engine, 9)] == [
        ("failed", "CSV_COLUMN_MISSING", 0)
    ]
    assert names_in(engine) == set()


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (b"\xef\xbb\xbf" + HEADER + BODY, {}),
        ((HEADER + BODY).decode().encode("utf-16"), {}),
        (b"\xfe\xff" + (HEADER + BODY).decode().encode("utf-16-be"), {}),
        ((HEADER + BODY).decode().encode("utf-16-le"), {"csv_encoding": "utf-16-le"}),
        ((HEADER + BODY).replace(b",", b";"), {}),
        ((HEADER + BODY).replace(b",", b"\t"), {}),
        ((HEADER + BODY).replace(b",", b"|"), {}),
        ((HEADER + BODY).replace(b",", b"^"), {"csv_delimiter": "^"}),
        (b"id,SEX, name ,x,y\n1,F,Anna,,\n2,M,Bob,,\n", {}),
        (b'"YearOfBirth","Name","Sex","Number"\n' + BODY, {}),
        (b"\r\n\n" + HEADER + BODY, {}),
        ((HEADER + BODY).replace(b"\n", b"\r"), {}),
        ((HEADER + BODY).replace(b"\n", b"\r\r\n"), {}),
        ((HEADER + BODY).replace(b"\n", b"\r") + b"\n", {}),
        (b'Name,Sex\r"Anna\n",F\rBob,M\r', {}),
        (b'"Name", "Sex"\n"Anna", "F"\nBob , "M" \n', {}),
        (b"sep=;\n\nName;Sex\nAnna;F\nBob;M\n", {}),
        ((HEADER + BODY).replace(b",", b" "), {"csv_delimiter": "space"}),
        ((HEADER + BODY).decode().encode("utf-16-be"), {"csv_encoding": "utf-16"}),
        ((HEADER + BODY).decode().encode("utf-32-le"), {"csv_encoding": "utf-32"}),
        (b"sep=;\r\n" + (HEADER + BODY).replace(b",", b";"), {}),
        (b"\xef\xbb\xbfSEP=^\n" + (HEADER + BODY).replace(b",", b"^"), {}),
        (b'"Year of\r\nbirth","Name","Sex",Number\n' + BODY, {}),
        (b'id,"The name\n\n(as registered)",Name,Gender\n1,x,Anna,F\n2,y,Bob,M\n', {}),
        (b"Id,Name,Year,Gender,Count\n1,Anna,1880,F,7\n2,Bob,1880,M,5\n", {}),
        (b"Child's First Name,Gender\nAnna,FEMALE\nBob,MALE\n", {}),
        (b"year,name,percent,sex\n1880,Bob,0.08,boy\n1880,Anna,0.07,girl\n", {}),
        (b"Anna,F,7\nBob,M,5\n", {"csv_columns": "name,sex,births"}),
        (b"1,Anna|F\n2,Bob|M\n".replace(b",", b"|"), {"csv_columns": "-,name,gender"}),
        (b"\n\nAnna;F;7\nBob;M;5\n", {"csv_columns": "name,sex,count", "csv_delimiter": ";"}),
        (HEADER + BODY, {"csv_columns": "name,sex,births"}),
    ],
)
def test_headers_encodings_and_separators_do_not_matter(tmp_path: Path, content: bytes, values: dict[str, Any]) -> None:
    assert read(csv_file(tmp_path, content, header=b""), **values) == (BOTH, [])


@pytest.mark.parametrize(
    ("above", "line"), [(b"# Names of the US\n", 2), (b"Names of the US,,\n\nsince 1880,,\n", 4), (b"\n\n\na;b;c\n", 5)]
)
def test_a_header_that_is_not_the_first_record_is_pointed_at(tmp_path: Path, above: bytes, line: int) -> None:
    with pytest.raises(PipelineError) as caught:
        read(csv_file(tmp_path, BODY, header=above + HEADER))
    assert caught.value.remedy == f"Delete what stands above line {line}, which is the header."


@pytest.mark.parametrize(("tail", "reason"), [(b"x", "truncated data"), (b"\0\xd8\n\0", "illegal UTF-16 surrogate")])
def test_wide_text_that_breaks_off_says_where_and_nothing_of_csv_encoding(
    tmp_path: Path, tail: bytes, reason: str
) -> None:
    content = (HEADER + BODY).decode().encode("utf-16") + tail
    path = csv_file(tmp_path, content, header=b"")
    with pytest.raises(PipelineError) as caught:
        read(path)
    assert caught.value.what == f"{path} is not utf-16-le near byte {len(content) - len(tail):,}: {reason}."
    assert "save it as UTF-8" in caught.value.remedy


def test_latin_1_is_read_when_it_is_named_and_rejected_row_by_row_when_not(engine: Engine, tmp_path: Path) -> None:
    path = csv_file(tmp_path, "1880,Zoë,F,7\n1880,Anna,F,7\n".encode("latin-1"))
    assert counts(load(engine, path)) == (2, 1, 0, 0, 1)
    assert counts(load(engine, path, csv_encoding="latin-1")) == (2, 1, 1, 0, 0)
    assert names_in(engine) == {("Anna", "F"), ("Zoë", "F")}


def test_births_need_their_columns(engine: Engine, tmp_path: Path) -> None:
    path = csv_file(tmp_path, b"Anna,F\n", header=b"Name,Sex\n")
    load(engine, path)
    with pytest.raises(PipelineError, match="no column YearOfBirth and Number; there is 'Name', 'Sex'"):
        load_births(engine, path)


def test_the_wanted_csv_is_chosen_else_the_largest(tmp_path: Path) -> None:
    big, small = b"x" * 100, b"y"
    extras = [("__MACOSX/._" + WANTED, big * 2), ("readme.txt", big * 9), ("a/", b"")]
    named = zip_file(tmp_path, [*extras, ("big.csv", big), (f"a/b/{WANTED.upper()}", small)])
    assert inspect_file(named, wanted=WANTED, max_uncompressed=10**6).inside == f"a/b/{WANTED.upper()}"
    other = zip_file(tmp_path, [*extras, ("a/big.CSV", big), ("small.csv", small)])
    assert inspect_file(other, wanted=WANTED, max_uncompressed=10**6).inside == "a/big.CSV"
    assert inspect_file(other, wanted="readme.txt", max_uncompressed=10**6).inside == "readme.txt"


def test_a_zip_is_read_from_inside_and_a_csv_named_zip_as_a_csv(engine: Engine, tmp_path: Path) -> None:
    load(engine, zip_file(tmp_path, [("data/names.csv", HEADER + BODY)]))
    assert names_in(engine) == BOTH
    plain = csv_file(tmp_path, BODY, name="plain.csv.zip")
    assert inspect_file(plain, wanted=WANTED, max_uncompressed=10**6).kind == "csv"


def test_files_that_are_no_sound_zip_are_distinguished(tmp_path: Path) -> None:
    path = zip_file(tmp_path, [(WANTED, HEADER + BODY * 1000)])
    whole = path.read_bytes()
    assert code_of(tmp_path / "nothing.zip") is ErrorCode.FILE_NOT_FOUND
    path.write_bytes(b"hello")
    assert code_of(path) is ErrorCode.ZIP_INVALID
    path.write_bytes(whole[: len(whole) // 2])
    assert code_of(path) is ErrorCode.ZIP_TRUNCATED
    path.write_bytes(b"")
    assert code_of(path) is ErrorCode.CSV_EMPTY
    zip_file(tmp_path, [("readme.txt", b"x"), ("__MACOSX/._names.csv", b"x")])
    assert code_of(path) is ErrorCode.CSV_NOT_IN_ZIP


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    path = zip_file(tmp_path, [(WANTED, HEADER + BODY)])
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert code_of(path) is ErrorCode.ZIP_ENCRYPTED


def test_a_bomb_is_stopped_by_its_declared_size_its_real_size_and_its_ratio(tmp_path: Path) -> None:
    path = zip_file(tmp_path, [(WANTED, b"\0" * (70 << 20))])
    assert code_of(path, most=1 << 20) is ErrorCode.ZIP_TOO_LARGE
    assert code_of(path) is ErrorCode.ZIP_TOO_LARGE
    lying = bytearray(zip_file(tmp_path, [(WANTED, HEADER + BODY * 200_000)]).read_bytes())
    entry = lying.index(b"PK\x01\x02")
    struct.pack_into("<I", lying, entry + 24, 100)
    path.write_bytes(lying)
    assert code_of(path, most=1 << 20) is ErrorCode.ZIP_TOO_LARGE


def test_zip64_is_read(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "big.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(WANTED, "w", force_zip64=True) as out,
    ):
        out.write(HEADER + BODY)
    load(engine, path)
    assert names_in(engine) == BOTH


def test_a_wrong_checksum_fails_the_load_and_keeps_what_was_committed(engine: Engine, tmp_path: Path) -> None:
    body = b"".join(b"1880,Name%06d,F,7\n" % (number % 3000) for number in range(150_000))
    path = zip_file(tmp_path, [(WANTED, HEADER + body)])
    content = bytearray(path.read_bytes())
    crc = struct.pack("<I", zlib.crc32(HEADER + body))
    for start in (14, content.index(b"PK\x01\x02") + 16):
        assert content[start : start + 4] == crc
        content[start] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(PipelineError, match="CRC") as caught:
        load(engine, path, batch_size=1000)
    assert caught.value.code is ErrorCode.ZIP_CRC_ERROR
    failed = last_loads(engine, 1)[0]
    assert (failed.state, failed.error_code) == ("failed", "ZIP_CRC_ERROR")
    assert 0 < failed.rows_committed == failed.rows.read
    assert 0 < failed.rows.inserted == len(names_in(engine))


def test_damage_inside_the_data_is_found(tmp_path: Path) -> None:
    path = zip_file(tmp_path, [(WANTED, HEADER + bytes(range(256)) * 4000)])
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)
    assert code_of(path) is ErrorCode.ZIP_CRC_ERROR


def test_a_promoted_file_replaces_the_old_one_whole(tmp_path: Path) -> None:
    final = csv_file(tmp_path, b"old")
    partial = csv_file(tmp_path, BODY, name=".part")
    assert promote(partial, final) == final
    assert final.read_bytes() == HEADER + BODY
    assert not partial.exists()
    with pytest.raises(PipelineError) as caught:
        promote(partial, final)
    assert caught.value.code is ErrorCode.FILE_NOT_FOUND


def test_the_digest_is_sha_256(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert sha256_of(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
