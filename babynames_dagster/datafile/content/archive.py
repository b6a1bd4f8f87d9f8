"""The bytes of the CSV, from inside the zip or from the plain file, never unpacked to disk.

What belongs here: streaming, and guarding it against damage and bombs. What does not: what the bytes mean.
"""

import copy
import errno
import lzma
import struct
import sys
import zipfile
import zlib
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import IO, Protocol

from babynames_dagster.common.file_errors import read_error
from babynames_dagster.common.paths import printable
from babynames_dagster.datafile.content.inspect import LARGEST_RATIO, RATIO_MATTERS_FROM, DataFile, bomb_error
from babynames_dagster.datafile.content.members import Member, year_in
from babynames_dagster.errors import ErrorCode, PipelineError

_BLOCK = 1 << 20
# For these, zipfile unpacks all that it read at once; of other methods a small read can be gigabytes.
_BOUNDED_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_SMALL_READ = 4096

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_UTF8_FLAG = 0x800
# What zipfile and the decompressors raise for damaged data. bz2 has no error of its own: OSError without a number.
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, ValueError, struct.error, IndexError, MemoryError)

# A place before the file's beginning is an invalid argument of `seek`.
_NO_DISK_ERROR = {None, errno.EINVAL}


class ByteStream(Protocol):
    """What can be read block by block."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, as many as asked for unless the end comes first; empty at the end."""


@dataclass(frozen=True)
class Part:
    """One text of the file: the CSV, or one year's.

    Attributes:
        name: The file's or member's name, for people.
        year: The year in its name.
        stream: Its bytes.
    """

    name: str
    year: int | None
    stream: ByteStream


class _Guard:
    """Counts what was unpacked of a whole file, and stops what is too much."""

    def __init__(self, file: DataFile, max_uncompressed: int) -> None:
        self._file = file
        self._most = max_uncompressed
        self._done = 0

    def count(self, size: int) -> None:
        if not self._file.members:
            return
        self._done += size
        if self._done > self._most:
            raise PipelineError(
                ErrorCode.ZIP_TOO_LARGE,
                f"{self._file.inside} in {self._file.path} unpacks to more than MAX_UNCOMPRESSED_BYTES "
                f"({self._most:,}).",
            )
        if self._done > RATIO_MATTERS_FROM and self._done > LARGEST_RATIO * self._file.size:
            raise bomb_error(self._file)


class _Guarded:
    """A stream that says what is wrong with the file in terms of the pipeline's errors."""

    def __init__(self, raw: IO[bytes], where: str, guard: _Guard, at_once: int | None = None) -> None:
        self._raw = raw
        self._where = where
        self._guard = guard
        self._at_once = at_once or sys.maxsize

    def read(self, size: int, /) -> bytes:
        parts = []
        missing = size
        while missing and (part := self._read_some(min(missing, self._at_once))):
            self._guard.count(len(part))
            parts.append(part)
            missing -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _read_some(self, size: int) -> bytes:
        try:
            return self._raw.read(size)
        except EOFError as error:
            raise self._error(ErrorCode.ZIP_TRUNCATED, "ends before its data does") from error
        except _DAMAGE as error:
            # The CRC covers the whole member, so a wrong one shows only after its last byte.
            raise self._error(ErrorCode.ZIP_CRC_ERROR, f"is damaged ({error or type(error).__name__})") from error
        except OSError as error:
            if error.errno in _NO_DISK_ERROR:
                raise self._error(ErrorCode.ZIP_CRC_ERROR, f"is damaged ({error})") from error
            raise self._error(ErrorCode.FILE_NOT_READABLE, f"can't be read: {error.strerror}") from error

    def _error(self, code: ErrorCode, what: str) -> PipelineError:
        return PipelineError(code, f"{self._where} {what}.")


