"""What the stand-in for HubSpot takes as a contact: emails, properties, options, and how they are stored.

What belongs here: the service's rules, as recorded in its documentation and traffic, as pure functions. What does
not: HTTP and storage.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_COUNTRY_OR_PUNYCODE = re.compile(r"[a-z]{2}|xn--[a-z0-9-]{1,59}")
_LOCAL_OCTETS = 64
_EMAIL_OCTETS = 254

# The real service knows every top-level domain; any two letters, any punycode and the commonest others come near.
_SOME_GENERIC_TLDS = (
    "academy agency app biz blog cloud club com company dev digital edu email family gov group info int io live ltd "
    "media mil mobi museum name net news online org page pro shop site store studio team tech today tools website "
    "world xyz"
)
_GENERIC_TLDS = frozenset(_SOME_GENERIC_TLDS.split())

_LIFECYCLE_STAGES = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
_LEAD_STATUSES = (
    "NEW",
    "OPEN",
    "IN_PROGRESS",
    "OPEN_DEAL",
    "UNQUALIFIED",
    "ATTEMPTED_TO_CONTACT",
    "CONNECTED",
    "BAD_TIMING",
)
_TEXT_LIMIT = 65_536


def property_definition(name: str, *, options: tuple[str, ...] = (), read_only: bool = False) -> dict[str, Any]:
    """Return a property's definition as the properties API has it."""
    return {
        "name": name,
        "label": name,
        "type": "enumeration" if options else "string",
        "fieldType": "select" if options else "text",
        "groupName": "contactinformation",
        "options": [
            {"label": value, "value": value, "displayOrder": order, "hidden": False}
            for order, value in enumerate(options)
        ],
        "modificationMetadata": {"archivable": not read_only, "readOnlyDefinition": True, "readOnlyValue": read_only},
    }


def default_properties() -> dict[str, dict[str, Any]]:
    """Return the contact properties of a new account, as far as this project meets them."""
    definitions = [
        property_definition("email"),
        property_definition("firstname"),
        property_definition("lastname"),
        property_definition("company"),
        property_definition("phone"),
        property_definition("hs_additional_emails", read_only=True),
        property_definition("hs_merged_object_ids", read_only=True),
        property_definition("hs_object_source", read_only=True),
        property_definition("hs_object_source_label", read_only=True),
        property_definition("hs_object_id", read_only=True),
        property_definition("createdate", read_only=True),
        property_definition("hs_lead_status", options=_LEAD_STATUSES),
        property_definition("lifecyclestage", options=_LIFECYCLE_STAGES),
    ]
    return {definition["name"]: definition for definition in definitions}


def is_valid_email(email: str) -> bool:
    """Return whether the service takes an email: RFC 5322 without quoting, in a real top-level domain, no MX check."""
    local, at, domain = email.rpartition("@")
    labels = domain.split(".")
    tld = labels[-1].lower()
    return (
        bool(at)
        and email.isascii()
        and len(email) <= _EMAIL_OCTETS
        and len(local) <= _LOCAL_OCTETS
        and _LOCAL_PART.fullmatch(local) is not None
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
        and (_COUNTRY_OR_PUNYCODE.fullmatch(tld) is not None or tld in _GENERIC_TLDS)
    )


def refusal(properties: Mapping[str, Any], definitions: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the message with which the service refuses a record's properties; None where it takes them."""
    problems = [problem for name, value in properties.items() if (problem := _problem(name, value, definitions))]
    return f"Property values were not valid: {json.dumps(problems, separators=(',', ':'))}" if problems else None


def stored(properties: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    """Return what a record holds after a write: emails lower-cased, the lifecycle stage never moved back."""
    after = {**before, **properties}
    if "email" in after:
        after["email"] = after["email"].lower()
    was, now = before.get("lifecyclestage", ""), after.get("lifecyclestage", "")
    if was in _LIFECYCLE_STAGES and now in _LIFECYCLE_STAGES:
        after["lifecyclestage"] = max(was, now, key=_LIFECYCLE_STAGES.index)
    return after


_REWRITES: Mapping[str, Callable[[str], str]] = {
    "strip": str.strip,
    "title": str.title,
    "upper": str.upper,
    "nfd": lambda value: unicodedata.normalize("NFD", value),
}


def rewritten(properties: Mapping[str, str], rewrites: Mapping[str, str]) -> dict[str, str]:
    """Return properties as an account keeps them whose workflows rewrite some.

    Args:
        properties: What was sent.
        rewrites: By property, one of `strip`, `title`, `upper` and `nfd`, or the text that takes any value's place.
    """
    return {
        name: _REWRITES.get(rewrites[name], lambda _, text=rewrites[name]: text)(value) if name in rewrites else value
        for name, value in properties.items()
    }


def _problem(name: str, value: object, definitions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    definition = definitions.get(name)
    if definition is None:
        return _invalid(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
    if definition["modificationMetadata"]["readOnlyValue"]:
        return _invalid(name, "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')
    if not isinstance(value, str) or len(value) > _TEXT_LIMIT:
        return _invalid(name, "INVALID_STRING", f"{name} must be a string of at most {_TEXT_LIMIT} characters")
    if name == "email" and not is_valid_email(value):
        return _invalid(name, "INVALID_EMAIL", f"Email address {value} is invalid")
    allowed = [option["value"] for option in definition["options"]]
    if allowed and value not in allowed:
        return _invalid(name, "INVALID_OPTION", f"{value} was not one of the allowed options: {allowed}")
    return None


def _invalid(name: str, error: str, message: str) -> dict[str, Any]:
    return {"isValid": False, "message": message, "error": error, "name": name}
