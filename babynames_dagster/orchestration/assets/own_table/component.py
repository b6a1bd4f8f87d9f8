"""The component `babynames_dagster.HubSpotContacts`: an asset of somebody's own table, written in YAML."""

from typing import Any

import dagster as dg
from typing_extensions import override

from babynames_dagster.orchestration.assets.own_table.asset import hubspot_contacts_asset, hubspot_contacts_checks
from babynames_dagster.orchestration.assets.own_table.contact_table import ContactTable

_FIRST_FIELDS = {
    "table": "customers",
    "key_column": "id",
    "email_column": "email",
    "columns": {"first_name": "firstname", "last_name": "lastname"},
}


class _FirstFields(dg.Scaffolder[Any]):
    """Begins with the fields that have to be there, under the folder's name, to be changed."""

    @override
    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        folder = request.target_path.parent if request.append else request.target_path
        dg.scaffold_component(request, {"asset_key": folder.name, **_FIRST_FIELDS})


@dg.scaffold_with(_FirstFields)
class HubSpotContacts(ContactTable, dg.Component):
    """Keep a HubSpot account's contacts equal to a table, a view or a query.

    Only rows that changed since HubSpot acknowledged them are sent, at the pace that the account allows. A row that
    HubSpot refuses costs that row alone; the ledger says why. Needs the resources `hubspot` (HubSpotResource) and
    `database` (DatabaseResource).
    """

    @classmethod
    @override
    def get_spec(cls) -> dg.ComponentTypeSpec:
        """Return what Dagster's tools show of the component."""
        return dg.ComponentTypeSpec(tags=["hubspot", "reverse-etl"], produces=["asset", "asset_check"])

    @override
    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return the asset and its checks.

        Raises:
            PipelineError: SOURCE_INVALID, INVALID_CONFIG where the fields don't go together.
        """
        del context
        return dg.Definitions(assets=[hubspot_contacts_asset(self)], asset_checks=hubspot_contacts_checks(self))
