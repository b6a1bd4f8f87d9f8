"""Which names are the same: normal form, slug and initial of one name.

What belongs here: the rules, as pure functions of one value. What does not: doing it for a million rows
(`csv/normalise.py`).
"""

import base64
import hashlib
import re
import string
import unicodedata
from dataclasses import dataclass

from babynames_dagster.names.rejects import RejectReason

LONGEST_NAME = 255
LONGEST_STEM = 62
"""Characters of a slug (64) without its `.m` or `.f`."""

OTHER = "other"
INITIALS = (*string.ascii_uppercase, OTHER)
"""The partitions of the names, in their order."""

_DIGEST_LENGTH = 12
_SPACES = frozenset("\t\n\r")
_LOSSLESS = re.compile(rf"[a-z0-9]{{1,{LONGEST_STEM}}}")
_LOST = re.compile(r"[^a-z0-9]+")
_SEXES = {"M": "M", "MALE": "M", "BOY": "M", "F": "F", "FEMALE": "F", "GIRL": "F"}


@dataclass(frozen=True)
class NameIdentity:
    """What a name is known by.

    Attributes:
        name: Trimmed, inner white space collapsed, Unicode NFC.
        stem: The slug without the sex.
        initial: `A`..`Z` or `other`.
    """

    name: str
    stem: str
    initial: str


def identify(raw: bytes) -> NameIdentity | RejectReason:
    """Return a name's identity, or why it is none.

    Args:
        raw: The field of the file, as UTF-8.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return RejectReason.INVALID_ENCODING
    if any(unicodedata.category(character) == "Cc" and character not in _SPACES for character in text):
        return RejectReason.CONTROL_CHARACTER
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    if not name:
        return RejectReason.EMPTY_NAME
    if len(name) > LONGEST_NAME:
        return RejectReason.NAME_TOO_LONG
    return NameIdentity(name, stem_of(name), initial_of(name))


def stem_of(name: str) -> str:
    """Return the ASCII form of a name: equal for names that are the same case-folded, and for no others.

    Case folding makes `ss` of `ß` (Unicode, section 3.13), so that Weiß and Weiss are one name.
    Where ASCII loses something (accents, punctuation, other scripts, length), a digest of the case-folded name
    joins it behind a hyphen, which no lossless stem has. Twelve base-32 digits are 60 bits.

    Args:
        name: In normal form.
    """
    folded = unicodedata.normalize("NFC", name.casefold())
    if _LOSSLESS.fullmatch(folded):
        return folded
    readable = _LOST.sub("", unicodedata.normalize("NFKD", folded)) or "name"
    digest = base64.b32encode(hashlib.sha256(folded.encode()).digest()).decode().lower()[:_DIGEST_LENGTH]
    return f"{readable[: LONGEST_STEM - _DIGEST_LENGTH - 1]}-{digest}"


def initial_of(name: str) -> str:
    """Return a name's first letter without its accent, upper-cased: `A`..`Z`, else `other`.

    Full-width letters, ligatures and the like are other letters, not accented ones.
    """
    letter = unicodedata.normalize("NFD", name[0])[0].upper()
    return letter if len(letter) == 1 and "A" <= letter <= "Z" else OTHER


def sex_of(raw: bytes) -> str | RejectReason:
    """Return `M` or `F`, or why it is neither.

    Args:
        raw: The field of the file, as UTF-8.
    """
    text = raw.decode("utf-8", errors="replace").strip().upper()
    if not text:
        return RejectReason.EMPTY_SEX
    return _SEXES.get(text, RejectReason.UNKNOWN_SEX)
