"""Everything goes wrong at once, and the end is the same as if nothing had."""

import multiprocessing
from typing import Any

import pytest
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster_tests.support.hubspot import (
    StandIn,
    add_names,
    expected_contacts,
    held_contacts,
    ledger,
    sync,
)

pytestmark = pytest.mark.slow

CONTACTS = 5000
KILLS = 3
RUNS_AT_MOST = 20
EVERY_FAULT: tuple[dict[str, Any], ...] = (
    {"kind": "rate_limit", "probability": 0.02, "path": "/"},
    {"kind": "rate_limit", "probability": 0.02, "retry_after": 0},
    {"kind": "locked", "probability": 0.01},
    {"kind": "server_error", "probability": 0.02},
    {"kind": "server_error", "probability": 0.01, "status": 503, "retry_after": 0},
    {"kind": "server_error", "probability": 0.01, "status": 522},
    {"kind": "html", "probability": 0.02},
    {"kind": "html", "probability": 0.01, "status": 504, "path": "/"},
    {"kind": "reset_before", "probability": 0.02},
    {"kind": "reset_after", "probability": 0.02},
    {"kind": "truncated", "probability": 0.02},
    {"kind": "missing_rows", "probability": 0.02, "rows": 7},
    {"kind": "empty", "probability": 0.02},
    {"kind": "slow", "probability": 0.01, "seconds": 1.5},
    {"kind": "refused_batch", "probability": 0.02},
    {"kind": "refused_batch", "probability": 0.02, "status": 409},
    {"kind": "refused_batch", "probability": 0.01, "status": 413},
    {"kind": "daily_limit", "probability": 0.004},
    {"kind": "migration", "probability": 0.004, "retry_after": 60},
    {"kind": "unauthorized", "probability": 0.004},
)
HURRIED: dict[str, Any] = {"hubspot_requests_per_batch": 25, "hubspot_timeout": 1.0, "max_retries": 2}


def sync_until_killed(url: str, database_url: str) -> None:
    """Sync again and again in a process that somebody is going to kill."""
    engine, stand_in = open_engine(make_url(database_url)), StandIn(url)
    while True:
        _sync_once(engine, stand_in)


def test_the_account_ends_equal_to_the_table_and_the_ledger_true(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, CONTACTS)
    stand_in.change(window_seconds=0.2, calls=400, latency=[0.005, 0.03])
    stand_in.set_faults(*EVERY_FAULT)
    url = engine.url.render_as_string(hide_password=False)
    for kill in range(1, KILLS + 1):
        victim = multiprocessing.get_context("spawn").Process(target=sync_until_killed, args=(stand_in.url, url))
        victim.start()
        while stand_in.stats()["contacts"] < CONTACTS * kill // (KILLS + 1):
            assert victim.is_alive()
            victim.join(0.05)
        victim.kill()
        victim.join()
        _assert_true(engine, stand_in)
    for _ in range(RUNS_AT_MOST):
        if _sync_once(engine, stand_in):
            break
    _assert_true(engine, stand_in)
    stand_in.set_faults()
    report = sync(engine, stand_in, options=SyncOptions(retry_rejected=True))
    assert report.total.complete
    assert report.total.rejected == 0
    assert {entry.outcome for entry in ledger(engine).values()} == {"synced"}
    assert len(ledger(engine)) == CONTACTS
    assert held_contacts(stand_in) == expected_contacts(engine, stand_in.settings(engine))


def _sync_once(engine: Engine, stand_in: StandIn) -> bool:
    """Sync, and return whether every row has an answer."""
    try:
        report = sync(engine, stand_in, **HURRIED)
    except PipelineError:  # a fault struck before the first row
        return False
    total = report.total
    assert total.accounted + total.unsent == total.contacts == CONTACTS
    return total.complete


def _assert_true(engine: Engine, stand_in: StandIn) -> None:
    """Every contact that the ledger calls synced is in the account, with the record id that the ledger has."""
    held = stand_in.contacts()
    for entry in ledger(engine).values():
        if entry.outcome == "synced":
            assert held[entry.email]["hs_object_id"] == entry.hubspot_id
        else:
            assert entry.message
