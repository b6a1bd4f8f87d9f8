"""Records of which file a run settled on."""

from pathlib import Path

import pytest

from babynames_dagster.datafile.record import FOLDER, KEPT, FileRecord, read_record, read_run_record, write_record
from babynames_dagster.errors import ErrorCode, PipelineError


def record(name: str) -> FileRecord:
    return FileRecord(f"/somewhere/{name}", "0" * 64, 1, 2)


def test_a_run_reads_its_own_record_not_the_latest(tmp_path: Path) -> None:
    write_record(tmp_path, "run-1", record("one"))
    write_record(tmp_path, "run-2", record("two"))
    assert read_record(tmp_path, ["run-1"]) == record("one")


def test_a_repeated_run_reads_the_record_of_the_run_it_repeats(tmp_path: Path) -> None:
    write_record(tmp_path, "parent", record("one"))
    write_record(tmp_path, "other", record("two"))
    assert read_record(tmp_path, ["child", "parent"]) == record("one")


def test_a_later_run_reads_the_latest_record(tmp_path: Path) -> None:
    write_record(tmp_path, "run-1", record("one"))
    write_record(tmp_path, "run-2", record("two"))
    assert read_record(tmp_path, ["run-3"]) == record("two")


def test_without_any_record_there_is_none(tmp_path: Path) -> None:
    assert read_record(tmp_path, ["run-1"]) is None


def test_a_damaged_record_counts_as_none(tmp_path: Path) -> None:
    write_record(tmp_path, "run-1", record("one"))
    (tmp_path / FOLDER / "run-1.json").write_text("{")
    assert read_run_record(tmp_path, "run-1") is None


def test_old_records_are_pruned(tmp_path: Path) -> None:
    for number in range(KEPT + 20):
        write_record(tmp_path, f"run-{number}", record(str(number)))
    assert len(list((tmp_path / FOLDER).iterdir())) == KEPT


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    with pytest.raises(PipelineError, match="records") as caught:
        write_record(tmp_path, "run-1", record("one"))
    assert caught.value.code is ErrorCode.FILE_NOT_WRITABLE
