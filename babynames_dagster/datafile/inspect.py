"""What a file is, by its bytes: a zip with a CSV in it, or the CSV itself.

What belongs here: telling the kinds apart, choosing the member, the checks that need no full read, the file's
digest. What does not: reading the content (`archive.py`).
"""

import hashlib
import math
import re
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from babynames_dagster.errors import ErrorCode, PipelineError

_LOCAL_HEADER = b"PK\x03\x04"
_ENCRYPTED_FLAG = 0x1
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_HEAD_BYTES = 4096
_LISTED = 10
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class DataFile:
    """A file that was recognised.

    Attributes:
        path: Where it is.
        kind: What its bytes say it is.
        member: The CSV's path inside the zip; None for a plain CSV.
        size: Bytes on disk.
        uncompressed: Bytes of the CSV as the zip declares them; None for a plain CSV.
    """

    path: Path
    kind: Literal["zip", "csv"]
    member: str | None
    size: int
    uncompressed: int | None


def inspect_file(path: Path, *, wanted: str, max_uncompressed: int) -> DataFile:
    """Recognise a file without reading it through.

    Args:
        path: The file.
        wanted: Name of the CSV to prefer where a zip holds several; the largest is taken where none has it.
        max_uncompressed: Most bytes that the CSV inside a zip may declare.

    Raises:
        PipelineError: FILE_NOT_FOUND, FILE_NOT_READABLE, CSV_EMPTY, CSV_NOT_IN_ZIP, or one of the ZIP_* codes.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except FileNotFoundError as error:
        raise PipelineError(ErrorCode.FILE_NOT_FOUND, f"There is no file {path}.") from error
    except OSError as error:
        raise PipelineError(ErrorCode.FILE_NOT_READABLE, f"{path} can't be read: {error.strerror}.") from error
    if not head:
        raise PipelineError(ErrorCode.CSV_EMPTY, f"{path} is empty (0 bytes).")
    if zipfile.is_zipfile(path):
        return _inspect_zip(path, size, wanted, max_uncompressed)
    if head.startswith(_LOCAL_HEADER):
        raise PipelineError(
            ErrorCode.ZIP_TRUNCATED, f"{path} begins as a zip, but its table of contents is missing ({size:,} bytes)."
        )
    if not _looks_like_csv(path, head):
        raise PipelineError(ErrorCode.ZIP_INVALID, f"{path} is neither a zip nor a CSV: it begins with {head[:16]!r}.")
    return DataFile(path, "csv", None, size, None)


def sha256_of(path: Path) -> str:
    """Return the file's SHA-256 as 64 hexadecimal digits.

    Raises:
        PipelineError: FILE_NOT_FOUND or FILE_NOT_READABLE.
    """
    digest = sha256_within(path, math.inf)
    assert digest is not None  # noqa: S101 - there is no limit
    return digest


def sha256_within(path: Path, seconds: float) -> str | None:
    """Return the file's SHA-256, or None where reading it takes longer than `seconds`.

    Raises:
        PipelineError: FILE_NOT_FOUND or FILE_NOT_READABLE.
    """
    digest = hashlib.sha256()
    deadline = time.monotonic() + seconds
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                digest.update(block)
                if time.monotonic() > deadline:
                    return None
    except FileNotFoundError as error:
        raise PipelineError(ErrorCode.FILE_NOT_FOUND, f"There is no file {path}.") from error
    except OSError as error:
        raise PipelineError(ErrorCode.FILE_NOT_READABLE, f"{path} can't be read: {error.strerror}.") from error
    return digest.hexdigest()


def choose_member(members: list[zipfile.ZipInfo], wanted: str) -> zipfile.ZipInfo | None:
    """Return the member that is the dataset's CSV; None where there is none.

    A member of the wanted name, in whatever folder, comes first; else the largest CSV. What macOS adds to its
    zips (`__MACOSX/`, `._name`) is never meant.
    """
    own = [item for item in members if not item.is_dir() and not _is_macos_extra(item.filename)]
    same = [item for item in own if wanted.casefold() in (item.filename.casefold(), _base(item.filename).casefold())]
    csvs = [item for item in own if item.filename.casefold().endswith(".csv")]
    return max(same or csvs, key=lambda item: item.file_size, default=None)


def _inspect_zip(path: Path, size: int, wanted: str, max_uncompressed: int) -> DataFile:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise PipelineError(ErrorCode.ZIP_INVALID, f"{path} is a damaged zip: {error}.") from error
    member = choose_member(members, wanted)
    if member is None:
        names = ", ".join(item.filename for item in members[:_LISTED]) or "nothing"
        more = f" and {len(members) - _LISTED} more" if len(members) > _LISTED else ""
        raise PipelineError(ErrorCode.CSV_NOT_IN_ZIP, f"{path} holds no CSV; it holds {names}{more}.")
    if member.flag_bits & _ENCRYPTED_FLAG:
        raise PipelineError(ErrorCode.ZIP_ENCRYPTED, f"{member.filename} in {path} is encrypted.")
    if member.file_size > max_uncompressed:
        raise PipelineError(
            ErrorCode.ZIP_TOO_LARGE,
            f"{member.filename} in {path} unpacks to {member.file_size:,} bytes; "
            f"MAX_UNCOMPRESSED_BYTES allows {max_uncompressed:,}.",
        )
    return DataFile(path, "zip", member.filename, size, member.file_size)


def _base(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _is_macos_extra(name: str) -> bool:
    return "__MACOSX" in name.split("/")[:-1] or _base(name).startswith("._")


def _looks_like_csv(path: Path, head: bytes) -> bool:
    """Tell text with a header from other formats; a plain CSV may well be named `.zip`."""
    if head.startswith(_UTF16_MARKS):
        return True
    plain = head.replace(b"\0", b"")
    if re.match(rb"\s*<|[\x00-\x08\x0e-\x1f]|7z\xbc\xaf|Rar!", plain):
        return False
    return path.suffix.lower() != ".zip" or b"name" in plain.split(b"\n", 1)[0].lower()
