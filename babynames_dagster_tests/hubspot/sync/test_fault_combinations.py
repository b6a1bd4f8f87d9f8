"""Random combinations of faults: after each run the account, the ledger and the counts agree, name by name."""

import random
from collections import Counter
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.sync.report import SyncOptions, SyncReport
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, expected_contacts, held_contacts, ledger, sync

pytestmark = pytest.mark.slow

CONTACTS, RUNS = 400, 4
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "rate_limit", "retry_after": 0},
    {"kind": "rate_limit"},
    {"kind": "locked", "times": 1},
    {"kind": "migration", "retry_after": 1},
    {"kind": "migration", "retry_after": 86_400},
    {"kind": "daily_limit"},
    {"kind": "server_error"},
    {"kind": "server_error", "status": 503, "retry_after": 0},
    {"kind": "server_error", "status": 522},
    {"kind": "html"},
    {"kind": "html", "status": 404},
    {"kind": "html", "status": 200},
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "slow", "seconds": 0.6},
    {"kind": "truncated"},
    {"kind": "missing_rows", "rows": 3},
    {"kind": "duplicated_rows"},
    {"kind": "foreign_rows", "rows": 4},
    {"kind": "wrong_types"},
    {"kind": "empty"},
    {"kind": "nameless_errors"},
    {"kind": "refused_batch"},
    {"kind": "refused_batch", "status": 409},
    {"kind": "refused_batch", "status": 413},
)
HURRIED: dict[str, Any] = {"hubspot_requests_per_batch": 20, "hubspot_timeout": 0.4, "max_retries": 2}


@pytest.mark.parametrize("seed", range(6))
def test_account_ledger_and_counts_agree_whatever_goes_wrong(
    sqlite_engine: Engine, stand_in: StandIn, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    add_names(sqlite_engine, CONTACTS)
    stand_in.change(window_seconds=0.2, calls=400)
    before = 0
    for _ in range(RUNS):
        faults = [
            {**fault, "probability": chance.uniform(0.02, 0.15), "path": chance.choice(["/batch/", "/batch/", "/"])}
            for fault in chance.sample(FAULTS, 6)
        ]
        stand_in.set_faults(*faults)
        try:
            report = sync(sqlite_engine, stand_in, options=SyncOptions(retry_rejected=chance.random() < 0.5), **HURRIED)
        except PipelineError:  # a fault struck before the first row
            continue
        before = assert_agree(sqlite_engine, stand_in, report, synced_before=before)
    stand_in.set_faults()
    report = sync(sqlite_engine, stand_in, options=SyncOptions(retry_rejected=True))
    assert report.total.complete
    assert_agree(sqlite_engine, stand_in, report, synced_before=before)
    assert {entry.outcome for entry in ledger(sqlite_engine).values()} == {"synced"}
    assert held_contacts(stand_in) == expected_contacts(sqlite_engine, stand_in.settings(sqlite_engine))


def assert_agree(engine: Engine, stand_in: StandIn, report: SyncReport, *, synced_before: int) -> int:
    """Compare what a run says with ledger and account, and return how many names are in line."""
    total, entries = report.total, ledger(engine)
    outcomes = Counter(entry.outcome for entry in entries.values())
    assert total.accounted + total.unsent == total.contacts == CONTACTS
    assert total.unchanged <= synced_before
    assert total.unchanged == synced_before or report.stopped, "only a run that was stopped may not have come to all"
    assert outcomes["synced"] == synced_before + total.created + total.updated
    assert outcomes["rejected"] >= total.rejected
    assert outcomes["failed"] >= total.failed
    assert (report.stopped is not None) == bool(total.unsent)
    held = stand_in.contacts()
    for entry in entries.values():
        if entry.outcome == "synced":
            assert entry.hubspot_id in {None, held[entry.email]["hs_object_id"]}
        else:
            assert entry.message
    expected = expected_contacts(engine, stand_in.settings(engine))
    assert held_contacts(stand_in).items() <= expected.items()
    return outcomes["synced"]
