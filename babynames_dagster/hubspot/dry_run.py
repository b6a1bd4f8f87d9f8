"""The dry run: what a sync would do with a batch, found out by reading only.

What belongs here: foreseeing outcomes. What does not: anything that writes to HubSpot or to the ledger.
"""

from collections.abc import Sequence

from babynames_dagster.hubspot.answers import Verdict, verdict
from babynames_dagster.hubspot.client import HubSpotClient
from babynames_dagster.hubspot.outcomes import Kind, Outcome, Outgoing, all_failed
from babynames_dagster.hubspot.pump import Desk
from babynames_dagster.hubspot.reading import contacts_by_email, differences, read_contacts


def foresee(client: HubSpotClient, rows: Sequence[Outgoing], desk: Desk[list[Outcome]]) -> None:
    """Deliver what would become of rows: created where HubSpot has no such contact, updated or unchanged otherwise.

    Raises:
        PipelineError: As `HubSpotClient.request`.
    """
    answer = read_contacts(client, [row.email for row in rows], list(rows[0].payload), stop=desk.stop)
    if verdict(answer) is not Verdict.DONE:
        desk.deliver(all_failed(rows, answer))
        return
    found = contacts_by_email(answer)
    desk.deliver([Outcome(row, _kind(row, found.get(row.email))) for row in rows])


def _kind(row: Outgoing, theirs: object) -> Kind:
    if not isinstance(theirs, dict):
        return Kind.CREATED
    return Kind.UPDATED if differences(row.payload, theirs) else Kind.UNCHANGED
