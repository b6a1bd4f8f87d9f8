"""The dry run: what a sync would do with a batch, found out by reading only.

What belongs here: foreseeing outcomes. What does not: anything that writes to HubSpot or to the ledger.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from babynames_dagster.hubspot.api.answers import Problem, Verdict, verdict
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.reading import contacts_by_email, differences, read_contacts, unknown_emails
from babynames_dagster.hubspot.sync.email_rules import is_valid_email
from babynames_dagster.hubspot.sync.outcomes import NOT_MENTIONED, Kind, Outcome, Outgoing, all_failed
from babynames_dagster.hubspot.sync.pump import Desk


def foresee(client: HubSpotClient, rows: Sequence[Outgoing], desk: Desk[list[Outcome]]) -> None:
    """Deliver what would become of rows.

    Rejected where HubSpot's rule for emails forbids theirs, created where HubSpot says that there is no such
    contact, updated or unchanged where it has one, and failed where it says neither.

    Raises:
        PipelineError: As `HubSpotClient.request`.
    """
    refused = [row for row in rows if not is_valid_email(row.email)]
    if refused:
        desk.deliver([Outcome(row, Kind.REJECTED, problem=_invalid(row.email)) for row in refused])
    valid = [row for row in rows if is_valid_email(row.email)]
    if not valid:
        return
    answer = read_contacts(
        client,
        [row.email for row in valid],
        list(valid[0].payload),
        stop=desk.stop,
        on_departure=desk.departed,
    )
    if verdict(answer) is not Verdict.DONE:
        desk.deliver(all_failed(valid, answer))
        return
    found, unknown = contacts_by_email(answer), unknown_emails(answer)
    desk.deliver([_foreseen(row, found.get(row.email), unknown=row.email in unknown) for row in valid])


def _foreseen(row: Outgoing, theirs: Mapping[str, Any] | None, *, unknown: bool) -> Outcome:
    if theirs is not None:
        return Outcome(row, Kind.UPDATED if differences(row.payload, theirs) else Kind.UNCHANGED)
    return Outcome(row, Kind.CREATED) if unknown else Outcome(row, Kind.FAILED, problem=NOT_MENTIONED)


def _invalid(email: str) -> Problem:
    return Problem("INVALID_EMAIL", f"Email address {email} is invalid")
