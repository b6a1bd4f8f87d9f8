"""A digest is of one content: a file that changes while it is read has none."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from babynames_dagster.datafile.digest import sha256_of
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster_tests.support.waiting import wait_until


def append(path: Path) -> None:
    """Write on, as a copy does that is not at its end."""
    with path.open("ab") as file:
        file.write(b"1990,Mary,F,1\n")


def replace(path: Path) -> None:
    """Put another file in its place, of the same size."""
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.rename(path)


@contextmanager
def changing(path: Path, change: Callable[[Path], None]) -> Iterator[None]:
    """Change a file again and again until the block ends."""
    ended = threading.Event()

    def keep_changing() -> None:
        while not ended.is_set():
            change(path)

    changer = threading.Thread(target=keep_changing)
    changer.start()
    try:
        yield
    finally:
        ended.set()
        changer.join()


@pytest.mark.parametrize("change", [append, replace])
def test_a_file_that_changes_while_it_is_read_has_no_digest(tmp_path: Path, change: Callable[[Path], None]) -> None:
    path = tmp_path / "names.csv"
    path.write_bytes(b"1990,Mary,F,1\n" * 100_000)

    def refusal() -> PipelineError | None:
        try:
            sha256_of(path)
        except PipelineError as error:
            return error
        return None

    with changing(path, change):
        found = wait_until(refusal, seconds=20, what="a change while the file is read", every=0.0)
    assert found.code is ErrorCode.FILE_CHANGED
    assert len(sha256_of(path)) == 64
