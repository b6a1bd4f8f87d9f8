"""Comparing a contact with what we would send."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


def shown(value: str | None) -> str:
    """Return a property's value for people; quoted where it could not be read as it is."""
    if not value:
        return "(empty)"
    return value if value.isprintable() and value == value.strip() else repr(value)


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
