"""Formats that are no CSV, known by their first bytes.

What belongs here: one line a format, with what a person does to get the CSV out of it. What does not: zips that hold
a CSV (`members.py`).
"""

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

from babynames_dagster.datafile.content.members import base_name

_EXPORT = "Open it with the program that made it, export the table as CSV, and put that into DOWNLOAD_DIR."
_UNPACK = "Unpack it, and put the CSV itself into DOWNLOAD_DIR."
_CONVERT = "Convert it to CSV (pandas or DuckDB can), and put that into DOWNLOAD_DIR."
_READ = "Open it and see what it says; put the dataset's zip or CSV in its place."
_REPLACE = "Put the dataset's zip or CSV in its place."
JOIN = "Join its parts (`zip -s 0` or `cat`), unpack what comes of it, and put the CSV itself into DOWNLOAD_DIR."

HEAD_BYTES = 4096
"""How much of a file's beginning its format is looked for in."""

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_PART_NAME = re.compile(r".*\.(?:[zr]\d\d|\d{3})", re.IGNORECASE)
_BINARY = re.compile(rb"[\0-\x08\x0e-\x1f]")


@dataclass(frozen=True)
class Format:
    """What a file is in place of a CSV.

    Attributes:
        name: For people, with its article.
        remedy: How to get the CSV.
    """

    name: str
    remedy: str


_BY_BYTES = [
    (re.compile(pattern, re.DOTALL), found)
    for pattern, found in (
        (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Format("an old Office document, such as Excel's .xls", _EXPORT)),
        (rb"\x1f\x8b", Format("a gzip archive", _UNPACK)),
        (rb"\x1f\x9d", Format("a compress (.Z) archive", _UNPACK)),
        (rb"BZh[1-9]1AY&SY", Format("a bzip2 archive", _UNPACK)),
        (rb"\xfd7zXZ\0", Format("an xz archive", _UNPACK)),
        (rb"\x5d\0\0", Format("an lzma archive", _UNPACK)),
        (rb"\x28\xb5\x2f\xfd", Format("a Zstandard archive", _UNPACK)),
        (rb"\x04\x22\x4d\x18", Format("an LZ4 archive", _UNPACK)),
        (rb"7z\xbc\xaf\x27\x1c", Format("a 7z archive", _UNPACK)),
        (rb"Rar!\x1a\x07", Format("a RAR archive", _UNPACK)),
        (rb".{257}ustar", Format("a tar archive", _UNPACK)),
        (rb"PK\x07\x08", Format("the first part of a split zip", JOIN)),
        (rb"LZIP\x01", Format("an lzip archive", _UNPACK)),
        (rb"\x89LZO\0", Format("an lzop archive", _UNPACK)),
        (rb"x[\x01\x9c\xda]", Format("zlib data", _UNPACK)),
        (rb"\xff\x06\0\0sNaPpY", Format("a Snappy archive", _UNPACK)),
        (rb"MSCF\0\0\0\0", Format("a cabinet archive", _UNPACK)),
        (rb"\x60\xea", Format("an ARJ archive", _UNPACK)),
        (rb".{2}-lh[0-7d]-", Format("an LHA archive", _UNPACK)),
        (rb"PAR1[^ -~]", Format("a Parquet file", _CONVERT)),
        (rb"ARROW1\0", Format("an Arrow file", _CONVERT)),
        (rb"\xff\xff\xff\xff", Format("an Arrow stream", _CONVERT)),
        (rb"FEA1", Format("a Feather file", _CONVERT)),
        (rb"ORC[^ -~]", Format("an ORC file", _CONVERT)),
        (rb"Obj\x01", Format("an Avro file", _CONVERT)),
        (rb"\x89HDF\r\n\x1a\n", Format("an HDF5 file", _CONVERT)),
        (rb"\x93NUMPY", Format("a NumPy array", _CONVERT)),
        (rb"\x80[\x02-\x05]", Format("a Python pickle", _CONVERT)),
        (rb"SQLite format 3\0", Format("a SQLite database", _CONVERT)),
        (rb"<stata_dta>", Format("a Stata file", _CONVERT)),
        (rb"\$FL[23]@", Format("an SPSS file", _CONVERT)),
        (rb"RD[AX][23]\n", Format("an R data file", _CONVERT)),
        (rb"(?:\xef\xbb\xbf)?\s*<[!?a-zA-Z]", Format("a web page or XML", _READ)),
        (rb'(?:\xef\xbb\xbf)?\s*(?:\[\s*)*\{\s*(?:"|\}|\Z)', Format("JSON", _CONVERT)),
        (rb"%PDF-", Format("a PDF document", _REPLACE)),
        (rb"\{\\rtf", Format("an RTF document", _EXPORT)),
        (rb"\x89PNG|\xff\xd8\xff|GIF8[79]a", Format("a picture", _REPLACE)),
        (rb"\x7fELF", Format("a program", _REPLACE)),
        (rb"\0+\Z", Format("a file of zero bytes, as a copy that broke off leaves it", _REPLACE)),
        (rb"[\x01-\x08\x0e-\x1f][^\0]*\Z", Format("a binary file of an unknown format", _EXPORT)),
    )
]

