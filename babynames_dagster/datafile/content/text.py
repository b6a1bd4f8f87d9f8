"""The text of a CSV as UTF-8 lines, whatever its encoding and line ends."""

import codecs

from babynames_dagster.datafile.content.archive import ByteStream
from babynames_dagster.errors import ErrorCode, PipelineError

_UTF8 = {"utf-8", "utf-8-sig"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Utf8Stream:
    """A stream of UTF-8; what can't be decoded stays invalid, row by row."""

    def __init__(self, raw: ByteStream, encoding: str) -> None:
        """Read a byte order mark, where there is one; it wins over `encoding` (CSV_ENCODING)."""
        self._raw = raw
        head = raw.read(4)
        mark, found = next(((mark, name) for mark, name in _MARKS if head.startswith(mark)), (b"", encoding))
        self._pending = head[len(mark) :]
        self.encoding = codecs.lookup(found).name
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
            # Old Macs end lines with a carriage return alone; a line feed anywhere says that this is no such file.
            self._lone_returns = b"\n" not in block and b"\r" in block[:-1]
        return block.replace(b"\r", b"\n") if self._lone_returns else block

    def _decoded(self, size: int) -> bytes:
        block = self._pending + self._raw.read(size - len(self._pending))
        self._pending = b""
        if self._decoder is None:
            return block
        try:
            text = self._decoder.decode(block, final=len(block) < size)
        except UnicodeError as error:
            raise PipelineError(ErrorCode.CSV_ENCODING_ERROR, f"The file is not {self.encoding}: {error}.") from error
        # A surrogate is never valid UTF-8, so an undecodable byte costs its own row and no other.
        return text.encode("utf-8", errors="surrogatepass")
