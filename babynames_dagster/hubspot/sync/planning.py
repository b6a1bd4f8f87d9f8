"""Which names have to be sent: comparing each with the ledger, and packing what differs into batches.

What belongs here: that decision. What does not: reading names, sending.
"""

from collections.abc import Callable, Iterable, Iterator

from babynames_dagster.database.ledger.candidates import Candidate
from babynames_dagster.database.ledger.entries import LedgerOutcome
from babynames_dagster.hubspot.sync.mapping import ContactMapping
from babynames_dagster.hubspot.sync.outcomes import Outgoing
from babynames_dagster.hubspot.sync.report import SyncOptions


def settled(row: Candidate, fingerprint: str, options: SyncOptions) -> LedgerOutcome | None:
    """Return the outcome that stands for a row without sending it; None where it has to be sent.

    Args:
        row: The name and its ledger entry.
        fingerprint: Fingerprint of the payload that it has now, mapping included.
        options: What the run asks for.
    """
    if row.outcome is None or row.fingerprint != fingerprint or options.full_refresh:
        return None
    outcome = LedgerOutcome(row.outcome)
    if outcome is LedgerOutcome.FAILED or (outcome is LedgerOutcome.REJECTED and options.retry_rejected):
        return None
    return outcome


def outgoing_batches(
    pages: Iterable[list[Candidate]],
    mapping: ContactMapping,
    options: SyncOptions,
    *,
    size: int,
    on_settled: Callable[[str, LedgerOutcome], None],
) -> Iterator[list[Outgoing]]:
    """Pack the rows that have to be sent into batches, which may mix partitions.

    Args:
        pages: The names to look at.
        mapping: How a name becomes a contact.
        options: What the run asks for.
        size: Rows a batch.
        on_settled: Told the partition and the outcome of each row that is not sent.
    """
    batch: list[Outgoing] = []
    for page in pages:
        for row in page:
            payload = mapping.payload(row)
            fingerprint = mapping.payload_fingerprint(payload)
            outcome = settled(row, fingerprint, options)
            if outcome is not None:
                on_settled(row.initial, outcome)
                continue
            batch.append(Outgoing(row.name_id, row.initial, payload, fingerprint))
            if len(batch) == size:
                yield batch
                batch = []
    if batch:
        yield batch