_BY_MEMBER = {
    "workbook.xml": Format("an Excel workbook", _EXPORT),
    "workbook.bin": Format("an Excel workbook", _EXPORT),
    "document.xml": Format("a Word document", _EXPORT),
    "presentation.xml": Format("a PowerPoint document", _EXPORT),
    "content.xml": Format("an OpenDocument file", _EXPORT),
    "index.zip": Format("a Numbers or Pages document", _EXPORT),
}
_BY_SUFFIX = {
    (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".numbers", ".mdb", ".accdb"): Format("a zip of spreadsheets", _EXPORT),
    (".parquet", ".feather", ".arrow", ".orc", ".avro", ".json", ".jsonl", ".ndjson"): Format(
        "a zip of tables in another format", _CONVERT
    ),
    (".npy", ".pkl", ".h5", ".dta", ".sav", ".rds", ".rdata", ".sqlite", ".db"): Format(
        "a zip of tables in another format", _CONVERT
    ),
}
_PACKED = (".zip", ".gz", ".7z", ".rar", ".bz2", ".xz", ".zst", ".tar", ".tgz")


def format_of(head: bytes, name: str = "") -> Format | None:
    """Return what a file is by its first bytes; None where it may be text.

    Args:
        head: Its first bytes, `HEAD_BYTES` of them if it has so many.
        name: Its name, by which parts of a cut archive are known.
    """
    if head.startswith(_UTF16_MARKS):
        return None
    found = next((found for pattern, found in _BY_BYTES if pattern.match(head)), None)
    if is_part(name) and (found is not None or is_binary(head)):
        return Format("a part of an archive that was cut up", JOIN)
    return found


def is_part(name: str) -> bool:
    """Return whether a name is one that tools give to the parts of an archive: `names.z01`, `names.zip.001`."""
    return _PART_NAME.fullmatch(name) is not None


def is_binary(text: bytes) -> bool:
    """Return whether there are bytes that no text in UTF-8 has, such as NUL."""
    return _BINARY.search(text) is not None


def format_of_zip(entries: Sequence[zipfile.ZipInfo]) -> Format | None:
    """Return what a zip without a CSV is, as far as its table of contents says."""
    names = [base_name(entry.filename).casefold() for entry in entries]
    for name in names:
        if name in _BY_MEMBER:
            return _BY_MEMBER[name]
    if not names:
        return Format("an empty zip", _REPLACE)
    if any(name.endswith(_PACKED) for name in names):
        return Format("a zip of other archives", "Unpack it, and put the archive or CSV inside into DOWNLOAD_DIR.")
    return next(
        (found for suffixes, found in _BY_SUFFIX.items() if any(name.endswith(suffixes) for name in names)), None
    )
