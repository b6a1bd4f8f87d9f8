"""Reading the drop folder for the new-file sensor.

What belongs here: which entries of the folder can hold a dataset, and what a failure to read it is called. What
does not: which of them are new (`new_files.py`).
"""

import os
import stat
from pathlib import Path

from babynames_dagster.automation.new_files import FolderEntry, Listing

_SUFFIXES = (".zip", ".csv")


def list_folder(folder: Path) -> Listing:
    """Return a folder's zips and CSVs, unopened; hidden files and those below it are not looked at.

    Args:
        folder: An absolute path. That it is missing or unreadable is an answer, not an error.
    """
    entries = []
    problems = {}
    try:
        with os.scandir(folder) as found:
            for item in found:
                if item.name.startswith(".") or not item.name.lower().endswith(_SUFFIXES):
                    continue
                try:
                    entry = _entry(item)
                except OSError as error:  # one entry's trouble, such as a link that leads to itself
                    problems[item.path] = error.strerror or type(error).__name__
                    continue
                if entry is not None:
                    entries.append(entry)
    except OSError as error:
        return Listing(str(folder), problem=error.strerror or type(error).__name__)
    return Listing(str(folder), entries, problems=problems)


def _entry(item: "os.DirEntry[str]") -> FolderEntry | None:
    try:
        status = item.stat()
    except FileNotFoundError:  # gone since it was listed, or a link to nowhere
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    # Windows says when a file was made where others say when it last changed in any way.
    changed_ns = max(status.st_mtime_ns, status.st_ctime_ns) if os.name == "nt" else status.st_ctime_ns
    return FolderEntry(item.path, status.st_size, status.st_mtime_ns, changed_ns)
