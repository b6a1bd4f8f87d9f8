"""Sending one batch, until each of its rows has an outcome.

What belongs here: writing as the policy allows, looking where that has to come first, and halving what HubSpot refuses
as a whole. What does not: retries of single calls (`api/client.py`), and the ledger.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.answers import Problem, problem_of
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import CREATE, UPDATE, Endpoint
from babynames_dagster.hubspot.api.failures import unsuccessful
from babynames_dagster.hubspot.api.verdicts import Verdict, lacks_a_property, refuses_a_row, verdict
from babynames_dagster.hubspot.batches.circuit_breaker import Breaker
from babynames_dagster.hubspot.batches.looking import Looked, look_at
from babynames_dagster.hubspot.batches.outcomes import (
    Kind,
    Outcome,
    Outgoing,
    all_failed,
    all_rejected,
    create_inputs,
    match,
    update_inputs,
)
from babynames_dagster.hubspot.batches.policy import Action, WritePolicy
from babynames_dagster.hubspot.batches.pump import Channel

_CONFLICT = "CONFLICT"
_CHANGED_MEANWHILE = frozenset({_CONFLICT, "OBJECT_NOT_FOUND"})
"""Categories that refuse a write which rests on a look: somebody made or removed the contact since."""


@dataclass(frozen=True)
class _Write:
    """One kind of write, and what it means that HubSpot has a contact which was to be made, or lacks one.

    Attributes:
        endpoint: The call.
        inputs: Makes its body.
        creates: Whether it makes contacts.
        look: The contacts were not looked for before: they have to be.
        hidden: Where contacts are gathered that were looked for, and not shown; None where somebody was quicker than
            the write, so that the next run looks again.
    """

    endpoint: Endpoint
    inputs: Callable[[Sequence[Outgoing]], dict[str, Any]]
    creates: bool = False
    look: bool = False
    hidden: list[Outcome] | None = None


_CREATE = _Write(CREATE, create_inputs, creates=True)
_UPDATE = _Write(UPDATE, update_inputs)


def deliver(
    client: HubSpotClient,
    breaker: Breaker,
    policy: WritePolicy,
    rows: Sequence[Outgoing],
    channel: Channel[list[Outcome]],
) -> None:
    """Write rows as the policy allows, and deliver the outcome of each as its answer arrives.

    Nothing is written by email: an email leads to the contact that has it, even as a secondary one. Contacts that the
    ledger does not know are made, which HubSpot refuses (409) where one has the email. Only then, and before each
    update, is the contact looked at.

    Raises:
        PipelineError: What `HubSpotClient.request` raises; HUBSPOT_PROPERTY_ERROR where no row can get through;
            HUBSPOT_ERROR where the breaker finds that none does.
    """
    unseen = [] if policy.looks_first else [row for row in rows if row.record is None]
    there = _send(client, breaker, replace(_CREATE, look=True), [row.whole for row in unseen], channel)
    seen = [row for row in rows if policy.looks_first or row.record is not None or row.trace_id in there]
    if not seen:
        return
    hidden: list[Outcome] = []
    _write(client, breaker, look_at(client, policy, seen, channel), channel, replace(_CREATE, hidden=hidden))
    if hidden:
        # What an unanswered call has just made may not be shown for a moment.
        client.wait_a_moment(channel.stop)
        _settle(client, breaker, policy, hidden, channel)


def write(client: HubSpotClient, breaker: Breaker, looked: Sequence[Looked], channel: Channel[list[Outcome]]) -> None:
    """Write what was decided of rows that were looked at, and deliver the outcome of each.

    Args:
        client: The account.
        breaker: Where refusals are counted.
        looked: The rows.
        channel: Where outcomes are delivered to.

    Raises:
        PipelineError: As `deliver`.
    """
    _write(client, breaker, looked, channel, _CREATE)


def _settle(
    client: HubSpotClient,
    breaker: Breaker,
    policy: WritePolicy,
    hidden: Sequence[Outcome],
    channel: Channel[list[Outcome]],
) -> None:
    """Look again for contacts that HubSpot says there are, and shows none; those that it still hides stay refused."""
    looked = look_at(client, policy, [outcome.row for outcome in hidden], channel)
    shown = [item for item in looked if item.decision.action is not Action.CREATE]
    write(client, breaker, shown, channel)
    absent = {item.row.trace_id for item in looked} - {item.row.trace_id for item in shown}
    refused = [outcome for outcome in hidden if outcome.row.trace_id in absent]
    if refused:
        channel.deliver(refused)
        breaker.saw(refused)


def _write(
    client: HubSpotClient,
    breaker: Breaker,
    looked: Sequence[Looked],
    channel: Channel[list[Outcome]],
    create: _Write,
) -> None:
    """Write rows that were looked at, and deliver the outcome of each."""
    settled = [item.outcome for item in looked if not item.decision.properties]
    if settled:
        channel.deliver(settled)
    creates = [item.row for item in looked if item.decision.action is Action.CREATE]
    updates = [
        replace(item.row, record=item.record, changes=item.decision.properties)
        for item in looked
        if item.decision.action is Action.UPDATE
    ]
    _send(client, breaker, create, creates, channel)
    _send(client, breaker, _UPDATE, updates, channel)


def _send(
    client: HubSpotClient, breaker: Breaker, write: _Write, rows: Sequence[Outgoing], channel: Channel[list[Outcome]]
) -> set[str]:
    """Make one kind of call for rows, and return the trace ids of those that have to be looked at.

    A batch that HubSpot refuses as a whole is halved until the rows to blame stand alone, so that the others get
    through: about 2 log2(n) more calls for one bad row among n. So are the rows that a partial answer leaves open.
    """
    parts = [rows] if rows else []
    there: set[str] = set()
    while parts:
        part = parts.pop()
        answer = client.request(
            write.endpoint, body=write.inputs(part), stop=channel.stop, on_departure=channel.departed
        )
        decision = verdict(answer)
        if answer.status == HTTPStatus.CONFLICT and write.look:
            there |= {row.trace_id for row in part}
        elif decision is Verdict.SPLIT and len(part) > 1:
            _raise_if_all_to_blame([problem_of(answer)])
            parts += _halves(part)
        elif decision is Verdict.DONE or (decision is Verdict.SPLIT and refuses_a_row(answer)):
            done = decision is Verdict.DONE
            outcomes = match(part, answer, creating=write.creates) if done else all_rejected(part, answer)
            known = {outcome.row.trace_id for outcome in outcomes}
            parts += _halves([row for row in part if row.trace_id not in known])
            met = [outcome for outcome in outcomes if _has_changed(outcome)]
            outcomes = [outcome for outcome in outcomes if not _has_changed(outcome)]
            if write.look:
                there |= {outcome.row.trace_id for outcome in met}
            elif write.hidden is not None:
                write.hidden.extend(met)
            else:
                outcomes += [replace(outcome, kind=Kind.FAILED) for outcome in met]
            channel.deliver(outcomes)
            _raise_if_all_to_blame([outcome.problem for outcome in outcomes if outcome.problem])
            breaker.saw(outcomes)
        else:
            channel.deliver(all_failed(part, answer))
            _raise_if_all_to_blame([problem_of(answer)])
            breaker.failed(answer.status, unsuccessful(answer, write.endpoint))
    return there


def _has_changed(outcome: Outcome) -> bool:
    """Return whether a row was refused because HubSpot has, or lacks, its contact against what was thought."""
    return outcome.problem is not None and outcome.problem.category in _CHANGED_MEANWHILE


def _halves(rows: Sequence[Outgoing]) -> list[Sequence[Outgoing]]:
    """Return a part's halves, the later one first; none of them is empty."""
    middle = len(rows) // 2
    return [half for half in (rows[middle:], rows[:middle]) if half]


def _raise_if_all_to_blame(problems: Sequence[Problem]) -> None:
    """Stop where neither halving nor going on can help: every row has the same properties."""
    lacking = next(filter(lacks_a_property, problems), None)
    if lacking is not None:
        raise PipelineError(
            ErrorCode.HUBSPOT_PROPERTY_ERROR, f"HubSpot can't hold a property that every contact has: {lacking.message}"
        )
