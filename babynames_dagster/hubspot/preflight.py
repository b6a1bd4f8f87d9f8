"""Before the first write: whether the account answers, and can take what the mapping makes.

What belongs here: comparing the mapping with the account's property definitions. What does not: writing.
"""

import re
import threading
from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import Engine

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.answers import objects_in
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import PROPERTIES, READ
from babynames_dagster.hubspot.api.failures import unsuccessful
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.api.records import look
from babynames_dagster.hubspot.api.verdicts import Verdict, verdict
from babynames_dagster.hubspot.mapping import ContactMapping
from babynames_dagster.settings import AccountSettings

_LONGEST_TEXT = 65_536
_FORMS = {
    "number": (re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?"), "number, such as 12.5"),
    "date": (re.compile(r"\d{4}-\d\d-\d\d|-?\d{9,14}"), "date, such as 2026-01-31"),
    "datetime": (
        re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d))?|-?\d{9,14}"),
        "moment, such as 2026-01-31T12:00:00Z",
    ),
    "bool": (re.compile("true|false"), "true or false"),
}
"""How values of each type are written. Source: HubSpot's documentation of the properties API, "Property type and
fieldType values"; dates may be milliseconds since 1970 as well."""


def check_account(settings: AccountSettings, engine: Engine, mapping: ContactMapping, *, email: str) -> str:
    """Try every kind of call that a sync makes and that writes nothing, and say in one line what answered.

    Args:
        settings: HUBSPOT_*.
        engine: The database that the limiter is kept in.
        mapping: How rows become contacts.
        email: An email to read, whether or not there is such a contact.

    Raises:
        PipelineError: MISSING_CONFIG; HUBSPOT_AUTH_ERROR, HUBSPOT_MISSING_SCOPES,
            HUBSPOT_PROPERTY_ERROR and whatever else keeps a sync from beginning; any DB_* code.
    """
    with open_client(settings, engine) as client:
        preflight(client, mapping)
        answer = look(client, [email], by_email=True).answer
        if verdict(answer) is not Verdict.DONE:
            raise unsuccessful(answer, READ)
        limit, left = client.limiter.limit, client.limiter.daily_remaining
        day = "" if left is None else f", {left:,} calls left today"
        return (
            f"portal {client.portal_id}, {limit.calls} calls per {limit.window:g} s{day}; "
            "contacts are readable, and the properties fit"
        )


def preflight(client: HubSpotClient, mapping: ContactMapping, *, stop: threading.Event | None = None) -> None:
    """Make sure that every property we send exists and is writable, and that our constants are among its options.

    Raises:
        PipelineError: HUBSPOT_PROPERTY_ERROR with every mismatch at once; HUBSPOT_ERROR where the answer is not whole;
            else as `HubSpotClient.expect`.
    """
    definitions = {str(item.get("name")): item for item in client.expect(PROPERTIES, stop=stop).objects("results")}
    if "email" not in definitions:
        raise PipelineError(
            ErrorCode.HUBSPOT_ERROR,
            f"{PROPERTIES} does not name the property email, which every account has: it is no whole answer.",
            remedy="Run again; if it stays, look at the proxy on the way, and at HUBSPOT_BASE_URL.",
        )
    mistakes = mismatches(mapping, definitions)
    if mistakes:
        raise PipelineError(
            ErrorCode.HUBSPOT_PROPERTY_ERROR,
            f"Portal {client.portal_id} can't take the contacts as they are mapped:\n    " + "\n    ".join(mistakes),
            remedy=mapping.remedy,
        )


def mismatches(mapping: ContactMapping, definitions: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what keeps an account from taking the mapping's contacts, one sentence each.

    Args:
        mapping: How rows become contacts.
        definitions: The account's contact properties by name; each of their fields may be absent.
    """
    constants = mapping.constants
    found = []
    for name in mapping.property_names:
        definition = definitions.get(name)
        if definition is None:
            found.append(f"the property {name} does not exist")
            continue
        rights = definition.get("modificationMetadata")
        if isinstance(rights, dict) and rights.get("readOnlyValue") is True:
            found.append(f"the property {name} can't be written")
        value = constants.get(name)
        if value is None:
            continue
        if definition.get("hasUniqueValue") is True:
            found.append(f"the property {name} must be unique, and every contact would have {value!r}")
        problem = _problem(value, definition)
        if problem:
            found.append(f"{name}={value!r} {problem}")
    return found


def _problem(value: str, definition: Mapping[str, Any]) -> str | None:
    """Return why a property can't hold a value; None where it can, as far as its definition says."""
    kind = definition.get("type", "enumeration")
    options = _options(definition) if kind in {"enumeration", "bool"} else {}
    if options:
        several = definition.get("fieldType") == "checkbox"
        wanted = [item for item in value.split(";") if item] if several else [value]
        if all(item in options for item in wanted):
            return None
        shown = (key if label in {"", key} else f"{key} ({label})" for key, label in options.items())
        return f"is none of its options: {', '.join(shown)}"
    if len(value) > _LONGEST_TEXT:
        return f"has more than {_LONGEST_TEXT:,} characters"
    fits, meant = _FORMS.get(str(kind), (None, ""))
    return None if fits is None or fits.fullmatch(value) else f"is no {meant}"


def _options(definition: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels of the values that a property takes, hidden ones included; empty where none are given."""
    return {
        str(option["value"]): str(option.get("label") or "")
        for option in objects_in(definition.get("options"))
        if "value" in option
    }
