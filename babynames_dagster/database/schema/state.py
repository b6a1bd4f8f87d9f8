"""Looking at a database as it is: nothing is made, nothing is migrated."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import URL

from babynames_dagster.database.connection.engine import is_unmade, opened_engine, reading
from babynames_dagster.database.connection.reach import shown_address
from babynames_dagster.database.schema.standing import SchemaState, schema_state, unmade_schema

_VERSION = {"sqlite": "SELECT sqlite_version()", "mysql": "SELECT version()"}


@dataclass(frozen=True)
class DatabaseState:
    """A database as it is.

    Attributes:
        address: Where it is, without its password.
        server: What answers there, with its version; None where the SQLite file is still to be made.
        schema: Where its schema stands.
    """

    address: str
    server: str | None
    schema: SchemaState


def look_at(url: URL) -> DatabaseState:
    """Connect to a database, and say what is there.

    Args:
        url: `mysql+pymysql://...` or `sqlite:///file`; a SQLite file that is missing is not made.

    Raises:
        PipelineError: Any DB_* code.
    """
    address, dialect = shown_address(url), url.get_backend_name()
    if is_unmade(url):
        return DatabaseState(address, None, unmade_schema())
    with opened_engine(url) as engine:
        with reading(engine) as connection:
            version = connection.execute(sa.text(_VERSION[dialect])).scalar_one()
        return DatabaseState(address, f"{dialect} {version}", schema_state(engine))
