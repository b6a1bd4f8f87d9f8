"""What a file is, by its bytes: a zip with the dataset in it, or the CSV itself.

What belongs here: distinguishing the kinds, and the checks that need no full read. What does not: reading the content
(`archive.py`).
"""

import stat
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from babynames_dagster.common.file_errors import read_error
from babynames_dagster.common.paths import printable
from babynames_dagster.datafile.content.formats import HEAD_BYTES, JOIN, format_of, format_of_zip, is_part
from babynames_dagster.datafile.content.members import Member, choose_members, listed, year_in
from babynames_dagster.errors import ErrorCode, PipelineError

LARGEST_RATIO = 300
"""A CSV of names shrinks to a third or a tenth; DEFLATE itself can't do better than 1:1032."""

RATIO_MATTERS_FROM = 16 << 20
"""Bytes of text; a file that unpacks to less does no harm."""

_LOCAL_HEADER = b"PK\x03\x04"
_END_OF_DIRECTORY = b"PK\x05\x06"
_END_BYTES = (1 << 16) + 22
_ZIP64_DISK = 0xFFFF
_ENCRYPTED_FLAG = 0x1
_NO_CSV_REMEDY = (
    "If one of these is the table as text, name it in KAGGLE_FILE; else put the dataset's zip or CSV in its place."
)
_ZIP_REMEDY = (
    "If another tool unpacks it, put the CSV itself into DOWNLOAD_DIR; else fetch it again with force_download: true."
)


@dataclass(frozen=True)
class DataFile:
    """A file that was recognised.

    Attributes:
        path: Where it is.
        kind: What its bytes say it is.
        members: What is read inside the zip, in this order; empty for a plain CSV.
        size: Bytes on disk.
        note: What was taken in place of the wanted file, as a sentence about this one; None where that was found.
    """

    path: Path
    kind: Literal["zip", "csv"]
    members: tuple[Member, ...]
    size: int
    note: str | None

    @property
    def warning(self) -> str | None:
        """What people have to know about the choice of the file."""
        return f"{printable(self.path)} {self.note}." if self.note else None

    @property
    def text_size(self) -> int:
        """Bytes of the CSV, as far as known before reading it."""
        return sum(member.size for member in self.members) if self.members else self.size

    @property
    def year(self) -> int | None:
        """The year in the name of a plain file."""
        return None if self.members else year_in(self.path.name)

    @property
    def inside(self) -> str:
        """What is read inside the zip, for people; empty for a plain CSV."""
        names = [printable(member.name) for member in self.members]
        return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}" if names else ""


