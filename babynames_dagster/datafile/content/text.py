"""The text of a CSV as UTF-8 lines, whatever its encoding, byte order mark and line ends.

What belongs here: every byte order mark of a data file; every reader goes through `Utf8Stream`. What does not:
our own small files (`.env`, a plan), which Python's `utf-8-sig` reads.
"""

import codecs
import re

from babynames_dagster.datafile.content.archive import ByteStream
from babynames_dagster.datafile.content.formats import HEAD_BYTES
from babynames_dagster.errors import ErrorCode, PipelineError

BLOCK_BYTES = 1 << 20
"""Bytes read at once."""

_UTF8 = {"utf-8", "utf-8-sig"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WITHOUT_BYTE_ORDER = {"utf-16", "utf-32"}
_RETURN_ALONE = re.compile(rb"\r(?!\r*\n)")


class Utf8Stream:
    """A stream of UTF-8; what can't be decoded stays invalid, row by row."""

    def __init__(self, raw: ByteStream, encoding: str, where: str) -> None:
        """Read a byte order mark, where there is one; it wins over `encoding` (CSV_ENCODING).

        Args:
            raw: The text's bytes.
            encoding: Their encoding where no mark says it.
            where: What to call the text in messages.
        """
        self._raw = raw
        self._where = where
        self.head = raw.read(HEAD_BYTES)
        """The first bytes, as they are."""
        self._mark, found = next(((mark, name) for mark, name in _MARKS if self.head.startswith(mark)), (b"", encoding))
        self._pending = self.head[len(self._mark) :]
        self._bytes_before = len(self._mark)
        self.encoding = codecs.lookup(found).name
        if self.encoding in _WITHOUT_BYTE_ORDER:
            self.encoding += "-be" if self.head.startswith(b"\0") else "-le"
        self._decoder = None
        if self.encoding not in _UTF8:
            wide = self.encoding.startswith(("utf-16", "utf-32"))
            self._decoder = codecs.getincrementaldecoder(self.encoding)("strict" if wide else "surrogateescape")
        self._lone_returns: bool | None = None

    def read(self, size: int, /) -> bytes:
        """Return about `size` bytes; empty at the end.

        Raises:
            PipelineError: CSV_ENCODING_ERROR where nothing after a fault could be made sense of.
        """
        block = self._decoded(size)
        if self._lone_returns is None:
            # Old Macs end lines with a carriage return alone; a line feed may stand inside quotes, or at the end.
            self._lone_returns = len(_RETURN_ALONE.findall(block[:-1])) > block.count(b"\n")
        return block.replace(b"\r", b"\n") if self._lone_returns else block

    def _decoded(self, size: int) -> bytes:
        block = self._pending + self._raw.read(size - len(self._pending))
        self._pending = b""
        if self._decoder is None:
            return block
        try:
            text = self._decoder.decode(block, final=len(block) < size)
        except UnicodeError as error:
            raise self._undecodable(error) from error
        self._bytes_before += len(block)
        # A surrogate is never valid UTF-8, so an undecodable byte costs its own row and no other.
        return text.encode("utf-8", errors="surrogatepass")

    def _undecodable(self, error: UnicodeError) -> PipelineError:
        near = self._bytes_before + (error.start if isinstance(error, UnicodeDecodeError) else 0)
        reason = error.reason if isinstance(error, UnicodeDecodeError) else str(error)
        return PipelineError(
            ErrorCode.CSV_ENCODING_ERROR,
            f"{self._where} is not {self.encoding} near byte {near:,}: {reason}.",
            remedy="Its byte order mark says so, whatever CSV_ENCODING says: save it as UTF-8, or fetch it again."
            if self._mark
            else None,
        )
