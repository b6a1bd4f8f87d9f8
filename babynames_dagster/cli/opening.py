"""Opening what commands beside the run need: the database with its schema at head, and HubSpot's client."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Engine

from babynames_dagster.cli.required import require
from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.database.schema.standing import ensure_schema
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.settings import Settings


@contextmanager
def opened_account(settings: Settings) -> Iterator[tuple[Engine, HubSpotClient]]:
    """Open the database and the account of the settings, and close both.

    Raises:
        PipelineError: MISSING_CONFIG; any DB_* or HUBSPOT_* code.
    """
    require(settings, "hubspot", "db")
    engine = open_engine(settings.database_address())
    try:
        ensure_schema(engine, auto_migrate=settings.database.auto_migrate)
        with open_client(settings.account, engine) as client:
            yield engine, client
    finally:
        engine.dispose()
