"""Reading a batch of the ledger's contacts back, and judging each.

What belongs here: the calls, and what a row's payload is compared with. What does not: the judgement
(`judging.py`), and keeping it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from babynames_dagster.database.ledger.candidates import Candidate
from babynames_dagster.database.ledger.entries import LedgerOutcome
from babynames_dagster.database.ledger.findings import LedgerRow
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.records import look
from babynames_dagster.hubspot.reconcile.judging import Judged, judge, properties_to_read
from babynames_dagster.hubspot.sync.mapping import ContactMapping
from babynames_dagster.hubspot.sync.pump import Desk


def read_back(
    client: HubSpotClient, mapping: ContactMapping, rows: Sequence[LedgerRow], desk: Desk[Any] | None = None
) -> list[Judged]:
    """Read rows back by record id, and judge each; what is missing is looked for in the archive.

    Args:
        client: The account.
        mapping: How a name becomes a contact.
        rows: At most 100; two may be one record.
        desk: Where a pump wants to hear of the call.

    Raises:
        PipelineError: As `HubSpotClient.request`.
    """
    stop = desk.stop if desk else None
    departed = desk.departed if desk else _nothing
    payloads = {row.name_id: acknowledged_payload(row, mapping) for row in rows}
    ids = list(dict.fromkeys(row.hubspot_id for row in rows))
    wanted = properties_to_read(payloads.values())
    looked = look(client, ids, wanted, stop=stop, on_departure=departed)
    archive = None
    if looked.missing:
        archive = look(client, sorted(looked.missing), archived=True, stop=stop, on_departure=departed)
    return [judge(row, payloads[row.name_id], looked, archive) for row in rows]


def acknowledged_payload(row: LedgerRow, mapping: ContactMapping) -> Mapping[str, str] | None:
    """Return what HubSpot acknowledged for a row; None where a sync sends it anyway, or its name is gone."""
    if row.name is None or row.outcome in {LedgerOutcome.FAILED, LedgerOutcome.REJECTED}:
        return None
    payload = mapping.payload(row.name)
    return lasting(payload, mapping) if mapping.payload_fingerprint(payload) == row.fingerprint else None


def lasting(payload: Mapping[str, str], mapping: ContactMapping) -> dict[str, str]:
    """Return a payload without the values that are its users' own once the contact is there."""
    return {name: value for name, value in payload.items() if name not in mapping.initial_values}


def payloads_of(names: Iterable[Candidate], mapping: ContactMapping) -> dict[str, tuple[Candidate, dict[str, str]]]:
    """Return names and their payloads, by email."""
    made = ((name, mapping.payload(name)) for name in names)
    return {payload["email"]: (name, payload) for name, payload in made}


def _nothing() -> None:
    """Do nothing: nobody wants to hear of the call."""
