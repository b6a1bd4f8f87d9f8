"""The bytes of the CSV, from inside the zip or from the plain file, never unpacked to disk.

What belongs here: streaming, and guarding it against damage and bombs. What does not: what the bytes mean.
"""

import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Protocol

from babynames_dagster.datafile.inspect import DataFile
from babynames_dagster.errors import ErrorCode, PipelineError

# A CSV of names shrinks to a third or a tenth; DEFLATE itself can't do better than 1:1032.
_LARGEST_RATIO = 300
_RATIO_MATTERS_FROM = 64 << 20
_BLOCK = 1 << 20


class ByteStream(Protocol):
    """What can be read block by block."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, as many as asked for unless the end comes first; empty at the end."""


class _Guarded:
    """A stream that says what is wrong with the file in terms of the pipeline's errors."""

    def __init__(self, raw: IO[bytes], file: DataFile, max_uncompressed: int) -> None:
        self._raw = raw
        self._file = file
        self._most = max_uncompressed
        self._done = 0

    def read(self, size: int, /) -> bytes:
        parts = []
        missing = size
        while missing and (part := self._read_some(missing)):
            parts.append(part)
            missing -= len(part)
        self._done += size - missing
        self._refuse_a_bomb()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _read_some(self, size: int) -> bytes:
        try:
            return self._raw.read(size)
        except EOFError as error:
            raise self._error(ErrorCode.ZIP_TRUNCATED, "ends before its data does") from error
        except (zipfile.BadZipFile, zlib.error, ValueError) as error:
            # The CRC covers the whole member, so a wrong one shows only after its last byte.
            raise self._error(ErrorCode.ZIP_CRC_ERROR, f"is damaged ({error})") from error
        except OSError as error:
            raise self._error(ErrorCode.FILE_NOT_READABLE, f"can't be read: {error.strerror or error}") from error

    def _refuse_a_bomb(self) -> None:
        if self._file.kind == "csv":
            return
        if self._done > self._most:
            raise self._error(ErrorCode.ZIP_TOO_LARGE, f"unpacks to more than MAX_UNCOMPRESSED_BYTES ({self._most:,})")
        if self._done > _RATIO_MATTERS_FROM and self._done > _LARGEST_RATIO * self._file.size:
            raise PipelineError(
                ErrorCode.ZIP_TOO_LARGE,
                f"{self._where} unpacks to more than {_LARGEST_RATIO} times its size, as a zip bomb does.",
                remedy="If the file is trusted, unpack it and put the CSV itself into DOWNLOAD_DIR.",
            )

    @property
    def _where(self) -> str:
        return f"{self._file.member} in {self._file.path}" if self._file.member else str(self._file.path)

    def _error(self, code: ErrorCode, what: str) -> PipelineError:
        return PipelineError(code, f"{self._where} {what}.")


@contextmanager
def open_csv(file: DataFile, *, max_uncompressed: int) -> Iterator[ByteStream]:
    """Open the CSV for reading from its first byte.

    Args:
        file: What `inspect_file` recognised.
        max_uncompressed: Most bytes that a CSV inside a zip may really have, whatever the zip declares.

    Raises:
        PipelineError: When opened: FILE_NOT_FOUND, FILE_NOT_READABLE, FILE_CHANGED, ZIP_INVALID or ZIP_ENCRYPTED.
            While reading: ZIP_TRUNCATED, ZIP_CRC_ERROR, ZIP_TOO_LARGE or FILE_NOT_READABLE.
    """
    with ExitStack() as stack:
        yield _Guarded(_open(file, stack), file, max_uncompressed)


def verify_content(file: DataFile, *, max_uncompressed: int) -> None:
    """Read the CSV through, so that damage shows before anything relies on the file.

    Raises:
        PipelineError: As `open_csv`.
    """
    with open_csv(file, max_uncompressed=max_uncompressed) as stream:
        while stream.read(_BLOCK):
            pass


def _open(file: DataFile, stack: ExitStack) -> IO[bytes]:
    try:
        if file.member is None:
            return stack.enter_context(file.path.open("rb"))
        archive = stack.enter_context(zipfile.ZipFile(file.path))
        member = archive.getinfo(file.member)
        # zipfile stops at the declared size, and a lie would end as a wrong CRC; the data end where they really end.
        member.file_size = sys.maxsize
        return stack.enter_context(archive.open(member))
    except FileNotFoundError as error:
        raise PipelineError(ErrorCode.FILE_NOT_FOUND, f"There is no file {file.path}.") from error
    except KeyError as error:
        raise PipelineError(ErrorCode.FILE_CHANGED, f"{file.member} is no longer in {file.path}.") from error
    except NotImplementedError as error:
        raise PipelineError(
            ErrorCode.ZIP_INVALID,
            f"{file.member} in {file.path} can't be unpacked: {error}.",
            remedy="Unpack it with another tool and put the CSV itself into DOWNLOAD_DIR.",
        ) from error
    except RuntimeError as error:  # zipfile's word for a member that needs a password
        raise PipelineError(ErrorCode.ZIP_ENCRYPTED, f"{file.member} in {file.path} is encrypted.") from error
    except (zipfile.BadZipFile, ValueError) as error:
        raise PipelineError(ErrorCode.ZIP_INVALID, f"{file.path} is a damaged zip: {error}.") from error
    except OSError as error:
        raise PipelineError(
            ErrorCode.FILE_NOT_READABLE, f"{file.path} can't be read: {error.strerror or error}."
        ) from error
