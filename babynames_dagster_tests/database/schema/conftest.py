"""Databases that the migrations themselves made."""

from collections.abc import Iterator

import pytest
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.database.schema.migrate import upgrade


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a new database that was migrated to head."""
    opened = open_engine(make_url(database_url))
    upgrade(opened)
    yield opened
    opened.dispose()
