"""A row of a plan from what the sync decides: the same words for a plan and for its second look.

What belongs here: putting decisions into a plan's words. What does not: the decisions.
"""

from collections.abc import Sequence

from babynames_dagster.database.ledger.orphans import Orphan
from babynames_dagster.database.ledger.rows import SourceRow, Unfit
from babynames_dagster.database.ledger.states import LOST, LedgerOutcome
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.records import Looked as LookedUp
from babynames_dagster.hubspot.archive.archiving import why_kept
from babynames_dagster.hubspot.batches.looking import Looked, look_at
from babynames_dagster.hubspot.batches.outcomes import Kind, Outcome, Outgoing
from babynames_dagster.hubspot.batches.policy import Action, WritePolicy
from babynames_dagster.hubspot.batches.pump import Channel
from babynames_dagster.hubspot.email_rules import is_valid_email
from babynames_dagster.hubspot.plan.rows import Change, Planned, PlannedRow

_SETTLED = {
    LedgerOutcome.REJECTED: "HubSpot refused it before; --retry-rejected sends it again",
    LedgerOutcome.KEPT: "HUBSPOT_WRITE_POLICY left it as it is before, or it is part of another contact",
}
_LOST = frozenset(finding.value for finding in LOST)
_ARCHIVED_BY_UNDO = "`babynames undo` archived it; --full-refresh makes it again"
_ARCHIVED_IN_HUBSPOT = "it was archived or deleted in HubSpot; `babynames reconcile{} --recreate` makes it again"


def planned_rows(
    client: HubSpotClient,
    policy: WritePolicy,
    batch: Sequence[tuple[SourceRow, Outgoing]],
    channel: Channel[Sequence[PlannedRow]],
) -> list[PlannedRow]:
    """Look at a batch's contacts, and return what is to be done with each.

    Raises:
        PipelineError: As `HubSpotClient.request`.
    """
    rows_by_key = {sent.key: row for row, sent in batch}
    valid = [sent for _, sent in batch if is_valid_email(sent.email)]
    rows = [
        _row(Planned.BLOCKED, row, sent, reason=f"Email address {sent.email} is invalid")
        for row, sent in batch
        if not is_valid_email(sent.email)
    ]
    silent: list[Outcome] = []
    own: Channel[list[Outcome]] = Channel(channel.stop, silent.extend, channel.departed)
    looked = look_at(client, policy, valid, own) if valid else []
    rows += [planned_row(rows_by_key[item.row.key], item) for item in looked]
    rows += [
        _row(
            Planned.UNANSWERED,
            rows_by_key[outcome.row.key],
            outcome.row,
            reason=outcome.problem.message if outcome.problem else "",
        )
        for outcome in silent
        if outcome.kind is Kind.FAILED
    ]
    return rows


def planned_row(name: SourceRow, looked: Looked) -> PlannedRow:
    """Return what is to be done with a contact that was looked at."""
    decision = looked.decision
    if looked.obstacle:
        return _row(Planned.BLOCKED, name, looked.row, record=looked.record, reason=looked.obstacle.why)
    if decision.action is Action.CREATE:
        changes = {prop: Change(None, value) for prop, value in decision.properties.items()}
        return _row(Planned.CREATE, name, looked.row, changes=changes)
    differing = {item.property: Change(item.theirs, item.ours) for item in decision.differences}
    if decision.action is Action.KEEP:
        reason = "HUBSPOT_WRITE_POLICY makes no contacts" if looked.record is None else "HUBSPOT_WRITE_POLICY"
        return _row(Planned.KEPT, name, looked.row, record=looked.record, changes=differing, reason=reason)
    changes = {prop: change for prop, change in differing.items() if prop in decision.properties}
    action = Planned.UPDATE if changes else Planned.UNCHANGED
    return _row(action, name, looked.row, record=looked.record, changes=changes)


def settled_row(name: SourceRow, sent: Outgoing, outcome: LedgerOutcome, option: str) -> PlannedRow:
    """Return what is to be done with a contact that a run would not send, for what the ledger says of it.

    Args:
        name: The row.
        sent: What would be sent.
        outcome: What the ledger says.
        option: What chooses the row's source behind a command.
    """
    action = Planned.KEPT if outcome is LedgerOutcome.KEPT else Planned.BLOCKED
    return _row(action, name, sent, reason=_why_settled(name, outcome, option))


def _why_settled(row: SourceRow, outcome: LedgerOutcome, option: str) -> str:
    if outcome is not LedgerOutcome.ARCHIVED:
        return _SETTLED[outcome]
    return _ARCHIVED_IN_HUBSPOT.format(option) if row.entry.finding in _LOST else _ARCHIVED_BY_UNDO


def unfit_row(row: SourceRow, unfit: Unfit) -> PlannedRow:
    """Return what is to be done with a row that can be no contact."""
    return PlannedRow(
        Planned.BLOCKED, row.key, row.partition, row.label, row.payload.get("email", ""), reason=unfit.message
    )


def orphan_row(orphan: Orphan, looked: LookedUp, noun: str) -> PlannedRow:
    """Return what is to be done with a contact that the account is no longer to have."""
    contact = orphan.contact
    record = looked.found.get(contact.hubspot_id)
    if not orphan.ours:
        action, reason = Planned.BLOCKED, f"its {noun} is no longer meant, and this pipeline did not make it"
    elif record is None:
        action = Planned.BLOCKED if contact.hubspot_id in looked.missing else Planned.UNANSWERED
        reason = "it is not there any more" if action is Planned.BLOCKED else "HubSpot did not answer for it"
    else:
        kept = why_kept(contact, record)
        action = Planned.ARCHIVE if kept is None else Planned.BLOCKED
        reason = kept or ("its email is a former one" if contact.superseded else f"its {noun} is no longer meant")
    return PlannedRow(
        action,
        contact.key,
        orphan.partition,
        "",
        contact.email,
        record=contact.hubspot_id,
        reason=reason,
        superseded=contact.superseded,
    )


def _row(  # noqa: PLR0913 - a row's parts
    action: Planned,
    name: SourceRow,
    sent: Outgoing,
    *,
    record: str | None = None,
    changes: dict[str, Change] | None = None,
    reason: str = "",
) -> PlannedRow:
    return PlannedRow(
        action,
        sent.key,
        sent.partition,
        name.label,
        sent.email,
        sent.fingerprint,
        record,
        changes or {},
        reason,
    )
