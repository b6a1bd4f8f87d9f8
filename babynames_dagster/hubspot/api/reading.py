"""Reading contacts back by email, and comparing them with what we would send.

What belongs here: batch read, and the comparison of properties. What does not: what is done about differences.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babynames_dagster.hubspot.api.answers import Answer
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import READ

_OTHER_EMAILS = "hs_additional_emails"
_NOT_FOUND = "OBJECT_NOT_FOUND"
_MOVES_FORWARD_ONLY = "lifecyclestage"


@dataclass(frozen=True)
class Difference:
    """A property of a contact that is not what we sent.

    Attributes:
        email: The contact.
        property: The property's name.
        ours: What we would send.
        theirs: What HubSpot has; None where it has nothing.
    """

    email: str
    property: str
    ours: str
    theirs: str | None


def read_contacts(
    client: HubSpotClient,
    emails: Sequence[str],
    properties: Sequence[str],
    *,
    stop: threading.Event | None = None,
    on_departure: Callable[[], None] = lambda: None,
) -> Answer:
    """Ask for contacts by email, at most 100.

    Args:
        client: The account.
        emails: Primary or secondary emails.
        properties: Names of the properties to read.
        stop: Ends waiting when set.
        on_departure: Called each time that the call has got its slot.

    Raises:
        PipelineError: As `HubSpotClient.request`.
    """
    body = {
        "idProperty": "email",
        "properties": [*properties, _OTHER_EMAILS],
        "inputs": [{"id": email} for email in emails],
    }
    return client.request(READ, body=body, stop=stop, on_departure=on_departure)


def contacts_by_email(answer: Answer) -> dict[str, Mapping[str, Any]]:
    """Return the properties of the contacts in an answer, under each of their emails."""
    return {email: properties for properties in _properties(answer) for email in _emails(properties)}


def unknown_emails(answer: Answer) -> set[str]:
    """Return the emails of which an answer says that there is no such contact."""
    errors = answer.body("errors")
    found: set[str] = set()
    for error in errors if isinstance(errors, list) else []:
        context = error.get("context") if isinstance(error, dict) else None
        ids = context.get("ids") if isinstance(context, dict) else None
        if isinstance(ids, list) and error.get("category", _NOT_FOUND) == _NOT_FOUND:
            found.update(str(email).lower() for email in ids)
    return found


def differences(payload: Mapping[str, str], theirs: Mapping[str, Any]) -> list[Difference]:
    """Return which properties of a contact are not what we would send.

    A `lifecyclestage` that HubSpot has is never a difference: it moves forward only, and keeps what is further on.
    A primary email of another name is none either: ours is among its secondary ones, by which it was found.
    """
    email = payload["email"]
    found = []
    for name, ours in payload.items():
        value = theirs.get(name)
        kept = name == "email" or (name == _MOVES_FORWARD_ONLY and value)
        if not kept and (value or "") != ours:
            found.append(Difference(email, name, ours, None if value is None else str(value)))
    return found


def _properties(answer: Answer) -> Iterator[Mapping[str, Any]]:
    results = answer.body("results")
    for result in results if isinstance(results, list) else []:
        properties = result.get("properties") if isinstance(result, dict) else None
        if isinstance(properties, dict):
            yield properties


def _emails(properties: Mapping[str, Any]) -> list[str]:
    others = str(properties.get(_OTHER_EMAILS) or "").split(";")
    return [email.lower() for email in (str(properties.get("email") or ""), *others) if email]
