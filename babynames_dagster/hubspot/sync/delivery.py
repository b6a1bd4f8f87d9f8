"""Sending one batch, until each of its rows has an outcome.

What belongs here: writing as the policy allows, and halving what HubSpot refuses as a whole. What does not: retries
of single calls (`client.py`), and the ledger.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.answers import Answer, Verdict, problem_of, refuses_a_row, verdict
from babynames_dagster.hubspot.api.client import HubSpotClient, unsuccessful
from babynames_dagster.hubspot.api.endpoints import CREATE, UPDATE, UPSERT, Endpoint
from babynames_dagster.hubspot.sync.brake import Brake
from babynames_dagster.hubspot.sync.looking import Looked, look_at
from babynames_dagster.hubspot.sync.outcomes import (
    NOT_MENTIONED,
    Kind,
    Outcome,
    Outgoing,
    all_failed,
    all_rejected,
    create_inputs,
    match,
    update_inputs,
    upsert_inputs,
)
from babynames_dagster.hubspot.sync.policy import Action, WritePolicy
from babynames_dagster.hubspot.sync.pump import Desk

_CHANGED_MEANWHILE = frozenset({"CONFLICT", "OBJECT_NOT_FOUND"})
"""Categories that refuse a write which rests on a look: somebody made or removed the contact since."""


@dataclass(frozen=True)
class _Write:
    endpoint: Endpoint
    inputs: Callable[[Sequence[Outgoing]], dict[str, Any]]
    creates: bool = False
    rests_on_a_look: bool = True


_UPSERT = _Write(UPSERT, upsert_inputs, rests_on_a_look=False)
_CREATE = _Write(CREATE, create_inputs, creates=True)
_UPDATE = _Write(UPDATE, update_inputs)


def deliver(
    client: HubSpotClient, brake: Brake, policy: WritePolicy, rows: Sequence[Outgoing], desk: Desk[list[Outcome]]
) -> None:
    """Write rows as the policy allows, and deliver the outcome of each as its answer arrives.

    Raises:
        PipelineError: What `HubSpotClient.request` raises; HUBSPOT_PROPERTY_ERROR where no row can get through;
            HUBSPOT_ERROR where the brake finds that none does.
    """
    if not policy.looks_first:
        _send(client, brake, _UPSERT, rows, desk)
        return
    write(client, brake, look_at(client, policy, rows, desk), desk)


def write(client: HubSpotClient, brake: Brake, looked: Sequence[Looked], desk: Desk[list[Outcome]]) -> None:
    """Write what was decided of rows that were looked at, and deliver the outcome of each.

    Raises:
        PipelineError: As `deliver`.
    """
    settled = [item.outcome for item in looked if not item.decision.properties]
    if settled:
        desk.deliver(settled)
    creates = [item.row for item in looked if item.decision.action is Action.CREATE]
    updates = [
        replace(item.row, record=item.record, changes=item.decision.properties)
        for item in looked
        if item.decision.action is Action.UPDATE
    ]
    _send(client, brake, _CREATE, creates, desk)
    _send(client, brake, _UPDATE, updates, desk)


def _send(
    client: HubSpotClient, brake: Brake, write: _Write, rows: Sequence[Outgoing], desk: Desk[list[Outcome]]
) -> None:
    """Make one kind of call for rows.

    A batch that HubSpot refuses as a whole is halved until the rows to blame stand alone, so that the others get
    through: about 2 log2(n) more calls for one bad row among n. So are the rows that a partial answer leaves open.
    """
    parts = [rows] if rows else []
    raced: set[int] = set()
    while parts:
        part = parts.pop()
        answer = client.request(write.endpoint, body=write.inputs(part), stop=desk.stop, on_departure=desk.departed)
        decision = verdict(answer)
        if decision is Verdict.SPLIT and len(part) > 1:
            _raise_if_all_to_blame(answer)
            parts += _halves(part)
        elif _may_be_a_race(answer, write) and part[0].name_id not in raced:
            raced.add(part[0].name_id)
            parts.append(part)
        elif decision is Verdict.DONE:
            outcomes = match(part, answer, creating=write.creates)
            _hand_over(client, write, outcomes, desk)
            brake.saw(outcomes)
            known = {outcome.row.name_id for outcome in outcomes}
            parts += _halves([row for row in part if row.name_id not in known])
        elif decision is Verdict.SPLIT and refuses_a_row(answer):
            outcomes = all_rejected(part, answer)
            _hand_over(client, write, outcomes, desk)
            brake.saw(outcomes)
        else:
            desk.deliver(all_failed(part, answer))
            brake.failed(answer.status, unsuccessful(answer, write.endpoint))


def _hand_over(client: HubSpotClient, write: _Write, outcomes: Sequence[Outcome], desk: Desk[list[Outcome]]) -> None:
    """Deliver outcomes, once those contacts are whole that were made without the initial values."""
    if write.rests_on_a_look:
        outcomes = [_looked_too_early(outcome) for outcome in outcomes]
    bare = [outcome for outcome in outcomes if outcome.made and outcome.row.withheld]
    desk.deliver([outcome for outcome in outcomes if outcome not in bare])
    if bare:
        answer = client.request(UPSERT, body=upsert_inputs([outcome.row.whole for outcome in bare]), stop=desk.stop)
        desk.deliver(_completed(bare, answer))


def _completed(bare: Sequence[Outcome], answer: Answer) -> list[Outcome]:
    """Return the outcomes of contacts that were made bare, by the answer to sending them whole.

    The ledger believed that HubSpot had them, and a person has removed them there since.
    """
    done = verdict(answer) is Verdict.DONE
    rows = [outcome.row.whole for outcome in bare]
    second = {outcome.row.name_id: outcome for outcome in (match(rows, answer) if done else all_failed(rows, answer))}
    completed = []
    for first in bare:
        then = second.get(first.row.name_id)
        if then is not None and then.kind is Kind.UPDATED:
            completed.append(replace(first, row=first.row.whole))
        else:
            problem = then.problem if then is not None else NOT_MENTIONED
            completed.append(replace(first, kind=Kind.FAILED, problem=problem))
    return completed


def _looked_too_early(outcome: Outcome) -> Outcome:
    """Return as failed what was refused because HubSpot has changed since the look: the next run looks again."""
    stale = outcome.problem is not None and outcome.problem.category in _CHANGED_MEANWHILE
    return replace(outcome, kind=Kind.FAILED) if stale else outcome


def _may_be_a_race(answer: Answer, write: _Write) -> bool:
    """Return whether two writers may have made a contact at once: the second one finds it when it tries again."""
    return answer.status == HTTPStatus.CONFLICT and not write.rests_on_a_look


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
