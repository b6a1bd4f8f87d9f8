"""Everything goes wrong at once, and the end is the same as if nothing had."""

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster_tests.support.stand_ins.chaos import sync_in_chaos
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, expected_contacts, held_contacts, ledger, sync

pytestmark = pytest.mark.slow

CONTACTS = 5000


def test_the_account_ends_equal_to_the_table_and_the_ledger_true(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, CONTACTS)
    sync_in_chaos(engine, stand_in, sync, ledger, rows=CONTACTS)
    report = sync(engine, stand_in, options=SyncOptions(retry_rejected=True))
    assert report.total.complete
    assert report.total.rejected == 0
    assert {entry.outcome for entry in ledger(engine).values()} == {"synced"}
    assert len(ledger(engine)) == CONTACTS
    assert held_contacts(stand_in) == expected_contacts(engine, stand_in.settings(engine))
