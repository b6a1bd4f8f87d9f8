"""The stand-in's calls for one contact: the pipeline makes none, other tools that are measured beside it do."""

from collections.abc import Mapping
from typing import Any

from starlette.routing import Route

from babynames_dagster.sandbox.hubspot import batches
from babynames_dagster.sandbox.hubspot.account import Account
from babynames_dagster.sandbox.hubspot.api import CONTACTS, WRITE, routes_of
from babynames_dagster.sandbox.hubspot.batches import Reply
from babynames_dagster.sandbox.hubspot.errors import error_body


def single_routes(account: Account) -> list[Route]:
    """Return the routes of the calls."""
    return [
        *routes_of(account, "POST", CONTACTS, WRITE, _create),
        *routes_of(account, "PATCH", tuple(f"{path}/{{contact_id}}" for path in CONTACTS), WRITE, _update),
    ]


def _create(account: Account, body: Mapping[str, Any], correlation_id: str) -> Reply:
    """Make one contact: 201, 400, or 409 where there is one with its email."""
    return _only(batches.create(account, {"inputs": [{"properties": body.get("properties")}]}, correlation_id))


def _update(account: Account, body: Mapping[str, Any], correlation_id: str) -> Reply:
    """Write properties of one contact, by record id, or by email with `idProperty=email`: 200, 400, 404 or 409."""
    contact_id = str(body["contact_id"])
    if body.get("idProperty") == "email":
        found = account.store.find(contact_id)
        if found is None:
            return 404, error_body("resource not found", "OBJECT_NOT_FOUND", correlation_id)
        contact_id = str(found.contact_id)
    item = {"id": contact_id, "properties": body.get("properties")}
    return _only(batches.update(account, {"inputs": [item]}, correlation_id))


def _only(reply: Reply) -> Reply:
    status, answer = reply
    return status, answer["results"][0] if answer is not None and "results" in answer else answer
