"""The dry run: what a sync would do with a batch, found out by reading only.

What belongs here: foreseeing outcomes. What does not: anything that writes to HubSpot or to the ledger.
"""

from collections.abc import Sequence

from babynames_dagster.hubspot.api.answers import Problem
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.sync.email_rules import is_valid_email
from babynames_dagster.hubspot.sync.looking import look_at
from babynames_dagster.hubspot.sync.outcomes import Kind, Outcome, Outgoing
from babynames_dagster.hubspot.sync.policy import WritePolicy
from babynames_dagster.hubspot.sync.pump import Desk


def foresee(client: HubSpotClient, policy: WritePolicy, rows: Sequence[Outgoing], desk: Desk[list[Outcome]]) -> None:
    """Deliver what a run would make of rows: the outcome of the decision that it takes.

    Rejected where HubSpot's rule for emails forbids theirs, and failed where HubSpot does not say whether there is
    such a contact.

    Raises:
        PipelineError: As `HubSpotClient.request`.
    """
    refused = [row for row in rows if not is_valid_email(row.email)]
    if refused:
        desk.deliver([Outcome(row, Kind.REJECTED, problem=_invalid(row.email)) for row in refused])
    valid = [row for row in rows if is_valid_email(row.email)]
    if valid:
        desk.deliver([looked.outcome for looked in look_at(client, policy, valid, desk)])


def _invalid(email: str) -> Problem:
    return Problem("INVALID_EMAIL", f"Email address {email} is invalid")
