"""What a contact that was read back is found to be: pure decisions over the ledger's row and HubSpot's record.

What belongs here: the order in which findings are looked for, and what sets a rewritten value apart from a changed one.
What does not: reading, writing.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from babynames_dagster.database.ledger.acknowledged import Accepted, LedgerRow
from babynames_dagster.database.ledger.findings import KeptFinding, as_text
from babynames_dagster.database.ledger.states import Finding
from babynames_dagster.hubspot.api.answers import problem_of
from babynames_dagster.hubspot.api.differences import Difference, differences, shown
from babynames_dagster.hubspot.api.records import Looked, Record
from babynames_dagster.hubspot.api.verdicts import Verdict, verdict

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,30})(\.\d{1,30})?([eE][+-]?\d{1,2})?")
"""No zeros before it: `007` is a text."""
_MILLISECONDS = re.compile(r"-?\d{9,14}")
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?)?")
_PHONE = re.compile(r"\+?\(?\d[\d ().\-/]{5,30}\d")
_BARE_PHONE = re.compile(r"\+?\d{7,15}")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

QUIET = frozenset({Finding.SAME, Finding.REWRITTEN, Finding.PENDING})
"""Findings that need no look."""


@dataclass(frozen=True)
class Judged:
    """One contact, and what it was found to be.

    Attributes:
        row: The ledger's row.
        finding: What it was found to be.
        record: HubSpot's record, where there is one.
        differences: Properties that somebody has changed.
        accepted: Values that the account rewrites, those known before included.
        detail: The finding in words.
    """

    row: LedgerRow
    finding: Finding
    record: Record | None = None
    differences: Sequence[Difference] = ()
    accepted: Accepted = field(default_factory=dict)
    detail: str = ""

    @property
    def kept(self) -> KeptFinding:
        """What the ledger keeps of it; a value that the account rewrites is news once."""
        return KeptFinding(self.row.key, self.finding, self.detail, self.accepted)


def judge(row: LedgerRow, payload: Mapping[str, str] | None, looked: Looked, archive: Looked | None) -> Judged:
    """Return what a contact is found to be.

    Args:
        row: The ledger's row.
        payload: What HubSpot acknowledged for it; None where that is not known, because its row is gone or has
            changed since, or where a sync has to send it again.
        looked: What was read by its record id.
        archive: What was read of the archive; None where nothing was missing.
    """
    record = looked.found.get(row.hubspot_id)
    if record is None:
        return _absent(row, looked, archive)
    if record.record_id != row.hubspot_id or record.former_ids:
        into = f"into record {record.record_id}, {record.email or 'without an email'}"
        return Judged(row, Finding.MERGED, record, detail=f"merged {into}")
    if record.email != row.email.lower():
        return Judged(row, Finding.EMAIL_CHANGED, record, detail=f"email: {row.email} -> {record.email or 'none'}")
    if payload is None:
        waiting = Finding.SAME if row.source is None else Finding.PENDING
        return Judged(row, waiting, record, accepted=row.accepted)
    return compared(row, record, payload)


def compared(row: LedgerRow, record: Record, payload: Mapping[str, str]) -> Judged:
    """Return whether a contact that is ours holds what was sent."""
    found = differences(payload, record.properties)
    known = {name: row.accepted[name] for name in row.accepted if name in payload}
    news = [item for item in found if known.get(item.property) != (item.ours, item.theirs)]
    rewritten = [item for item in news if item.theirs and same_writing(item.ours, item.theirs)]
    changed = [item for item in news if item not in rewritten]
    still = {name: values for name, values in known.items() if any(item.property == name for item in found)}
    accepted = {**still, **{item.property: (item.ours, item.theirs or "") for item in rewritten}}
    if rewritten and as_text(accepted) is None:  # too long to be remembered
        changed, accepted = news, still
    if changed:
        return Judged(row, Finding.CHANGED, record, changed, accepted, said(changed))
    if rewritten:
        return Judged(row, Finding.REWRITTEN, record, rewritten, accepted, said(rewritten))
    return Judged(row, Finding.SAME, record, accepted=accepted)


def taken_as_rewritten(judged: Judged) -> Judged:
    """Return a contact that still differs right after it was sent again: so the account rewrites it."""
    accepted = {**judged.accepted, **{item.property: (item.ours, item.theirs or "") for item in judged.differences}}
    if judged.finding is not Finding.CHANGED or as_text(accepted) is None:
        return judged
    return Judged(judged.row, Finding.REWRITTEN, judged.record, judged.differences, accepted, said(judged.differences))


def same_writing(ours: str, theirs: str) -> bool:
    """Return whether two values are one in two forms.

    That is a text with other capitals, blanks or Unicode normal form; a number (`1`, `1.0`); a moment (`2026-01-31`,
    midnight in UTC, the same as milliseconds since 1970); a phone number with or without punctuation.
    """
    forms: tuple[Callable[[str], object], ...] = (_plain, _number, _moment)
    if any((form := read(ours)) is not None and form == read(theirs) for read in forms):
        return True
    digits = _digits(ours)
    bare = any(_BARE_PHONE.fullmatch(text) for text in (ours, theirs))
    return bare and digits is not None and digits == _digits(theirs)


def said(found: Iterable[Difference]) -> str:
    """Say which properties differ, with both values: ours first."""
    return "; ".join(f"{item.property}: {shown(item.ours)} -> {shown(item.theirs)}" for item in found)


def properties_to_read(payloads: Iterable[Mapping[str, Any] | None]) -> list[str]:
    """Return the names of every property that some payloads have."""
    return list(dict.fromkeys(name for payload in payloads if payload for name in payload))


def _absent(row: LedgerRow, looked: Looked, archive: Looked | None) -> Judged:
    if row.hubspot_id not in looked.missing or archive is None:
        return _unread(row, looked)
    archived = archive.found.get(row.hubspot_id)
    if archived is not None:
        return Judged(row, Finding.ARCHIVED, archived, detail="archived by a user or another app")
    if row.hubspot_id in archive.missing:
        return Judged(row, Finding.GONE, detail="deleted permanently")
    return _unread(row, archive)


def _unread(row: LedgerRow, looked: Looked) -> Judged:
    """Return a contact of which an answer says nothing, with the reason where the answer has one."""
    said = "HubSpot did not answer for it"
    if verdict(looked.answer) is not Verdict.DONE:
        problem = problem_of(looked.answer)
        said += f" ({problem})"
    return Judged(row, Finding.UNREAD, detail=said, accepted=row.accepted)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _moment(text: str) -> datetime | None:
    """Return a moment in UTC, as far as milliseconds, which is what HubSpot keeps."""
    if _MILLISECONDS.fullmatch(text):
        return _EPOCH + timedelta(milliseconds=int(text))
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    day, time, fraction, zone = found.groups()
    moment = f"{day}T{time or '00:00:00'}.{(fraction or '').ljust(3, '0')[:3]}{(zone or 'Z').replace('Z', '+00:00')}"
    try:
        return datetime.fromisoformat(moment).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def _digits(text: str) -> str | None:
    """Return the digits of what may be a phone number."""
    decimal = "." in text and _NUMBER.fullmatch(text)
    return re.sub(r"\D", "", text) if _PHONE.fullmatch(text) and not decimal else None
