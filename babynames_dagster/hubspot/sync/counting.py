"""How many contacts a run is about to write, counted before its first write."""

from collections.abc import Iterable

from babynames_dagster.database.ledger.rows import SourceRow
from babynames_dagster.hubspot.batches.policy import WritePolicy
from babynames_dagster.hubspot.guards import Writes
from babynames_dagster.hubspot.mapping import ContactMapping
from babynames_dagster.hubspot.sync.planning import outgoing, standing
from babynames_dagster.hubspot.sync.report import SyncOptions


def writes_ahead(
    pages: Iterable[list[SourceRow]], mapping: ContactMapping, options: SyncOptions, policy: WritePolicy
) -> Writes:
    """Count the contacts that a run would create and update, at most.

    One that HubSpot never acknowledged under its email counts as created, although somebody may have made it.

    Args:
        pages: The rows to look at.
        mapping: How rows become contacts.
        options: What the run asks for.
        policy: What may be written.
    """
    creates = updates = 0
    for page in pages:
        for row in page:
            if row.unfit:
                continue
            sent = outgoing(row, mapping, options)
            if standing(row, sent, options, policy) is not None:
                continue
            if row.entry.hubspot_email == sent.email and row.entry.outcome != "archived":
                updates += 1
            else:
                creates += 1
    return Writes(
        creates if policy is not WritePolicy.UPDATE_ONLY else 0,
        updates if policy is not WritePolicy.CREATE_ONLY else 0,
    )
