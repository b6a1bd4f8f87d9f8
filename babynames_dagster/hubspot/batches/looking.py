"""Looking before writing: what HubSpot has of a batch's contacts, and what the policy makes of it.

What belongs here: the look and its decisions, which runs, dry runs and plans share. What does not: the policy
(`policy.py`), whose a contact is (`ownership.py`), and writing (`delivery.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.records import Record, look
from babynames_dagster.hubspot.api.verdicts import Verdict, verdict
from babynames_dagster.hubspot.batches.outcomes import NOT_MENTIONED, Kind, Outcome, Outgoing, all_failed, left_alone
from babynames_dagster.hubspot.batches.ownership import Obstacle, obstacle
from babynames_dagster.hubspot.batches.policy import Action, Decision, WritePolicy, decide
from babynames_dagster.hubspot.batches.pump import Channel

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
        obstacle: Why that contact is not ours to write, although our email or record id leads to it; None where it is.
    """

    row: Outgoing
    decision: Decision
    record: str | None
    obstacle: Obstacle | None = None

    @property
    def outcome(self) -> Outcome:
        """What becomes of the row once that is done."""
        action = self.decision.action
        same = action is Action.UPDATE and not self.decision.differences
        outcome = Outcome(self.row, _KINDS[action], hubspot_id=self.record, same=same)
        return outcome if self.obstacle is None else left_alone(self.row, self.obstacle)


def look_at(
    client: HubSpotClient, policy: WritePolicy, rows: Sequence[Outgoing], channel: Channel[list[Outcome]]
) -> list[Looked]:
    """Read the rows' contacts, and decide; rows of which HubSpot says nothing are delivered as failed.

    A contact that the ledger knows is read by its record id, which leads to it whatever became of its email. The others
    are read by email, and so are those whose record is gone.

    Raises:
        PipelineError: As `HubSpotClient.request`.
    """
    known = [row for row in rows if row.record is not None]
    decided, gone = _look(client, policy, known, channel, by_email=False)
    others, absent = _look(client, policy, [row for row in rows if row.record is None] + gone, channel, by_email=True)
    new = [Looked(row.whole, decide(row.whole.payload, None, policy), None) for row in absent]
    return [*decided, *others, *new]


def _look(
    client: HubSpotClient,
    policy: WritePolicy,
    rows: Sequence[Outgoing],
    channel: Channel[list[Outcome]],
    *,
    by_email: bool,
) -> tuple[list[Looked], list[Outgoing]]:
    """Return the decisions about the contacts that are there, and the rows of those that are not."""
    if not rows:
        return [], []
    keys = {row.trace_id: row.email if by_email else row.record or "" for row in rows}
    looked = look(
        client,
        list(dict.fromkeys(keys.values())),
        list(rows[0].whole.payload),
        by_email=by_email,
        stop=channel.stop,
        on_departure=channel.departed,
    )
    there, absent, unknown = list[Looked](), list[Outgoing](), list[Outgoing]()
    for row in rows:
        record = looked.found.get(keys[row.trace_id])
        if record is not None:
            there.append(_decided(row, record, policy, known=None if by_email else row.record))
        else:
            (absent if keys[row.trace_id] in looked.missing else unknown).append(row)
    if unknown:
        done = verdict(looked.answer) is Verdict.DONE
        failed = [Outcome(row, Kind.FAILED, problem=NOT_MENTIONED) for row in unknown]
        channel.deliver(failed if done else all_failed(unknown, looked.answer))
    return there, absent


def _decided(row: Outgoing, record: Record, policy: WritePolicy, *, known: str | None) -> Looked:
    decision = decide(row.for_contact(record.properties), record.properties, policy)
    found = obstacle(row.email, record, known)
    if found is not None:
        decision = Decision(Action.KEEP, differences=decision.differences)
    return Looked(row, decision, record.record_id, found)
