"""What the new-file sensor sees in a real folder."""

import os
from pathlib import Path

from babynames_dagster.datafile.folder import list_folder


def test_only_visible_zips_and_csvs_are_listed(tmp_path: Path) -> None:
    for name in ("a.zip", "B.CSV", ".hidden.zip", "c.zip.part", "d.crdownload", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder.zip").mkdir()
    (tmp_path / "nowhere.zip").symlink_to(tmp_path / "missing")
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.zip")
    listing = list_folder(tmp_path)
    assert listing.problem is None
    assert sorted(Path(entry.path).name for entry in listing.entries) == ["B.CSV", "a.zip", "link.csv"]


def test_an_entry_that_cannot_be_looked_at_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "fine.zip").write_bytes(b"x")
    (tmp_path / "loop.zip").symlink_to(tmp_path / "loop.zip")
    (tmp_path / "below-a-file.csv").symlink_to(tmp_path / "fine.zip" / "inner.csv")
    listing = list_folder(tmp_path)
    assert listing.problem is None
    assert [Path(entry.path).name for entry in listing.entries] == ["fine.zip"]
    assert {Path(path).name: problem for path, problem in listing.problems.items()} == {
        "loop.zip": "Too many levels of symbolic links",
        "below-a-file.csv": "Not a directory",
    }


def test_a_file_moved_in_with_an_old_date_is_seen_as_changed_now(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    folder = tmp_path / "drop"
    outside.mkdir()
    folder.mkdir()
    (folder / "first.zip").write_bytes(b"x")
    (outside / "old.zip").write_bytes(b"y")
    os.utime(outside / "old.zip", (1_000_000_000, 1_000_000_000))
    (outside / "old.zip").rename(folder / "old.zip")
    entries = {Path(entry.path).name: entry for entry in list_folder(folder).entries}
    assert entries["old.zip"].modified_ns == 1_000_000_000 * 10**9
    assert entries["old.zip"].changed_ns >= entries["first.zip"].changed_ns


def test_a_missing_folder_is_a_problem_and_not_an_empty_listing(tmp_path: Path) -> None:
    listing = list_folder(tmp_path / "gone")
    assert listing.entries == ()
    assert listing.problem == "No such file or directory"


def test_a_file_in_the_folders_place_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    assert list_folder(tmp_path / "file").problem == "Not a directory"
