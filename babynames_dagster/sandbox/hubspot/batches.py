"""The stand-in's batch endpoints: what a batch of inputs makes of the contacts, and what the answer says.

What belongs here: the batch calls, from body to body. What does not: auth, limits, faults, HTTP.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from babynames_dagster.sandbox.hubspot.account import Account
from babynames_dagster.sandbox.hubspot.errors import error_body
from babynames_dagster.sandbox.hubspot.rules import refusal, rewritten
from babynames_dagster.sandbox.hubspot.state import Contact, timestamp

MOST_INPUTS = 100
_STATUSES = {"CONFLICT": 409, "OBJECT_NOT_FOUND": 404}
Reply = tuple[int, dict[str, Any] | None]
_Input = Mapping[str, Any]


def upsert(account: Account, body: Mapping[str, Any], correlation_id: str) -> Reply:
    """Write contacts by email: 200, 207 where rows with trace ids are bad, 400 where they have none."""

    def problem(item: _Input) -> tuple[str, str] | None:
        message = refusal({"email": item.get("id"), **_properties(item)}, account.properties)
        return None if message is None else ("VALIDATION_ERROR", message)

    inputs = body.get("inputs")
    if isinstance(inputs, list) and any(
        isinstance(item, dict) and item.get("idProperty") != "email" for item in inputs
    ):
        message = "idProperty must name a property with unique values; contacts have email."
        return 400, error_body(message, "VALIDATION_ERROR", correlation_id)

    def write(good: Sequence[_Input]) -> list[Contact]:
        return account.store.upsert([(_id(item), _rewritten(account, item)) for item in good])

    return _write(account, body, correlation_id, problem, write, key=_id, with_new=True)


def create(account: Account, body: Mapping[str, Any], correlation_id: str) -> Reply:
    """Make contacts: 201, 207 where rows with trace ids are bad; 400 or 409 where they have none."""

    def problem(item: _Input) -> tuple[str, str] | None:
        message = refusal(_properties(item), account.properties)
        if message is not None:
            return "VALIDATION_ERROR", message
        found = account.store.find(str(_properties(item).get("email", "")))
        return None if found is None else ("CONFLICT", f"Contact already exists. Existing ID: {found.contact_id}")

    def write(good: Sequence[_Input]) -> list[Contact]:
        return account.store.upsert([(_email(item), _rewritten(account, item)) for item in good])

    return _write(account, body, correlation_id, problem, write, key=_email, ok=201)


def update(account: Account, body: Mapping[str, Any], correlation_id: str) -> Reply:
    """Write properties of contacts by record id: 200, 207 where rows with trace ids are bad; 400, 404 or 409 else."""

    def problem(item: _Input) -> tuple[str, str] | None:
        message = refusal(_properties(item), account.properties)
        if message is not None:
            return "VALIDATION_ERROR", message
        contact = _by_record_id(account, item)
        if contact is None or contact.archived:
            return "OBJECT_NOT_FOUND", f"No contact has the id {_id(item)}"
        owner = account.store.find(_email(item)) if "email" in _properties(item) else None
        if owner is not None and owner.contact_id != contact.contact_id:
            return "CONFLICT", f"Contact already exists. Existing ID: {owner.contact_id}"
        return None

    def write(good: Sequence[_Input]) -> list[Contact]:
        return account.store.update([(int(_id(item)), _rewritten(account, item)) for item in good])

    return _write(account, body, correlation_id, problem, write, key=_id)


def read(account: Account, body: Mapping[str, Any], correlation_id: str) -> Reply:
    """Find contacts by email or record id: 200, or 207 naming those that there are not.

    With `archived=true` in the query, only archived ones are there, by record id; without, only the others.
    """
    refused = _refused_as_a_whole(body, correlation_id, key=_id)
    if refused is not None:
        return refused
    by_email = body.get("idProperty") == "email"
    wanted = [name for name in body.get("properties", []) if isinstance(name, str)]
    found: list[dict[str, Any]] = []
    missing: list[str] = []
    for item in body.get("inputs", []):
        contact = account.store.find(_id(item)) if by_email else _by_record_id(account, item)
        if contact is None or contact.archived != (body.get("archived") == "true"):
            missing.append(_id(item))
        else:
            found.append(contact.as_json([*wanted, "createdate", "lastmodifieddate"]))
    account.chance.shuffle(found)
    errors = []
    if missing:
        message = "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid."
        errors = [{"status": "error", "category": "OBJECT_NOT_FOUND", "message": message, "context": {"ids": missing}}]
    return (207 if errors else 200), _answer(found, errors)


def archive(account: Account, body: Mapping[str, Any], correlation_id: str) -> Reply:
    """Archive contacts by record id: 204 without a body, whether or not they were there."""
    refused = _refused_as_a_whole(body, correlation_id, key=_id)
    if refused is not None:
        return refused
    contacts = [_by_record_id(account, item) for item in body.get("inputs", [])]
    account.store.archive(contact.contact_id for contact in contacts if contact is not None)
    return 204, None


def _write(  # noqa: PLR0913 - the writes differ in these
    account: Account,
    body: Mapping[str, Any],
    correlation_id: str,
    problem: Callable[[_Input], tuple[str, str] | None],
    write: Callable[[Sequence[_Input]], list[Contact]],
    *,
    key: Callable[[_Input], str],
    ok: int = 200,
    with_new: bool = False,
) -> Reply:
    refused = _refused_as_a_whole(body, correlation_id, key=key)
    if refused is not None:
        return refused
    inputs: Sequence[_Input] = body.get("inputs", [])
    traces = [item.get("objectWriteTraceId") for item in inputs]
    traced = all(traces) and len(set(traces)) == len(traces)
    problems = [problem(item) for item in inputs]
    bad = [(item, found) for item, found in zip(inputs, problems, strict=True) if found is not None]
    if bad and not traced:
        category, message = bad[0][1]
        return _STATUSES.get(category, 400), error_body(message, category, correlation_id)
    good = [item for item, found in zip(inputs, problems, strict=True) if found is None]
    results = [_result(contact, item, with_new=with_new) for contact, item in zip(write(good), good, strict=True)]
    account.chance.shuffle(results)
    errors = [
        {
            "status": "error",
            "category": category,
            "message": message,
            "context": {"objectWriteTraceId": [item["objectWriteTraceId"]]},
        }
        for item, (category, message) in bad
    ]
    return (207 if errors else ok), _answer(results, errors)


def _refused_as_a_whole(body: Mapping[str, Any], correlation_id: str, *, key: Callable[[_Input], str]) -> Reply | None:
    inputs = body.get("inputs", [])
    if not isinstance(inputs, list) or not all(isinstance(item, dict) for item in inputs):
        return 400, error_body("Invalid input JSON: inputs must be a list.", "VALIDATION_ERROR", correlation_id)
    if len(inputs) > MOST_INPUTS:
        message = (
            f"The maximum number of inputs supported in a batch is {MOST_INPUTS}. "
            f"The request contained {len(inputs)} inputs."
        )
        return 400, error_body(message, "VALIDATION_ERROR", correlation_id)
    counted = Counter(key(item).lower() for item in inputs)
    twice = [value for value, count in counted.items() if count > 1]
    if twice:
        message = f"Duplicate IDs found in batch input: {twice}. IDs must be unique"
        return 400, error_body(message, "VALIDATION_ERROR", correlation_id, context={"ids": twice})
    return None


def _answer(results: list[dict[str, Any]], errors: list[dict[str, Any]]) -> dict[str, Any]:
    now = timestamp()
    answer = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    return {**answer, "numErrors": len(errors), "errors": errors} if errors else answer


def _result(contact: Contact, item: _Input, *, with_new: bool) -> dict[str, Any]:
    result = contact.as_json(["email"])
    if with_new:
        result["new"] = contact.new
    if item.get("objectWriteTraceId"):
        result["objectWriteTraceId"] = item["objectWriteTraceId"]
    return result


def _id(item: _Input) -> str:
    return str(item.get("id", ""))


def _email(item: _Input) -> str:
    return str(_properties(item).get("email", ""))


def _properties(item: _Input) -> dict[str, Any]:
    properties = item.get("properties")
    return properties if isinstance(properties, dict) else {}


def _rewritten(account: Account, item: _Input) -> dict[str, Any]:
    return rewritten(_properties(item), account.rewrites)


def _by_record_id(account: Account, item: _Input) -> Contact | None:
    return account.store.get(int(_id(item))) if _id(item).isdecimal() else None