def open_parts(file: DataFile, *, max_uncompressed: int) -> Generator[Part, None, None]:
    """Open the texts of a file for reading, one after the other; a part's stream ends with the next part.

    Args:
        file: What `inspect_file` recognised.
        max_uncompressed: Most bytes that what is read inside a zip may really have, whatever the zip declares.

    Raises:
        PipelineError: When opened: FILE_NOT_FOUND, FILE_NOT_READABLE, FILE_CHANGED, ZIP_INVALID, ZIP_UNSUPPORTED or
            ZIP_ENCRYPTED. While reading: ZIP_TRUNCATED, ZIP_CRC_ERROR, ZIP_TOO_LARGE or FILE_NOT_READABLE.
    """
    guard = _Guard(file, max_uncompressed)
    with ExitStack() as stack:
        if not file.members:
            raw = stack.enter_context(_open_plain(file))
            name = file.path.name
            yield Part(printable(name), year_in(name), _Guarded(raw, str(file.path), guard))
            return
        archive = stack.enter_context(_open_zip(file))
        for member in file.members:
            with _open_member(archive, file, member) as raw:
                where = f"{printable(member.name)} in {file.path}"
                small = archive.infolist()[member.index].compress_type not in _BOUNDED_METHODS
                stream = _Guarded(raw, where, guard, _SMALL_READ if small else None)
                yield Part(printable(member.name), member.year, stream)


def verify_content(file: DataFile, *, max_uncompressed: int) -> None:
    """Read the CSV through, so that damage shows before anything relies on the file.

    Raises:
        PipelineError: As `open_parts`.
    """
    with closing(open_parts(file, max_uncompressed=max_uncompressed)) as parts:
        for part in parts:
            while part.stream.read(_BLOCK):
                pass


def _open_plain(file: DataFile) -> IO[bytes]:
    try:
        return file.path.open("rb")
    except OSError as error:
        raise read_error(error, file.path) from error


def _open_zip(file: DataFile) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file.path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise PipelineError(ErrorCode.FILE_CHANGED, f"{file.path} is no longer the same zip: {error}.") from error
    except OSError as error:
        raise read_error(error, file.path) from error


def _open_member(archive: zipfile.ZipFile, file: DataFile, member: Member) -> IO[bytes]:
    where = f"{printable(member.name)} in {file.path}"
    entries = archive.infolist()
    if member.index >= len(entries) or entries[member.index].filename != member.name:
        raise PipelineError(ErrorCode.FILE_CHANGED, f"{where} is no longer there.")
    try:
        return archive.open(_as_it_is(file, entries[member.index]))
    except NotImplementedError as error:
        raise PipelineError(ErrorCode.ZIP_UNSUPPORTED, f"{where} is packed in another way: {error}.") from error
    except RuntimeError as error:  # zipfile's word for a member that needs a password
        raise PipelineError(ErrorCode.ZIP_ENCRYPTED, f"{where} is encrypted.") from error
    except EOFError as error:
        raise PipelineError(ErrorCode.ZIP_TRUNCATED, f"{where} ends before its data does.") from error
    except _DAMAGE as error:
        raise PipelineError(ErrorCode.ZIP_CRC_ERROR, f"{where} is damaged ({error}).") from error
    except OSError as error:
        if error.errno in _NO_DISK_ERROR:
            raise PipelineError(ErrorCode.ZIP_CRC_ERROR, f"{where} is damaged ({error}).") from error
        raise read_error(error, file.path, where) from error


def _as_it_is(file: DataFile, entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Return an entry that zipfile reads to the end of its data, under whatever name its own header has.

    zipfile stops at the declared size, so that a lie would end as a wrong CRC. It also refuses a member whose own
    header has another name than the table of contents, which other tools take from the latter.
    """
    entry = copy.copy(entry)
    entry.file_size = sys.maxsize
    with file.path.open("rb") as stream:
        stream.seek(entry.header_offset)
        header = stream.read(_LOCAL_HEADER.size)
        if len(header) == _LOCAL_HEADER.size:
            _, _, flags, *_, length, _ = _LOCAL_HEADER.unpack(header)
            entry.orig_filename = stream.read(length).decode("utf-8" if flags & _UTF8_FLAG else "cp437")
    return entry
