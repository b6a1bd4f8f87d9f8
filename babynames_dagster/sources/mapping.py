"""From a row of a table to a contact.

What belongs here: the mapping of columns to properties, as one frozen value. What does not: reading rows.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

from babynames_dagster.database.ledger.rows import Unfit
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.email_rules import is_valid_email
from babynames_dagster.hubspot.mapping import ContactMapping, digest

_EMAIL = "email"
LONGEST_TEXT = 65_536
"""Characters of a property. Source: HubSpot's documentation of the properties API."""

_REMEDY = "Create the property or option in HubSpot, or change `columns`, `constants` or `initial` of the asset."


@dataclass(frozen=True)
class TableMapping:
    """How a row becomes a contact.

    Attributes:
        email_column: The column with the contact's email.
        columns: The property that each other column becomes.
        constants: Properties that are the same for every contact.
        initial: Names of the properties that a contact is given once, and that are its users' own from then on.
        contacts: What the sync has to know of it.
    """

    email_column: str
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    initial: frozenset[str] = frozenset()
    contacts: ContactMapping = field(init=False)

    def __post_init__(self) -> None:
        """Check the configuration.

        Raises:
            PipelineError: SOURCE_INVALID where a property has two values, or an initial one has none.
        """
        given = [*self.columns.values(), *self.constants]
        twice = sorted({name for name in (_EMAIL, *given) if (_EMAIL, *given).count(name) > 1})
        if twice:
            raise PipelineError(
                ErrorCode.SOURCE_INVALID,
                f"The mapping gives {', '.join(twice)} two values.",
                remedy="Name each property once in `columns` and `constants`; `email` is the email column's own.",
            )
        odd = sorted(self.initial - {*given})
        if odd:
            raise PipelineError(
                ErrorCode.SOURCE_INVALID,
                f"`initial` names {', '.join(odd)}, which the mapping does not send.",
                remedy="Name properties of `columns` or `constants`.",
            )
        lasting = {name: value for name, value in self.constants.items() if name not in self.initial}
        properties = (_EMAIL, *self.columns.values())
        covered = [name for name in properties if name not in self.initial]
        fingerprint = digest(json.dumps((covered, lasting), sort_keys=True))
        contacts = ContactMapping(fingerprint, properties, self.constants, self.initial, _REMEDY)
        object.__setattr__(self, "contacts", contacts)

    def payload(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return the contact's properties, initial values included; what is no text can't be sent as it is.

        A value that is NULL is sent as an empty one, by which HubSpot clears the property.

        Raises:
            ValueError: A value is no text, number, truth value or moment.
        """
        return {
            _EMAIL: _as_email(row[self.email_column]),
            **{name: _as_value(row[column], column) for column, name in self.columns.items()},
            **self.constants,
        }

    @staticmethod
    def unfit(payload: Mapping[str, str]) -> Unfit | None:
        """Return why a payload is none that HubSpot takes, as far as is known without asking; None if it is."""
        email = payload[_EMAIL]
        if not email:
            return Unfit("NO_EMAIL", "the row has no email")
        if not is_valid_email(email):
            return Unfit("INVALID_EMAIL", f"the email {email[:200]!r} is invalid")
        long = [name for name, value in payload.items() if len(value) > LONGEST_TEXT]
        return Unfit("VALUE_TOO_LONG", f"{long[0]} has more than {LONGEST_TEXT:,} characters") if long else None


def _as_email(value: object) -> str:
    """Return an email as HubSpot keeps it, in lower case; one with letters that it refuses stays as it is.

    Python makes a plain `k` of the sign of the kelvin, and databases don't.
    """
    email = "" if value is None else str(value).strip(" ")
    return email.lower() if email.isascii() else email


def _as_value(value: object, column: str) -> str:
    try:
        return as_text(value)
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from None


def as_text(value: object) -> str:  # noqa: PLR0911 - one for each type
    """Return a value as HubSpot takes it. A moment without a zone is in UTC.

    Raises:
        ValueError: It is of no type that a property can hold.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (float, Decimal)):
        return _plain(value)
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)
        return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    raise ValueError(f"a value is {type(value).__name__}, which is no text, number, truth value or moment")


def _encodable(text: str) -> str:
    try:
        text.isascii() or text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text is no valid UTF-8") from None
    return text


def _plain(number: float | Decimal) -> str:
    """Return a number without an exponent."""
    if not math.isfinite(number):
        raise ValueError(f"a number is {number}")
    return str(number) if isinstance(number, float) and "e" not in str(number) else format(Decimal(str(number)), "f")
