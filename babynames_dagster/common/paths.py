"""Paths as text: what people read of them, and what survives JSON and Dagster's records."""

import os
import re
from pathlib import Path
from urllib.parse import unquote_to_bytes

_SCHEME = "file://"
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def printable(text: object) -> str:
    r"""Return a text that any terminal, log and database takes: control characters and stray bytes as `\x..`."""
    return _UNPRINTABLE.sub(_escaped, str(text))


def without_stray_bytes(text: str) -> str:
    r"""Return a text with only the bytes of file names that are no UTF-8 escaped, as `\x..`."""
    return re.sub(r"[\ud800-\udfff]", _escaped, text)


def resolved(path: Path) -> Path:
    """Return a path absolute and without links; a link that leads to itself is reported where it is opened."""
    return Path(os.path.realpath(path))


def path_to_text(path: Path) -> str:
    """Return a path as text that is always UTF-8: as it is, or as a `file://` address where its bytes are not."""
    text = str(path)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return path.absolute().as_uri()
    return text


def path_from_text(text: str) -> Path:
    """Return the path that `path_to_text` or a person wrote."""
    if text.startswith(_SCHEME):
        return Path(os.fsdecode(unquote_to_bytes(text.removeprefix(_SCHEME))))
    return Path(text)


def _escaped(match: "re.Match[str]") -> str:
    code = ord(match.group())
    # Python keeps a byte that is no UTF-8 as U+DC00 plus the byte.
    byte = code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code  # noqa: PLR2004 - the range of PEP 383
    return f"\\x{byte:02x}" if byte <= 0xFF else f"\\u{byte:04x}"  # noqa: PLR2004 - one byte
