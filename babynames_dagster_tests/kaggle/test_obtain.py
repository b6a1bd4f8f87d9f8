"""The file that is there already: used as it is, and nothing is fetched."""

import os
import time
import zipfile
from pathlib import Path

import pytest

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.obtain import obtain_dataset
from babynames_dagster.settings import Settings, load_settings

_ROWS = "YearOfBirth,Name,Sex,Number\n1880,Mary,F,7065\n"
_CSV = "babyNamesUSYOB-full.csv"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings without any account: whatever must be fetched fails."""
    (tmp_path / "downloads").mkdir()
    return load_settings(data_dir=tmp_path)


def _zip(path: Path, *members: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, _ROWS)
    return path


def test_a_sound_zip_is_used(settings: Settings) -> None:
    kept = _zip(settings.files.downloads / f"{_CSV}.zip", _CSV)

    obtained = obtain_dataset(settings.fetching)

    assert (obtained.path, obtained.final, obtained.how, obtained.method) == (kept, kept, "kept", "file")
    assert obtained.found.file.size == kept.stat().st_size


def test_a_plain_csv_is_used(settings: Settings) -> None:
    kept = settings.files.downloads / _CSV
    kept.write_text(_ROWS)

    assert obtain_dataset(settings.fetching).path == kept


def test_the_newer_of_zip_and_csv_is_used(settings: Settings) -> None:
    older = _zip(settings.files.downloads / f"{_CSV}.zip", _CSV)
    os.utime(older, (1, 1))
    newer = settings.files.downloads / _CSV
    newer.write_text(_ROWS)

    assert obtain_dataset(settings.fetching).path == newer


def test_an_archive_saved_by_a_browser_is_used_where_ours_is_in_it(settings: Settings) -> None:
    kept = _zip(settings.files.downloads / "archive.zip", "README.md", f"data/{_CSV}")
    (settings.files.downloads / "unrelated.csv").write_text("Item,Price\nTea,3\n")

    assert obtain_dataset(settings.fetching).path == kept


@pytest.mark.parametrize("name", ["names.csv", "NAMES.CSV", "X.ZIP"])
def test_a_file_of_any_name_is_used_where_it_is_the_dataset(settings: Settings, name: str) -> None:
    kept = settings.files.downloads / name
    if kept.suffix == ".ZIP":
        _zip(kept, "names.csv")
    else:
        kept.write_text(_ROWS, encoding="utf-16")
    (settings.files.downloads / ".hidden.csv").write_text(_ROWS)

    assert obtain_dataset(settings.fetching).path == kept


def test_the_last_modified_is_used_whatever_its_name(settings: Settings) -> None:
    older = settings.files.downloads / "older.csv"
    older.write_text(_ROWS)
    newer = _zip(settings.files.downloads / "newer.zip", "names.csv")
    ours = _zip(settings.files.downloads / f"{_CSV}.zip", _CSV)
    for seconds, path in enumerate((ours, older, newer), start=1):
        os.utime(path, (seconds, seconds))

    assert obtain_dataset(settings.fetching).path == newer
    newer.write_bytes(newer.read_bytes()[:60])
    assert obtain_dataset(settings.fetching).path == older
    older.unlink()
    newer.unlink()
    assert obtain_dataset(settings.fetching).path == ours


def test_a_named_file_is_used_wherever_it_is(settings: Settings, tmp_path: Path) -> None:
    named = _zip(tmp_path / "elsewhere.zip", "names.csv")

    obtained = obtain_dataset(settings.fetching, path=named)

    assert (obtained.path, obtained.final, obtained.how) == (named, named, "given")


def test_a_named_file_that_is_missing_is_not_replaced_by_another(settings: Settings, tmp_path: Path) -> None:
    _zip(settings.files.downloads / f"{_CSV}.zip", _CSV)

    with pytest.raises(PipelineError) as caught:
        obtain_dataset(settings.fetching, path=tmp_path / "missing.zip")

    assert caught.value.code is ErrorCode.FILE_NOT_FOUND


def test_a_damaged_file_is_fetched_again_and_named_where_that_fails(settings: Settings) -> None:
    whole = _zip(settings.files.downloads / f"{_CSV}.zip", _CSV)
    whole.write_bytes(whole.read_bytes()[:60])

    with pytest.raises(PipelineError) as caught:
        obtain_dataset(settings.fetching)

    assert caught.value.code is ErrorCode.MISSING_CONFIG
    assert str(whole) in caught.value.what


def test_a_file_that_fetching_would_not_repair_is_reported_at_once(settings: Settings, tmp_path: Path) -> None:
    _zip(settings.files.downloads / f"{_CSV}.zip", "README.md")

    with pytest.raises(PipelineError) as caught:
        obtain_dataset(load_settings(data_dir=tmp_path).fetching)

    assert caught.value.code is ErrorCode.CSV_NOT_IN_ZIP


def test_an_old_file_counts_as_missing(settings: Settings, tmp_path: Path) -> None:
    kept = _zip(settings.files.downloads / f"{_CSV}.zip", _CSV)
    three_days_ago = time.time() - 3 * 86_400
    os.utime(kept, (three_days_ago, three_days_ago))

    assert obtain_dataset(load_settings(data_dir=tmp_path, kaggle_max_age_days=4).fetching).how == "kept"
    with pytest.raises(PipelineError) as caught:
        obtain_dataset(load_settings(data_dir=tmp_path, kaggle_max_age_days=2).fetching)

    assert caught.value.code is ErrorCode.MISSING_CONFIG
    assert "3.0 days old" in caught.value.what


def test_force_fetches_even_where_a_sound_file_is(settings: Settings) -> None:
    _zip(settings.files.downloads / f"{_CSV}.zip", _CSV)

    with pytest.raises(PipelineError) as caught:
        obtain_dataset(settings.fetching, force=True)

    assert caught.value.code is ErrorCode.MISSING_CONFIG


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(PipelineError) as caught:
        obtain_dataset(
            load_settings(data_dir=tmp_path, download_dir=tmp_path / "file" / "below", kaggle_method="api").fetching
        )

    assert caught.value.code is ErrorCode.FILE_NOT_WRITABLE
