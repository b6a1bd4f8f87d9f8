"""What a zip holds, and which of it is the dataset's CSV.

What belongs here: the names in a zip, however its maker spelled them. What does not: the bytes behind them
(`archive.py`).
"""

import re
import stat
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

from babynames_dagster.common.paths import printable

_SEPARATORS = re.compile(r"[/\\]")
_YEAR_FILE = re.compile(r"yob([1-9]\d{3})\.(?:txt|csv)", re.IGNORECASE)
_FORK_FOLDERS = {"__macosx", ".appledouble"}
_FORK_PREFIX = "._"
_DOS_FOLDER = 0x10
_UNIX_SYSTEMS = {3, 19}  # the zip format's numbers of Unix and macOS
_LISTED = 10


@dataclass(frozen=True)
class Member:
    """A file in a zip.

    Attributes:
        name: Its path, as the zip spells it.
        index: Its place in the zip's table of contents: names may repeat.
        size: Bytes, as the zip declares them.
        year: The year in its name, as `yob1880.txt` does.
    """

    name: str
    index: int
    size: int
    year: int | None


@dataclass(frozen=True)
class Choice:
    """The members that are the dataset.

    Attributes:
        members: One CSV, or one file a year in the order of the years; empty where the zip holds neither.
        note: What was taken in place of the wanted file; None where that was found.
    """

    members: tuple[Member, ...]
    note: str | None


def year_in(name: str) -> int | None:
    """Return the year in a file's name, as those of the Social Security Administration do (`yob1880.txt`)."""
    match = _YEAR_FILE.fullmatch(base_name(name))
    return int(match.group(1)) if match else None


def base_name(name: str) -> str:
    """Return the last part of a path in a zip; Windows may have written backslashes."""
    return _SEPARATORS.split(name)[-1]


def choose_members(entries: Sequence[zipfile.ZipInfo], wanted: str) -> Choice:
    """Choose the dataset among a zip's entries.

    A file of the wanted name, in whatever folder, comes first; then all files named after a year; then the largest
    CSV.

    Args:
        entries: The zip's table of contents, in its order.
        wanted: The CSV's name.
    """
    files = [
        Member(entry.filename, index, entry.file_size, year_in(entry.filename))
        for index, entry in enumerate(entries)
        if _is_content(entry)
    ]
    same = [file for file in files if wanted.casefold() in (file.name.casefold(), base_name(file.name).casefold())]
    if same:
        return Choice((_largest(same),), _several(same))
    years = sorted((file for file in files if file.year is not None), key=lambda file: (file.year, file.name))
    if years:
        return Choice(tuple(years), f"holds no {wanted}: its {len(years)} files of one year each are taken")
    csvs = [file for file in files if file.name.casefold().endswith(".csv")]
    if not csvs:
        return Choice((), None)
    taken = _largest(csvs)
    others = "its only CSV" if len(csvs) == 1 else f"the largest of its {len(csvs)} CSVs"
    return Choice((taken,), f"holds no {wanted}: {printable(taken.name)}, {others}, is taken")


def listed(entries: Sequence[zipfile.ZipInfo]) -> str:
    """Return a zip's first names, for people."""
    names = ", ".join(printable(entry.filename) for entry in entries[:_LISTED]) or "nothing"
    return names + (f" and {len(entries) - _LISTED} more" if len(entries) > _LISTED else "")


def _several(same: Sequence[Member]) -> str | None:
    if len(same) == 1:
        return None
    taken = _largest(same)
    return f"holds {len(same)} files of the wanted name: {printable(taken.name)}, the largest, is taken"


def _largest(files: Sequence[Member]) -> Member:
    return max(files, key=lambda file: file.size)


def _is_content(entry: zipfile.ZipInfo) -> bool:
    """Distinguish a file from a folder, a link, and what macOS adds to its zips."""
    *folders, name = _SEPARATORS.split(entry.filename)
    if not name or name.startswith(_FORK_PREFIX) or any(folder.casefold() in _FORK_FOLDERS for folder in folders):
        return False
    mode = entry.external_attr >> 16 if entry.create_system in _UNIX_SYSTEMS else 0
    if stat.S_ISDIR(mode) or stat.S_ISLNK(mode):
        return False
    return entry.file_size > 0 or not entry.external_attr & _DOS_FOLDER
