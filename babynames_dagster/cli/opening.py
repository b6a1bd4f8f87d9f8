"""Opening what commands beside the run need: the database with its schema at head, and HubSpot's client."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Engine

from babynames_dagster.cli.required import require
from babynames_dagster.database.connection.engine import opened_engine
from babynames_dagster.database.schema.standing import ensure_schema
from babynames_dagster.database.schema.state import look_at
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.settings import Settings


@contextmanager
def opened_account(settings: Settings) -> Iterator[tuple[Engine, HubSpotClient]]:
    """Open the database and the account of the settings, and close both.

    Raises:
        PipelineError: MISSING_CONFIG; DB_NOT_FOUND where the file of the tables is yet to be made; any other DB_*
            or HUBSPOT_* code.
    """
    require(settings, "hubspot", "db")
    url = settings.database_address()
    found = look_at(url)
    if found.server is None:
        raise PipelineError(
            ErrorCode.DB_NOT_FOUND,
            f"There is no ledger here: looked at {found.address}, which is not there.",
            remedy="Run `babynames run` first, or let --data-dir name the folder that has the ledger.",
        )
    with opened_engine(url) as engine:
        ensure_schema(engine, auto_migrate=settings.database.auto_migrate)
        with open_client(settings.account, engine) as client:
            yield engine, client
