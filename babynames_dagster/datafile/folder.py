"""What is in the download folder.

What belongs here: which entries can hold a dataset, how they look unopened, and what a failure to read them is called.
What does not: which of them is ours (`kept.py`) or new (`orchestration/automation/new_files.py`).
"""

import hashlib
import os
import stat
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_SUFFIXES = (".zip", ".csv")


@dataclass(frozen=True)
class FolderEntry:
    """A file as the folder shows it, unopened.

    Attributes:
        path: Its absolute path.
        size: Bytes.
        modified_ns: When its content was last written, in ns since the epoch; copying may preserve it.
        changed_ns: When its content, name or owner last changed, in ns since the epoch; no tool sets it back.
    """

    path: str
    size: int
    modified_ns: int
    changed_ns: int

    @property
    def looks(self) -> str:
        """A short fingerprint of all this; another one means that the file must be looked at again."""
        text = f"{self.path}\0{self.size}\0{self.modified_ns}\0{self.changed_ns}"
        return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]


@dataclass(frozen=True)
class Listing:
    """A folder's candidates, or why they can't be known: a failed read is not an empty folder.

    Attributes:
        folder: The folder's absolute path.
        entries: Its files that may hold a dataset.
        problem: Why it could not be read, else None.
        problems: Why single entries could not be looked at, by path.
    """

    folder: str
    entries: Sequence[FolderEntry] = ()
    problem: str | None = None
    problems: Mapping[str, str] = field(default_factory=dict)


def list_folder(folder: Path, named: Collection[str] = ()) -> Listing:
    """Return a folder's zips and CSVs, unopened; hidden files and what is in its folders do not count.

    Args:
        folder: An absolute path. That it is missing or unreadable is an answer, not an error.
        named: Names of files that count, too, whatever they end with.
    """
    entries = []
    problems = {}
    try:
        with os.scandir(folder) as found:
            for item in found:
                hidden = item.name.startswith(".")
                if (hidden or not item.name.lower().endswith(_SUFFIXES)) and item.name not in named:
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
