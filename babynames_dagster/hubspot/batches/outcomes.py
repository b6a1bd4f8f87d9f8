"""What became of each row of a batch: matching an answer's results and errors with what was sent.

What belongs here: the outcome of a row, and the matching as pure functions. What does not: sending.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from babynames_dagster.database.ledger.states import Finding
from babynames_dagster.hubspot.api.answers import Answer, Problem, problem_of
from babynames_dagster.hubspot.api.records import Record
from babynames_dagster.hubspot.api.verdicts import is_about_the_account
from babynames_dagster.hubspot.batches.ownership import Obstacle, obstacle
from babynames_dagster.hubspot.mapping import digest

_MAY_PASS = frozenset({"INTERNAL_ERROR", "RATE_LIMITS", "RATE_LIMIT", "TIMEOUT", "SERVICE_UNAVAILABLE", "LOCKED"})
"""Categories of a row's error that say nothing against the row itself."""

_RECORD_ID_DIGITS = 20
_IS_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,64}")

NOT_MENTIONED = Problem("MISSING_FROM_ANSWER", "HubSpot's answer does not mention the row")
"""Why a row failed of which a good answer says nothing."""


class Kind(Enum):
    """What became of one row; `unchanged`, `kept` and `archived` rows are not written."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    REJECTED = "rejected"
    FAILED = "failed"
    ARCHIVED = "archived"


@dataclass(frozen=True)
class Outgoing:
    """One row on its way to HubSpot.

    Attributes:
        key: What the row is known by in its source.
        partition: Its partition.
        payload: The contact's properties that are sent.
        fingerprint: The payload's fingerprint.
        initial: Fingerprint of its initial values.
        withheld: Initial values that are not sent, because the contact was given some before.
        offered: Names of initial values that a contact which is there gets only where it has none.
        record: The record id of the contact: as the ledger knows it under this email, then as HubSpot showed it.
        changes: What an update of that record writes.
    """

    key: str
    partition: str
    payload: Mapping[str, str]
    fingerprint: str
    initial: str = ""
    withheld: Mapping[str, str] = field(default_factory=dict)
    record: str | None = None
    changes: Mapping[str, str] = field(default_factory=dict)
    offered: frozenset[str] = frozenset()

    @property
    def whole(self) -> "Outgoing":
        """The row with every property that a new contact has."""
        return replace(self, payload={**self.payload, **self.withheld}, withheld={}) if self.withheld else self

    def for_contact(self, theirs: Mapping[str, Any]) -> Mapping[str, str]:
        """Return what a contact that is there is to hold, given the values that it has."""
        return {name: value for name, value in self.payload.items() if name not in self.offered or not theirs.get(name)}

    @property
    def trace_id(self) -> str:
        """What identifies this row in an answer."""
        return f"row-{self.key if _IS_PLAIN.fullmatch(self.key) else digest(self.key)}"

    @property
    def email(self) -> str:
        """The contact's email."""
        return self.payload["email"]


@dataclass(frozen=True)
class Outcome:
    """What became of one row: acknowledged (created or updated), rejected, or failed.

    Attributes:
        row: The row.
        kind: What became of it.
        hubspot_id: The contact's record id, where HubSpot gave it.
        problem: Why it was rejected, failed, or left alone as somebody's.
        made: Whether a request of this run made the contact.
        same: Whether HubSpot has the same values already; known where it was looked at.
        finding: What a contact that the ledger knows was found to be, where it is somebody's by now.
    """

    row: Outgoing
    kind: Kind
    hubspot_id: str | None = None
    problem: Problem | None = None
    made: bool = False
    same: bool = False
    finding: Finding | None = None


def left_alone(row: Outgoing, why: Obstacle) -> Outcome:
    """Return the outcome of a row whose contact is somebody's; a finding is about a contact that the ledger knows."""
    return Outcome(row, Kind.KEPT, problem=why.problem, finding=why.finding if row.record else None)


def create_inputs(rows: Sequence[Outgoing]) -> dict[str, Any]:
    """Return the body of a batch that makes contacts."""
    return _inputs({**_traced(row), "properties": row.payload} for row in rows)


def update_inputs(rows: Sequence[Outgoing]) -> dict[str, Any]:
    """Return the body of a batch that writes each row's changes to the record that it has."""
    return _inputs({"id": row.record, **_traced(row), "properties": row.changes} for row in rows)


def _inputs(inputs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"inputs": list(inputs)}


