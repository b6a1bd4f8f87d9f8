"""A row of a source beside what the ledger knows of it: what every source hands to the sync."""

from collections.abc import Mapping
from typing import NamedTuple


class Entry(NamedTuple):
    """What the ledger knows of one row; all None where it has no entry.

    Attributes:
        outcome: What became of it last, as a `LedgerOutcome`'s value.
        fingerprint: The payload that this is about.
        hubspot_email: The email that HubSpot acknowledged.
        initial_sent: Fingerprint of the initial values that the contact was given.
        finding: What reconciling found the contact to be, as a `Finding`'s value.
        hubspot_id: The contact's record id.
    """

    outcome: str | None = None
    fingerprint: str | None = None
    hubspot_email: str | None = None
    initial_sent: str | None = None
    finding: str | None = None
    hubspot_id: str | None = None


NO_ENTRY = Entry()


class Unfit(NamedTuple):
    """Why a row can be no contact: one word, and the same in a sentence."""

    category: str
    message: str


class SourceRow(NamedTuple):
    """One row of a source.

    Attributes:
        key: What the row is known by in its source, as text.
        partition: Its partition.
        label: The row for people.
        payload: The contact's properties, initial values included; `email` is always among them.
        entry: What the ledger knows of it.
        unfit: Why it can be no contact; None where it can.
    """

    key: str
    partition: str
    label: str
    payload: Mapping[str, str]
    entry: Entry = NO_ENTRY
    unfit: Unfit | None = None
