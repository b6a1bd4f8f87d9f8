"""The dry run: what a sync would do with a batch, found out by reading only."""

from collections.abc import Sequence

from babynames_dagster.hubspot.api.answers import Problem
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.batches.looking import Looked, look_at
from babynames_dagster.hubspot.batches.outcomes import Kind, Outcome, Outgoing
from babynames_dagster.hubspot.batches.policy import Action, WritePolicy
from babynames_dagster.hubspot.batches.pump import Channel
from babynames_dagster.hubspot.email_rules import is_valid_email


def foresee(
    client: HubSpotClient, policy: WritePolicy, rows: Sequence[Outgoing], channel: Channel[list[Outcome]]
) -> None:
    """Deliver what a run would make of rows: the outcome of the decision that it takes.

    Rejected where it would make a contact whose email HubSpot's rule forbids, and failed where HubSpot does not say
    whether there is such a contact.

    Raises:
        PipelineError: As `HubSpotClient.request`.
    """
    channel.deliver([_foreseen(looked) for looked in look_at(client, policy, rows, channel)])


def _foreseen(looked: Looked) -> Outcome:
    row = looked.row
    if looked.decision.action is Action.CREATE and not is_valid_email(row.email):
        return Outcome(row, Kind.REJECTED, problem=_invalid(row.email))
    return looked.outcome


def _invalid(email: str) -> Problem:
    return Problem("INVALID_EMAIL", f"Email address {email} is invalid")