def inspect_file(path: Path, *, wanted: str, max_uncompressed: int) -> DataFile:
    """Recognise a file without reading it through.

    Args:
        path: The file.
        wanted: Name of the CSV to take where a zip holds several.
        max_uncompressed: Most bytes that what is read inside a zip may declare.

    Raises:
        PipelineError: FILE_NOT_FOUND, FILE_NOT_READABLE, FILE_NOT_CSV, CSV_EMPTY, CSV_NOT_IN_ZIP, or one of the
            ZIP_* codes.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise PipelineError(
                ErrorCode.FILE_NOT_READABLE, f"{path} is no regular file.", remedy="Name a zip or a CSV on a disk."
            )
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
        is_zip = zipfile.is_zipfile(path)
    except OSError as error:
        raise read_error(error, path) from error
    if not head:
        raise PipelineError(ErrorCode.CSV_EMPTY, f"{path} is empty (0 bytes).")
    if is_zip:
        return _inspect_zip(path, status.st_size, wanted, max_uncompressed)
    if head.startswith(_LOCAL_HEADER):
        raise PipelineError(
            ErrorCode.ZIP_TRUNCATED,
            f"{path} begins as a zip, but its table of contents is missing ({status.st_size:,} bytes).",
            remedy=JOIN if is_part(path.name) else None,
        )
    found = format_of(head, path.name)
    if found is not None:
        raise PipelineError(ErrorCode.FILE_NOT_CSV, f"{path} is {found.name}, no CSV.", remedy=found.remedy)
    if path.suffix.casefold() == ".zip" and b"name" not in head.replace(b"\0", b"").split(b"\n", 1)[0].lower():
        raise PipelineError(ErrorCode.ZIP_INVALID, f"{path} is neither a zip nor a CSV: it begins with {head[:16]!r}.")
    return DataFile(path, "csv", (), status.st_size, None)


def _inspect_zip(path: Path, size: int, wanted: str, max_uncompressed: int) -> DataFile:
    if _is_split(path):
        raise PipelineError(
            ErrorCode.ZIP_UNSUPPORTED,
            f"{path} is the last part of a split zip.",
            remedy="Join its parts (`zip -s 0`), then unpack it, and put the CSV itself into DOWNLOAD_DIR.",
        )
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except NotImplementedError as error:
        raise PipelineError(ErrorCode.ZIP_UNSUPPORTED, f"{path} is a zip of another kind: {error}.") from error
    except (zipfile.BadZipFile, ValueError, struct.error, OSError) as error:
        raise PipelineError(
            ErrorCode.ZIP_INVALID, f"{path} is a zip whose table of contents is damaged: {error}.", remedy=_ZIP_REMEDY
        ) from error
    if any(entry.header_offset < 0 for entry in entries):
        raise PipelineError(
            ErrorCode.ZIP_TRUNCATED, f"{path} is the end of a zip: its beginning is missing.", remedy=JOIN
        )
    choice = choose_members(entries, wanted)
    if not choice.members:
        what = format_of_zip(entries)
        raise PipelineError(
            ErrorCode.CSV_NOT_IN_ZIP,
            f"{path} is {what.name}: it holds no CSV." if what else f"{path} holds no CSV; it holds {listed(entries)}.",
            remedy=what.remedy if what else _NO_CSV_REMEDY,
        )
    for member in choice.members:
        if entries[member.index].flag_bits & _ENCRYPTED_FLAG:
            raise PipelineError(ErrorCode.ZIP_ENCRYPTED, f"{printable(member.name)} in {path} is encrypted.")
    file = DataFile(path, "zip", choice.members, size, choice.note)
    packed = sum(entries[member.index].compress_size for member in choice.members)
    _refuse_a_bomb(file, packed, max_uncompressed)
    return file


def _refuse_a_bomb(file: DataFile, packed: int, max_uncompressed: int) -> None:
    """Refuse what a zip itself declares to be too much."""
    size = file.text_size
    if size > max_uncompressed:
        raise PipelineError(
            ErrorCode.ZIP_TOO_LARGE,
            f"{file.inside} in {file.path} unpacks to {size:,} bytes; MAX_UNCOMPRESSED_BYTES allows "
            f"{max_uncompressed:,}.",
        )
    if size > RATIO_MATTERS_FROM and size > LARGEST_RATIO * packed:
        raise bomb_error(file)


def bomb_error(file: DataFile) -> PipelineError:
    """Return the error of a zip that unpacks to far more than names do."""
    return PipelineError(
        ErrorCode.ZIP_TOO_LARGE,
        f"{file.inside} in {file.path} unpacks to more than {LARGEST_RATIO} times its size, as a zip bomb does.",
        remedy="If the file is trusted, unpack it and put the CSV itself into DOWNLOAD_DIR.",
    )


def _is_split(path: Path) -> bool:
    """Return whether a zip's end says that it is not its first part."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _END_BYTES))
            tail = stream.read()
    except OSError:
        return False
    end = tail.rfind(_END_OF_DIRECTORY)
    if end < 0 or len(tail) < end + 6:
        return False
    (disk,) = struct.unpack_from("<H", tail, end + 4)
    return disk not in (0, _ZIP64_DISK)
