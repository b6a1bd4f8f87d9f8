"""An account that has something of everything."""

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster_tests.support.plans import BOSS, email, forget, rename
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, sync


@pytest.fixture
def varied(engine: Engine, stand_in: StandIn) -> Engine:
    """An account with a contact of each kind: 1 is new, 2 renamed, 3 as it is, 4 merged, 5 archived, 6 orphaned."""
    add_names(engine, 5, first=2)
    sync(engine, stand_in)
    add_names(engine, 1)
    rename(engine, 2, "Renamed")
    stand_in.seed({"email": BOSS, "firstname": "Boss"})
    stand_in.merge(BOSS, email(4))
    rename(engine, 4, "Changed, too")
    forget(engine, 6)
    return engine
