"""Why a row is not loaded."""

from dataclasses import dataclass
from enum import Enum

RAW_KEPT = 1000
"""Characters of a rejected row's text that are kept."""

MEMBER_KEPT = 255
"""Characters of its file's name in a zip that are kept."""


class RejectReason(str, Enum):
    """Why a row is rejected, as `rejected_rows` keeps it."""

    TOO_FEW_FIELDS = "too_few_fields"
    TOO_MANY_FIELDS = "too_many_fields"
    EMPTY_NAME = "empty_name"
    NAME_TOO_LONG = "name_too_long"
    CONTROL_CHARACTER = "control_character"
    INVALID_ENCODING = "invalid_encoding"
    EMPTY_SEX = "empty_sex"
    UNKNOWN_SEX = "unknown_sex"
    BAD_QUOTING = "bad_quoting"
    UNCLOSED_QUOTE = "unclosed_quote"
    LINE_TOO_LONG = "line_too_long"
    BAD_YEAR = "bad_year"
    BAD_BIRTHS = "bad_births"


@dataclass(frozen=True)
class RejectedRow:
    """One row that was not loaded.

    Attributes:
        line: The line it begins on, from 1, counted over all that is read.
        reason: Why.
        raw: Its text, cut to `RAW_KEPT` characters; bytes that are no text are shown in hexadecimal.
        member: The file's name, in a zip whose files are read as one; None elsewhere.
        member_line: The line of that file.
    """

    line: int
    reason: RejectReason
    raw: str
    member: str | None = None
    member_line: int | None = None


def rejected(line: int, reason: RejectReason, raw: bytes) -> RejectedRow:
    """Return a rejected row, with of its bytes what is kept."""
    return RejectedRow(line, reason, raw[: 4 * RAW_KEPT].decode("utf-8", errors="backslashreplace")[:RAW_KEPT])
