"""Adopting: contacts that are right already, of which a lost ledger knows nothing.

What belongs here: which of HubSpot's contacts those are, and entering them. What does not: the others, which a sync
sends.

An adopted contact is the ledger's to update, and never to undo. An app as a record's source (`hs_object_source`), or
the marker, says who made it, but not that no user has relied on it since.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.rows import SourceRow
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.database.ledger.writing import LedgerEntry, record
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.differences import differences
from babynames_dagster.hubspot.api.records import SOURCE, Record, look
from babynames_dagster.hubspot.batches.pump import Channel
from babynames_dagster.hubspot.mapping import ContactMapping
from babynames_dagster.hubspot.reconcile.judging import properties_to_read, same_writing
from babynames_dagster.hubspot.reconcile.reading_back import by_email

_APP = "INTEGRATION"


@dataclass(frozen=True)
class Adopted:
    """What of some rows HubSpot has right.

    Attributes:
        contacts: Rows with their record ids.
        made_by_app: How many of them an app has made.
        marked: How many of them have the marker.
        unknown: Rows without a right contact.
    """

    contacts: Sequence[tuple[SourceRow, str]] = ()
    made_by_app: int = 0
    marked: int = 0
    unknown: int = 0


def right_contacts(
    client: HubSpotClient,
    mapping: ContactMapping,
    marker: str | None,
    rows: Sequence[SourceRow],
    channel: Channel[Adopted],
) -> None:
    """Deliver which rows have a right contact: with our email as its primary one, not merged, nothing to write.

    Raises:
        PipelineError: As `HubSpotClient.request`.
    """
    fit = by_email(rows)
    if not fit:
        channel.deliver(Adopted(unknown=len(rows)))
        return
    wanted = [*properties_to_read(row.payload for row in fit.values()), SOURCE]
    looked = look(client, [*fit], wanted, by_email=True, stop=channel.stop, on_departure=channel.departed)
    right = [
        (row, found)
        for email, row in fit.items()
        if (found := looked.found.get(email)) is not None and is_right(found, mapping.lasting(row.payload))
    ]
    channel.deliver(
        Adopted(
            [(row, found.record_id) for row, found in right],
            sum(found.properties.get(SOURCE) == _APP for _, found in right),
            sum(marker is not None and found.properties.get(marker) == row.payload.get(marker) for row, found in right),
            len(rows) - len(right),
        )
    )


def is_right(found: Record, payload: dict[str, str]) -> bool:
    """Return whether a record is what we would make, but for the form in which its account writes values."""
    ours = found.email == payload["email"].lower() and not found.former_ids
    return ours and all(
        item.theirs is not None and same_writing(item.ours, item.theirs)
        for item in differences(payload, found.properties)
    )


def adopt(engine: Engine, ledger: Ledger, mapping: ContactMapping, adopted: Adopted) -> None:
    """Enter adopted contacts into the ledger.

    Raises:
        PipelineError: Any DB_* code.
    """
    entries = [
        LedgerEntry(
            key=row.key,
            partition=row.partition,
            email=row.payload["email"],
            fingerprint=mapping.payload_fingerprint(row.payload),
            outcome=LedgerOutcome.SYNCED,
            initial_sent=mapping.initial_fingerprint(row.payload),
            hubspot_id=record_id,
        )
        for row, record_id in adopted.contacts
    ]
    record(engine, ledger, mapping.fingerprint, entries)
