"""Looking before writing: what HubSpot has of a batch's contacts, and what the policy makes of it.

What belongs here: the look and its decisions, which a dry run and the policies that look first share. What does not:
the policy (`policy.py`), and writing (`delivery.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from babynames_dagster.hubspot.api.answers import Verdict, verdict
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.records import Record, look
from babynames_dagster.hubspot.sync.outcomes import NOT_MENTIONED, Kind, Outcome, Outgoing, all_failed
from babynames_dagster.hubspot.sync.policy import Action, Decision, WritePolicy, decide
from babynames_dagster.hubspot.sync.pump import Desk

_KINDS = {
    Action.CREATE: Kind.CREATED,
    Action.UPDATE: Kind.UPDATED,
    Action.UNCHANGED: Kind.UNCHANGED,
    Action.KEEP: Kind.KEPT,
}


@dataclass(frozen=True)
class Looked:
    """One row, and what is to be done with it.

    Attributes:
        row: The row; whole where HubSpot has no such contact, whatever it was given before.
        decision: What is to be done.
        record: The record id of the contact that HubSpot has; None where it has none.
        obstacle: Why that contact is not ours to write, although it has our email; empty where it is.
    """

    row: Outgoing
    decision: Decision
    record: str | None
    obstacle: str = ""

    @property
    def outcome(self) -> Outcome:
        """What becomes of the row once that is done."""
        action = self.decision.action
        same = action is Action.UPDATE and not self.decision.differences
        return Outcome(self.row, _KINDS[action], hubspot_id=self.record, same=same)


def look_at(
    client: HubSpotClient, policy: WritePolicy, rows: Sequence[Outgoing], desk: Desk[list[Outcome]]
) -> list[Looked]:
    """Read the rows' contacts, and decide; rows of which HubSpot says nothing are delivered as failed.

    Raises:
        PipelineError: As `HubSpotClient.request`.
    """
    looked = look(
        client,
        [row.email for row in rows],
        list(rows[0].whole.payload),
        by_email=True,
        stop=desk.stop,
        on_departure=desk.departed,
    )
    unknown = [row for row in rows if row.email not in looked.found and row.email not in looked.missing]
    if unknown:
        done = verdict(looked.answer) is Verdict.DONE
        failed = [Outcome(row, Kind.FAILED, problem=NOT_MENTIONED) for row in unknown]
        desk.deliver(failed if done else all_failed(unknown, looked.answer))
    decided = []
    for row in rows:
        record = looked.found.get(row.email)
        if record is not None:
            decision, why = decide(row.payload, record.properties, policy), obstacle(row.email, record)
            if why:
                decision = Decision(Action.KEEP, differences=decision.differences)
            decided.append(Looked(row, decision, record.record_id, why))
        elif row.email in looked.missing:
            decided.append(Looked(row.whole, decide(row.whole.payload, None, policy), None))
    return decided


def obstacle(email: str, record: Record) -> str:
    """Return why a contact that was found by our email is not ours to write; empty where it is.

    A contact that has taken another one in, or whose primary email is another, is somebody's own by now.
    """
    if record.email != email:
        owner = record.email or "a contact without a primary one"
        return f"its email is a secondary one of {owner}, record {record.record_id}"
    if record.former_ids:
        return f"record {record.record_id} was merged out of {', '.join(record.former_ids)}"
    return ""
