"""The account, and the database with the customers and the ledger; `.env` says which."""

import dagster as dg

from babynames_dagster import DatabaseResource, HubSpotResource


@dg.definitions
def resources() -> dg.Definitions:
    """Return the resources that `HubSpotContacts` takes, and how runs are executed."""
    return dg.Definitions(
        resources={
            "hubspot": HubSpotResource(
                access_token=dg.EnvVar("HUBSPOT_ACCESS_TOKEN"), base_url=dg.EnvVar("HUBSPOT_BASE_URL")
            ),
            "database": DatabaseResource(url=dg.EnvVar("DATABASE_URL")),
        },
        # A process for each asset and check would import Dagster each time.
        executor=dg.in_process_executor,
    )
