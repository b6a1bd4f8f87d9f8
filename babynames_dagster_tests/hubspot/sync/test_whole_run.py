"""A run in which nothing gets through fails with HubSpot's own reason, however that comes."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import writing
from babynames_dagster.database.tables import baby_names
from babynames_dagster.errors import ErrorCode
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.batches.circuit_breaker import MOST_REFUSED_ALONE
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, ledger, reconcile, sync, undo_names


@pytest.mark.slow
def test_a_refusal_of_every_row_ends_the_run_with_one_error(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 1500)
    stand_in.set_faults({"kind": "refused_batch"})
    report = sync(sqlite_engine, stand_in)
    assert report.stopped is not None
    assert report.stopped.code is ErrorCode.HUBSPOT_ERROR
    assert "The batch is not valid." in report.stopped.what
    assert not report.stopped.retryable
    refused = report.total.failed
    assert MOST_REFUSED_ALONE <= refused < 2 * MOST_REFUSED_ALONE
    assert report.total.unsent == 1500 - refused
    assert {entry.outcome for entry in ledger(sqlite_engine).values()} == {"failed"}
    assert len(ledger(sqlite_engine)) == refused
    stand_in.set_faults()
    assert sync(sqlite_engine, stand_in).total.created == 1500


def test_a_run_in_which_every_row_is_refused_one_by_one_fails_with_hubspots_reason(
    engine: Engine, stand_in: StandIn
) -> None:
    add_names(engine, 300)
    with writing(engine) as connection:
        for name_id in range(1, 301):
            connection.execute(
                sa.update(baby_names).where(baby_names.c.id == name_id).values(slug=f"two..dots{name_id}")
            )
    report = sync(engine, stand_in)
    assert report.stopped is not None
    assert "refused all 300 contacts" in report.stopped.what
    assert "INVALID_EMAIL" in report.stopped.what
    assert (report.total.failed, report.total.rejected) == (300, 0)
    assert {entry.outcome for entry in ledger(engine).values()} == {"failed"}


@pytest.fixture
def one_refused_and_two_failed(stand_in: StandIn) -> None:
    """Let HubSpot refuse one name of three, and not answer for the others."""
    stand_in.set_faults(
        {"kind": "refused_batch", "emails": ["name2.m@babynamesdemo.com"], "path": "/create"},
        {"kind": "refused_batch", "emails": ["name2.m@babynamesdemo.com"], "path": "/update"},
        {"kind": "server_error", "status": 503, "path": "/create"},
        {"kind": "server_error", "status": 503, "path": "/update"},
    )


@pytest.mark.usefixtures("one_refused_and_two_failed")
def test_a_first_run_in_which_nothing_gets_through_says_both_reasons(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 3)
    report = sync(engine, stand_in, max_retries=0)
    assert report.stopped is not None
    assert report.stopped.what.startswith("None of 3 contacts that were sent got through: HubSpot refused 1 of them.")
    assert "VALIDATION_ERROR" in report.stopped.what
    assert "internal error" in report.stopped.what
    assert (report.total.rejected, report.total.failed) == (0, 3)


def test_a_refusal_among_failures_stands_where_contacts_got_through_before(
    engine: Engine, stand_in: StandIn, request: pytest.FixtureRequest
) -> None:
    add_names(engine, 3)
    sync(engine, stand_in)
    request.getfixturevalue("one_refused_and_two_failed")
    report = sync(engine, stand_in, options=SyncOptions(full_refresh=True), max_retries=0)
    assert (report.total.rejected, report.total.failed, report.stopped) == (1, 2, None)
    assert ledger(engine)[2].outcome == "rejected"


def test_a_refusal_of_all_that_a_full_refresh_sends_says_nothing_of_the_account(
    engine: Engine, stand_in: StandIn
) -> None:
    add_names(engine, 3)
    sync(engine, stand_in)
    stand_in.set_faults({"kind": "refused_batch", "path": "/update"})
    report = sync(engine, stand_in, options=SyncOptions(full_refresh=True))
    assert (report.total.rejected, report.stopped) == (3, None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (402, ErrorCode.HUBSPOT_NOT_ALLOWED),
        (403, ErrorCode.HUBSPOT_NOT_ALLOWED),
        (404, ErrorCode.HUBSPOT_NOT_FOUND),
        (410, ErrorCode.HUBSPOT_VERSION_GONE),
        (503, ErrorCode.HUBSPOT_ERROR),
    ],
)
def test_calls_that_all_fail_the_same_way_end_the_run_with_their_reason(
    sqlite_engine: Engine, stand_in: StandIn, status: int, code: ErrorCode
) -> None:
    add_names(sqlite_engine, 5000)
    stand_in.set_faults({"kind": "server_error", "status": status})
    report = sync(sqlite_engine, stand_in, max_retries=1, hubspot_max_in_flight=4)
    assert report.stopped is not None
    assert report.stopped.code is code
    assert "internal error" in report.stopped.what
    assert report.total.acknowledged == 0
    assert report.total.unsent > 1000
    assert report.requests < 150
    stand_in.set_faults()
    assert sync(sqlite_engine, stand_in).total.created == 5000


@pytest.mark.parametrize("whole", [False, True])
def test_a_property_that_goes_missing_meanwhile_is_no_word_against_a_row(
    engine: Engine, stand_in: StandIn, *, whole: bool
) -> None:
    wanted: dict[str, Any] = {"hubspot_extra_properties": {"tier": "A"}, "hubspot_max_in_flight": 1}
    stand_in.change(options={"tier": ["A"]})
    add_names(engine, 10)
    sync(engine, stand_in, **wanted)
    add_names(engine, 50, first=11)
    stand_in.set_faults({"kind": "slow", "path": "/create", "seconds": 1.0})
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(sync, engine, stand_in, hubspot_requests_per_batch=1 if whole else 10, **wanted)
        until = time.monotonic() + 20
        while len(stand_in.writes()) < 2:
            assert time.monotonic() < until
        stand_in.change(options={"tier": None})
        report = run.result()
    assert report.stopped is not None
    assert (report.stopped.code, report.total.rejected) == (ErrorCode.HUBSPOT_PROPERTY_ERROR, 0)
    assert "tier" in report.stopped.what
    stand_in.set_faults()
    stand_in.change(options={"tier": ["A"]})
    assert sync(engine, stand_in, **wanted).total.created == 50


ALIKE = [({"kind": "html", "status": 503}, "HTTP_503"), ({"kind": "refused_batch"}, "The batch is not valid.")]


@pytest.mark.parametrize(("fault", "said"), ALIKE)
@pytest.mark.parametrize("path", ["/read", "/archive"])
def test_other_calls_that_all_fail_the_same_way_end_what_makes_them(
    sqlite_engine: Engine, stand_in: StandIn, path: str, fault: dict[str, Any], said: str
) -> None:
    add_names(sqlite_engine, 2000)
    sync(sqlite_engine, stand_in)
    stand_in.set_faults({**fault, "path": path})
    settings, calls = stand_in.settings(sqlite_engine, max_retries=0), stand_in.stats()["requests"]
    with open_client(settings.account, sqlite_engine) as client:
        undone = undo_names(sqlite_engine, client, settings)
    stopped = [undone.stopped]
    if path == "/read":
        stopped.append(sync(sqlite_engine, stand_in, options=SyncOptions(full_refresh=True), max_retries=0).stopped)
        stopped.append(reconcile(sqlite_engine, stand_in, max_retries=0).stopped)
    assert all(error is not None and "10 calls in a row" in error.what and said in error.what for error in stopped)
    assert stand_in.stats()["requests"] - calls < 400
    assert stand_in.stats()["contacts"] == 2000


def test_a_gateways_page_archives_nothing(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 2)
    sync(sqlite_engine, stand_in)
    stand_in.set_faults({"kind": "html", "status": 200, "path": "/archive"})
    settings = stand_in.settings(sqlite_engine, max_retries=1)
    with open_client(settings.account, sqlite_engine) as client:
        assert undo_names(sqlite_engine, client, settings).failed == 2
        stand_in.set_faults()
        assert undo_names(sqlite_engine, client, settings).archived == 2
