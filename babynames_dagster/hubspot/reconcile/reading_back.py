"""Reading a batch of the ledger's contacts back, and judging each.

What belongs here: the calls, and what a row's payload is compared with. What does not: the judgement
(`judging.py`), and keeping it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from babynames_dagster.database.ledger.acknowledged import LedgerRow
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.rows import SourceRow
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.records import look
from babynames_dagster.hubspot.batches.pump import Channel
from babynames_dagster.hubspot.mapping import ContactMapping
from babynames_dagster.hubspot.reconcile.judging import Judged, judge, properties_to_read
from babynames_dagster.hubspot.source import ContactSource


def read_back(
    client: HubSpotClient, mapping: ContactMapping, rows: Sequence[LedgerRow], channel: Channel[Any] | None = None
) -> list[Judged]:
    """Read rows back by record id, and judge each; what is missing is looked for in the archive.

    Args:
        client: The account.
        mapping: How rows become contacts.
        rows: At most 100, beside their sources; two may be one record.
        channel: Where a pump is notified of the call.

    Raises:
        PipelineError: As `HubSpotClient.request`.
    """
    stop = channel.stop if channel else None
    departed = channel.departed if channel else _nothing
    payloads = {row.key: acknowledged_payload(row, mapping) for row in rows}
    ids = list(dict.fromkeys(row.hubspot_id for row in rows))
    wanted = properties_to_read(payloads.values())
    looked = look(client, ids, wanted, stop=stop, on_departure=departed)
    archive = None
    if looked.missing:
        archive = look(client, sorted(looked.missing), archived=True, stop=stop, on_departure=departed)
    return [judge(row, payloads[row.key], looked, archive) for row in rows]


def acknowledged_payload(row: LedgerRow, mapping: ContactMapping) -> Mapping[str, str] | None:
    """Return what HubSpot acknowledged for a row; None where a sync sends it anyway, or its source no longer has it."""
    if row.source is None or row.source.unfit or row.outcome in {LedgerOutcome.FAILED, LedgerOutcome.REJECTED}:
        return None
    payload = row.source.payload
    return mapping.lasting(payload) if mapping.payload_fingerprint(payload) == row.fingerprint else None


def with_sources(source: ContactSource, ledger: Ledger, entries: Sequence[LedgerRow]) -> list[LedgerRow]:
    """Return entries with their rows, as far as the source still has them.

    Raises:
        PipelineError: Any DB_* code.
    """
    rows = {row.key: row for row in source.rows_of(ledger, [entry.key for entry in entries], meant=False)}
    return [replace(entry, source=rows.get(entry.key)) for entry in entries]


def by_email(rows: Iterable[SourceRow]) -> dict[str, SourceRow]:
    """Return the rows that can be contacts, by email."""
    return {row.payload["email"]: row for row in rows if not row.unfit}


def _nothing() -> None:
    """Do nothing with the call."""
