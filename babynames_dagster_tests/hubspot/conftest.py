"""Fixtures of the HubSpot tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.engine import open_engine
from babynames_dagster.database.migrate import upgrade
from babynames_dagster_tests.support.hubspot import StandIn, standing_in


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in whose limits are out of the way."""
    with standing_in(tmp_path) as served:
        yield served


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine on SQLite only, for behaviour that has nothing to do with the database."""
    opened = open_engine(make_url(f"sqlite:///{tmp_path / 'one.db'}"))
    upgrade(opened)
    yield opened
    opened.dispose()
