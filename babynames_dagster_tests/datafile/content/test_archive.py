"""Damaged zips, for every method of compression, and bombs."""

import random
import time
import zipfile
from pathlib import Path

import pytest

from babynames_dagster.datafile.content.archive import verify_content
from babynames_dagster.datafile.content.inspect import inspect_file
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster_tests.support.loading import HEADER, WANTED, read

pytestmark = pytest.mark.slow

METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
BODY = HEADER + b"".join(b"1880,Name%d,F,%d\n" % (number, number % 97) for number in range(20_000))


def packed(folder: Path, method: int, body: bytes = BODY) -> Path:
    path = folder / "names.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(WANTED, body)
    return path


def verify(path: Path) -> None:
    verify_content(inspect_file(path, wanted=WANTED, max_uncompressed=10**10), max_uncompressed=10**10)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_read(tmp_path: Path, method: int) -> None:
    names, rejected = read(packed(tmp_path, method))
    assert (len(names), rejected) == (20_000, [])


@pytest.mark.parametrize("method", METHODS)
def test_flipped_bytes_in_the_data_are_damage_whatever_the_method(tmp_path: Path, method: int) -> None:
    path = packed(tmp_path, method)
    content = bytearray(path.read_bytes())
    for position in range(len(content) // 2, len(content) // 2 + 8):
        content[position] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(PipelineError) as caught:
        verify(path)
    assert caught.value.code is ErrorCode.ZIP_CRC_ERROR
    assert str(path) in caught.value.what


@pytest.mark.parametrize("method", METHODS)
def test_no_damage_anywhere_is_unexpected(tmp_path: Path, method: int) -> None:
    path = packed(tmp_path, method, BODY[:4000])
    whole = path.read_bytes()
    chance = random.Random(method)  # noqa: S311 - it decides about no secret
    codes = set()
    for _ in range(400):
        content = bytearray(whole)
        for _ in range(chance.choice([1, 2, 8])):
            content[chance.randrange(len(content))] = chance.randrange(256)
        if chance.random() < 0.2:
            del content[chance.randrange(len(content)) :]
        path.write_bytes(content)
        try:
            verify(path)
        except PipelineError as error:
            codes.add(error.code)
    assert ErrorCode.ZIP_CRC_ERROR in codes
    assert ErrorCode.UNEXPECTED not in codes


@pytest.mark.parametrize("line", [b"\n", b"\r\n", b" \n", b"x\n"])
def test_a_bomb_of_one_line_is_refused_within_seconds(tmp_path: Path, line: bytes) -> None:
    path = packed(tmp_path, zipfile.ZIP_DEFLATED, HEADER + line * ((100 << 20) // len(line)))
    started = time.process_time()
    with pytest.raises(PipelineError) as caught:
        read(path)
    assert caught.value.code is ErrorCode.ZIP_TOO_LARGE
    assert time.process_time() - started < 5


def test_a_bomb_that_lies_about_its_size_is_stopped_while_it_is_read(tmp_path: Path) -> None:
    path = packed(tmp_path, zipfile.ZIP_DEFLATED, HEADER + b"\n" * (100 << 20))
    content = bytearray(path.read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (1000).to_bytes(4, "little")
    path.write_bytes(content)
    started = time.process_time()
    with pytest.raises(PipelineError) as caught:
        read(path)
    assert caught.value.code is ErrorCode.ZIP_TOO_LARGE
    assert time.process_time() - started < 5
