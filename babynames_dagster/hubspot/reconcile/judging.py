"""What a contact that was read back is found to be: pure decisions over the ledger's row and HubSpot's record.

What belongs here: the order in which findings are looked for, and what sets a rewritten value apart from a changed one.
What does not: reading, writing.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from babynames_dagster.database.ledger.findings import Accepted, Finding, KeptFinding, LedgerRow, as_text
from babynames_dagster.hubspot.api.differences import Difference, differences
from babynames_dagster.hubspot.api.records import Looked, Record

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
    """Return whether two values are one text in two forms: other capitals, blanks or Unicode normal form."""
    return _plain(ours) == _plain(theirs)


def said(found: Iterable[Difference]) -> str:
    """Say which properties differ, with both values: ours first."""
    return "; ".join(f"{item.property}: {item.ours!r} -> {item.theirs!r}" for item in found)


def properties_to_read(payloads: Iterable[Mapping[str, Any] | None]) -> list[str]:
    """Return the names of every property that some payloads have."""
    return list(dict.fromkeys(name for payload in payloads if payload for name in payload))


def _absent(row: LedgerRow, looked: Looked, archive: Looked | None) -> Judged:
    if row.hubspot_id not in looked.missing or archive is None:
        return Judged(row, Finding.UNREAD, detail="HubSpot did not answer for it", accepted=row.accepted)
    archived = archive.found.get(row.hubspot_id)
    if archived is not None:
        return Judged(row, Finding.ARCHIVED, archived, detail="archived by a user or another app")
    if row.hubspot_id in archive.missing:
        return Judged(row, Finding.GONE, detail="deleted permanently")
    return Judged(row, Finding.UNREAD, detail="HubSpot did not answer for it", accepted=row.accepted)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
