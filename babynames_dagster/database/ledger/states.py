"""What the ledger says of a contact: what became of it last, and what it was found to be in HubSpot."""

from enum import Enum


class LedgerOutcome(Enum):
    """What the ledger says of a row."""

    SYNCED = "synced"
    """HubSpot acknowledged this very row."""
    KEPT = "kept"
    """HUBSPOT_WRITE_POLICY leaves HubSpot as it is, or the contact is somebody's: looked at again when the row, the
    mapping or the policy changes, or when asked for."""
    REJECTED = "rejected"
    """HubSpot refuses it as it is: sent again when the row or the mapping changes, or when asked for."""
    FAILED = "failed"
    """It got no answer of its own, or one that can pass: sent again by the next run."""
    ARCHIVED = "archived"
    """`babynames undo` archived it: sent again when the row or the mapping changes, or by a full refresh."""


class Finding(Enum):
    """What a contact of the ledger is found to be in HubSpot."""

    SAME = "same"
    """It is ours, and holds what was sent."""
    CHANGED = "changed"
    """Somebody has changed a property that we own."""
    REWRITTEN = "rewritten"
    """The account keeps a value in another form than it was sent: accepted, and the same from then on."""
    PENDING = "pending"
    """A sync sends it anyway: its name or mapping has changed since, or its last try failed."""
    MERGED = "merged"
    """It is part of another record."""
    EMAIL_CHANGED = "email_changed"
    """Its primary email is another one."""
    SHARED = "shared"
    """Another row of the ledger is the same record."""
    ARCHIVED = "archived"
    """Somebody archived it; HubSpot keeps it for 90 days."""
    GONE = "gone"
    """HubSpot no longer has it, not even archived."""
    UNREAD = "unread"
    """HubSpot did not answer for it."""


LOST = frozenset({Finding.ARCHIVED, Finding.GONE})
"""What HubSpot no longer shows."""

NOT_OURS_TO_WRITE = frozenset({Finding.MERGED, Finding.SHARED, Finding.EMAIL_CHANGED})
"""What leads by our email, or by our record id, to a contact that is somebody's by now."""

NOT_OURS = "NOT_OURS"
"""The category of the reason why a contact is left alone as somebody's; HubSpot has none of this name."""