def _traced(row: Outgoing) -> dict[str, str]:
    return {"objectWriteTraceId": row.trace_id}


def all_failed(rows: Sequence[Outgoing], answer: Answer) -> list[Outcome]:
    """Return the outcome of rows whose request did not succeed."""
    problem = problem_of(answer)
    return [Outcome(row, Kind.FAILED, problem=problem) for row in rows]


def all_rejected(rows: Sequence[Outgoing], answer: Answer) -> list[Outcome]:
    """Return the outcome of rows that HubSpot refused for what they are."""
    problem = problem_of(answer)
    return [Outcome(row, Kind.REJECTED, problem=problem) for row in rows]


def match(rows: Sequence[Outgoing], answer: Answer, *, creating: bool = False) -> list[Outcome]:
    """Return the rows' outcomes from an answer to a write.

    Results come in any order and are matched by trace id, else by email. An error speaks for the rows that it
    names, also where a result does. A row that neither names has not been acknowledged: it failed, unless an
    error that names no row may be about it. Then it is rejected where it was sent alone, and otherwise has no
    outcome yet: it has to be sent again with fewer others.

    Args:
        rows: What was sent.
        answer: A 2xx answer with a JSON body.
        creating: Whether the call makes contacts. An update's result has to be about the very record and email that it
            was sent for: what was merged after the look is somebody's, and is reported as such.
    """
    by_key = {key: row for row in rows for key in (row.trace_id, row.email)}
    outcomes: dict[str, Outcome] = {}
    for result in answer.objects("results"):
        row = by_key.get(_key_of(result))
        if row is not None:
            outcomes[row.key] = _acknowledged(row, result, creating=creating)
    anonymous: list[tuple[Kind, Problem]] = []
    for error, problem in zip(answer.objects("errors"), problems(answer), strict=True):
        named = [by_key[key] for key in _named(error) if key in by_key]
        may_pass = problem.category in _MAY_PASS or is_about_the_account(problem)
        kind = Kind.FAILED if may_pass else Kind.REJECTED
        outcomes.update((row.key, Outcome(row, kind, problem=problem)) for row in named)
        if not named:
            anonymous.append((kind, problem))
    kind, problem = min(anonymous, key=lambda found: found[0] is Kind.FAILED, default=(Kind.FAILED, NOT_MENTIONED))
    if kind is Kind.FAILED or len(rows) == 1:
        outcomes = {row.key: Outcome(row, kind, problem=problem) for row in rows} | outcomes
    return [outcomes[row.key] for row in rows if row.key in outcomes]


def _acknowledged(row: Outgoing, result: dict[str, Any], *, creating: bool) -> Outcome:
    record_id = _record_id(result)
    if creating:
        return Outcome(row, Kind.CREATED, hubspot_id=record_id, made=True)
    answered = Record(record_id or row.record or "", _email_of(result) or row.email)
    found = obstacle(row.email, answered, row.record)
    if found is None:
        return Outcome(row, Kind.UPDATED, hubspot_id=record_id)
    return left_alone(row, replace(found, why=f"{found.why}, since the look right before it was written to"))


def _key_of(result: dict[str, Any]) -> str:
    return str(result.get("objectWriteTraceId") or _email_of(result))


def _email_of(result: dict[str, Any]) -> str:
    properties = result.get("properties")
    email = properties.get("email") if isinstance(properties, dict) else None
    return str(email or "").lower()


def _record_id(result: dict[str, Any]) -> str | None:
    """Return a result's record id; None for what can't be one, which the acknowledgement doesn't depend on."""
    record = str(result.get("id"))
    return record if record.isascii() and record.isdigit() and len(record) <= _RECORD_ID_DIGITS else None


def _named(error: dict[str, Any]) -> list[str]:
    context = error.get("context")
    if not isinstance(context, dict):
        return []
    keys = context.get("objectWriteTraceId") or context.get("ids") or []
    return [str(key) for key in (keys if isinstance(keys, list) else [keys])]


def problems(answer: Answer) -> Iterator[Problem]:
    """Yield what a partial answer says of the rows that it refuses."""
    yield from (_problem(error, answer) for error in answer.objects("errors"))


def _problem(error: dict[str, Any], answer: Answer) -> Problem:
    whole = problem_of(answer)
    correlation_id = error.get("correlationId") or whole.correlation_id
    return Problem(
        str(error.get("category") or "UNKNOWN"),
        str(error.get("message") or "no reason given"),
        str(correlation_id) if correlation_id else None,
        str(error.get("subCategory") or ""),
    )
