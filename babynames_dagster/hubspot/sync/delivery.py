"""Sending one batch, until each of its rows has an outcome.

What belongs here: upserting, and halving what HubSpot refuses as a whole. What does not: retries of single calls
(`client.py`), and the ledger.
"""

from collections.abc import Sequence

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.answers import Answer, Verdict, problem_of, refuses_a_row, verdict
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import UPSERT
from babynames_dagster.hubspot.sync.brake import Brake
from babynames_dagster.hubspot.sync.outcomes import Outcome, Outgoing, all_failed, all_rejected, match, upsert_inputs
from babynames_dagster.hubspot.sync.pump import Desk


def deliver(client: HubSpotClient, brake: Brake, rows: Sequence[Outgoing], desk: Desk[list[Outcome]]) -> None:
    """Upsert rows, and deliver the outcome of each as its answer arrives.

    A batch that HubSpot refuses as a whole is halved until the rows to blame stand alone, so that the others get
    through: about 2 log2(n) more calls for one bad row among n. So are the rows that a partial answer leaves open.

    Raises:
        PipelineError: What `HubSpotClient.request` raises; HUBSPOT_PROPERTY_ERROR where no row can get through;
            HUBSPOT_ERROR where the brake finds that none does.
    """
    parts = [rows]
    while parts:
        part = parts.pop()
        answer = client.request(UPSERT, body=upsert_inputs(part), stop=desk.stop, on_departure=desk.departed)
        decision = verdict(answer)
        if decision is Verdict.DONE:
            outcomes = match(part, answer)
            desk.deliver(outcomes)
            brake.saw(outcomes)
            known = {outcome.row.name_id for outcome in outcomes}
            parts += _halves([row for row in part if row.name_id not in known])
        elif decision is Verdict.SPLIT and len(part) > 1:
            _raise_if_all_to_blame(answer)
            parts += _halves(part)
        elif decision is Verdict.SPLIT:
            outcomes = (all_rejected if refuses_a_row(answer) else all_failed)(part, answer)
            desk.deliver(outcomes)
            brake.saw(outcomes)
        else:
            desk.deliver(all_failed(part, answer))


def _halves(rows: Sequence[Outgoing]) -> list[Sequence[Outgoing]]:
    """Return a part's halves, the later one first; none of them is empty."""
    middle = len(rows) // 2
    return [half for half in (rows[middle:], rows[:middle]) if half]


def _raise_if_all_to_blame(answer: Answer) -> None:
    """Stop where halving can't help: every row has the same properties, so one that is missing hits them all."""
    message = problem_of(answer).message
    if "PROPERTY_DOESNT_EXIST" in message:
        raise PipelineError(
            ErrorCode.HUBSPOT_PROPERTY_ERROR, f"HubSpot lacks a property that every contact has: {message}"
        )
