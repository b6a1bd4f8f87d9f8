"""An account that reconciling is tried on."""

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster_tests.support.plans import BOSS
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, sync


@pytest.fixture
def synced(engine: Engine, stand_in: StandIn) -> Engine:
    """Six contacts of ours, beside a customer."""
    stand_in.seed({"email": BOSS, "firstname": "Boss"})
    add_names(engine, 6)
    sync(engine, stand_in)
    return engine
