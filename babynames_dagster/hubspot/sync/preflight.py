"""Before the first write: whether the account can take what the mapping makes.

What belongs here: comparing the mapping with the account's property definitions. What does not: writing.
"""

import threading
from collections.abc import Mapping
from typing import Any

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import PROPERTIES
from babynames_dagster.hubspot.sync.mapping import ContactMapping


def preflight(client: HubSpotClient, mapping: ContactMapping, *, stop: threading.Event | None = None) -> None:
    """Make sure that every property we send exists and is writable, and that our constants are among its options.

    Raises:
        PipelineError: HUBSPOT_PROPERTY_ERROR with every mismatch at once; else as `HubSpotClient.expect`.
    """
    answer = client.expect(PROPERTIES, stop=stop)
    results = answer.body("results")
    definitions = {
        str(item.get("name")): item for item in (results if isinstance(results, list) else []) if isinstance(item, dict)
    }
    mistakes = mismatches(mapping, definitions)
    if mistakes:
        raise PipelineError(
            ErrorCode.HUBSPOT_PROPERTY_ERROR,
            f"Portal {client.portal_id} can't take the contacts as they are mapped:\n    " + "\n    ".join(mistakes),
            remedy="Create the property or option in HubSpot, or change HUBSPOT_LEAD_STATUS, HUBSPOT_LIFECYCLE_STAGE "
            "or HUBSPOT_EXTRA_PROPERTIES.",
        )


def mismatches(mapping: ContactMapping, definitions: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what keeps an account from taking the mapping's contacts, one sentence each.

    Args:
        mapping: How a name becomes a contact.
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
        options = _options(definition)
        value = constants.get(name)
        if value is not None and options and value not in options:
            found.append(f"{name}={value!r} is none of its options: {', '.join(options)}")
    return found


def _options(definition: Mapping[str, Any]) -> list[str]:
    """Return the values that an enumeration takes; empty for every other type, and where none are told."""
    if definition.get("type", "enumeration") != "enumeration":
        return []
    options = definition.get("options")
    return [
        str(option["value"])
        for option in (options if isinstance(options, list) else [])
        if isinstance(option, dict) and "value" in option
    ]
