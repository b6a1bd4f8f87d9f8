"""Which file of a zip is taken, however its maker spelled the names."""

import hashlib
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from babynames_dagster.datafile.content.archive import verify_content
from babynames_dagster.datafile.content.inspect import DataFile, inspect_file
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster_tests.support.loading import HEADER, WANTED, read, zip_file

MOST = 10**9
BIG = HEADER + b"1880,Other,M,5\n" * 100
OURS = HEADER + b"1880,Anna,F,7\n"


def inspected(path: Path) -> DataFile:
    return inspect_file(path, wanted=WANTED, max_uncompressed=MOST)


@pytest.mark.parametrize(
    "name", [f"archive\\{WANTED}", f"a/b/{WANTED}", f"a\\b/{WANTED.upper()}", f"C:\\data\\{WANTED}", f"./{WANTED}"]
)
def test_the_wanted_file_is_found_behind_either_separator(tmp_path: Path, name: str) -> None:
    path = zip_file(tmp_path, [("archive\\other-names.csv", BIG), (name, OURS)])
    found = inspected(path)
    assert (found.inside, found.warning) == (name, None)
    assert read(path) == ({("Anna", "F")}, [])


@pytest.mark.parametrize(
    "name", [f"__MACOSX\\._{WANTED}", f"x\\.AppleDouble\\{WANTED}", f"__macosx/x/{WANTED}", f"._{WANTED}"]
)
def test_resource_forks_are_never_meant(tmp_path: Path, name: str) -> None:
    assert inspected(zip_file(tmp_path, [(name, BIG), (f"d\\{WANTED}", OURS)])).inside == f"d\\{WANTED}"
    with pytest.raises(PipelineError, match="holds no CSV"):
        inspected(zip_file(tmp_path, [(name, BIG)]))


def test_folders_and_links_that_bear_the_name_are_no_files(tmp_path: Path) -> None:
    path = tmp_path / "odd.zip"
    link = zipfile.ZipInfo(f"a/{WANTED}")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    dos_folder = zipfile.ZipInfo(f"b\\{WANTED}")
    dos_folder.create_system, dos_folder.external_attr = 0, 0x10
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "../elsewhere.csv")
        archive.writestr(dos_folder, b"")
        archive.writestr(f"c\\{WANTED}\\", b"")
        archive.writestr("real.csv", OURS)
    assert inspected(path).inside == "real.csv"


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([("big.csv", BIG), ("small.csv", OURS)], "big.csv, the largest of its 2 CSVs, is taken"),
        ([("a.csv", OURS)], f"holds no {WANTED}: a.csv, its only CSV, is taken"),
        ([(f"new/{WANTED}", BIG), (f"old/{WANTED}", OURS)], f"2 files of the wanted name: new/{WANTED}, the largest"),
        ([("yob1881.txt", b"A,F,1"), ("yob1880.txt", b"A,F,1")], "its 2 files of one year each are taken"),
    ],
)
def test_taking_another_file_is_said(tmp_path: Path, members: list[tuple[str, bytes]], said: str) -> None:
    warning = inspected(zip_file(tmp_path, members)).warning
    assert warning is not None
    assert said in warning


def test_a_member_under_another_name_in_its_own_header_is_read_as_other_tools_do(tmp_path: Path) -> None:
    path = zip_file(tmp_path, [(f"data/{WANTED}", OURS)])
    content = bytearray(path.read_bytes())
    content[30:34] = b"DATA"
    path.write_bytes(content)
    assert read(path) == ({("Anna", "F")}, [])


def with_end(change: Callable[[bytearray, int], None]) -> Callable[[Path], None]:
    """Return what changes a zip at its end record."""

    def apply(path: Path) -> None:
        content = bytearray(path.read_bytes())
        change(content, content.rindex(b"PK\x05\x06"))
        path.write_bytes(content)

    return apply


def as_last_part(content: bytearray, end: int) -> None:
    struct.pack_into("<HH", content, end + 4, 2, 2)
    del content[:20]


def as_other_method(content: bytearray, end: int) -> None:
    entry = content.rindex(b"PK\x01\x02", 0, end)
    for start in (8, entry + 10):
        struct.pack_into("<H", content, start, 9)


@pytest.mark.parametrize("change", [as_last_part, as_other_method])
def test_a_sound_zip_that_only_other_tools_unpack_is_not_called_damaged(
    tmp_path: Path, change: Callable[[bytearray, int], None]
) -> None:
    path = zip_file(tmp_path, [(WANTED, BIG)])
    with_end(change)(path)
    with pytest.raises(PipelineError) as caught:
        verify_content(inspected(path), max_uncompressed=MOST)
    assert caught.value.code is ErrorCode.ZIP_UNSUPPORTED
    assert "npack it" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "part"),
    [("names.z01", 0), ("names.zip.001", 0), ("names.zip.002", 1), ("names.z02", 1), ("names.zip.003", 2)],
)
def test_a_part_of_a_zip_that_was_cut_up_is_to_be_joined(tmp_path: Path, name: str, part: int) -> None:
    whole = zip_file(tmp_path, [(WANTED, HEADER + hashlib.shake_128(b"unpackable").digest(30_000))]).read_bytes()
    (tmp_path / name).write_bytes(whole[part * 10_000 : None if part == 2 else (part + 1) * 10_000])
    with pytest.raises(PipelineError) as caught:
        inspected(tmp_path / name)
    assert caught.value.remedy.startswith("Join its parts")


def test_a_text_with_the_name_of_a_part_is_read(tmp_path: Path) -> None:
    (tmp_path / "names.csv.001").write_bytes(OURS)
    assert read(tmp_path / "names.csv.001") == ({("Anna", "F")}, [])
