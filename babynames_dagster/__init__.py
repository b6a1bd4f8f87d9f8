"""US baby names from Kaggle to MySQL to HubSpot, as a Dagster asset graph.

What belongs here: this description, what has to come before any other import, and the names that other projects
import, each found when it is asked for. `definitions.py` is where Dagster starts, `cli/` is where the `babynames`
command starts.
"""

import importlib
from typing import TYPE_CHECKING

from babynames_dagster.common.allocators import keep_memory_small

if TYPE_CHECKING:
    from babynames_dagster.orchestration.assets.own_table.asset import hubspot_contacts_asset, hubspot_contacts_checks
    from babynames_dagster.orchestration.assets.own_table.component import HubSpotContacts
    from babynames_dagster.orchestration.assets.own_table.contact_table import ContactPartitions, ContactTable
    from babynames_dagster.orchestration.resources.database import DatabaseResource
    from babynames_dagster.orchestration.resources.hubspot import HubSpotResource
    from babynames_dagster.orchestration.resources.source import SourceDatabaseResource

__all__ = [
    "ContactPartitions",
    "ContactTable",
    "DatabaseResource",
    "HubSpotContacts",
    "HubSpotResource",
    "SourceDatabaseResource",
    "hubspot_contacts_asset",
    "hubspot_contacts_checks",
]

_PLACES = {
    "ContactPartitions": "orchestration.assets.own_table.contact_table",
    "ContactTable": "orchestration.assets.own_table.contact_table",
    "DatabaseResource": "orchestration.resources.database",
    "HubSpotContacts": "orchestration.assets.own_table.component",
    "HubSpotResource": "orchestration.resources.hubspot",
    "SourceDatabaseResource": "orchestration.resources.source",
    "hubspot_contacts_asset": "orchestration.assets.own_table.asset",
    "hubspot_contacts_checks": "orchestration.assets.own_table.asset",
}

keep_memory_small()


def __getattr__(name: str) -> object:
    """Return one of the names above; Dagster takes a second to import, and most of the command's work needs none."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    """Return every name, those above included: Dagster's registry of components looks here."""
    return sorted({*globals(), *__all__})
