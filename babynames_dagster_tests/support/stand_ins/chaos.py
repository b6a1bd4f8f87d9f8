"""A sync at which everything goes wrong at once: every fault, and kills."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.sync.report import SyncReport
from babynames_dagster_tests.support.processes import processes
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn

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

Sync = Callable[..., SyncReport]
"""Syncs a source of a database with a stand-in; a module's own function, so that another process can call it."""

Entries = Callable[[Engine], Mapping[Any, Any]]
"""Returns the ledger's entries of that source."""


def sync_in_chaos(engine: Engine, stand_in: StandIn, sync: Sync, entries: Entries, *, rows: int) -> None:
    """Sync until every row has an answer; whenever it ends or is killed, the ledger is true."""
    stand_in.change(window_seconds=0.2, calls=400, latency=[0.005, 0.03])
    stand_in.set_faults(*EVERY_FAULT)
    url = engine.url.render_as_string(hide_password=False)
    for kill in range(1, KILLS + 1):
        arguments = (stand_in.url, url, sync, rows)
        victim = processes().Process(target=_sync_until_killed, args=arguments)
        victim.start()
        while stand_in.stats()["contacts"] < rows * kill // (KILLS + 1):
            assert victim.is_alive()
            victim.join(0.05)
        victim.kill()
        victim.join()
        _assert_true(stand_in, entries(engine))
    for _ in range(RUNS_AT_MOST):
        if _sync_once(engine, stand_in, sync, rows):
            break
    _assert_true(stand_in, entries(engine))
    stand_in.set_faults()


def _sync_until_killed(url: str, database_url: str, sync: Sync, rows: int) -> None:
    engine, stand_in = open_engine(make_url(database_url)), StandIn(url)
    while True:
        _sync_once(engine, stand_in, sync, rows)


def _sync_once(engine: Engine, stand_in: StandIn, sync: Sync, rows: int) -> bool:
    """Sync, and return whether every row has an answer."""
    try:
        report = sync(engine, stand_in, **HURRIED)
    except PipelineError:  # a fault struck before the first row
        return False
    total = report.total
    assert total.accounted + total.unsent == total.contacts == rows
    return total.complete


def _assert_true(stand_in: StandIn, entries: Mapping[Any, Any]) -> None:
    """Every contact that the ledger calls synced is in the account, with the record id that the ledger has."""
    held = stand_in.contacts()
    for entry in entries.values():
        if entry.outcome == "synced":
            assert held[entry.email]["hs_object_id"] == entry.hubspot_id
        else:
            assert entry.message
