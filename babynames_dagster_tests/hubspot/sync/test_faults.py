"""What goes wrong on the way: waited out where it can pass, else reported, and never a reason to stop others."""

import threading
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.sync.run import sync_contacts
from babynames_dagster.names.contacts.source import NameSource
from babynames_dagster_tests.support.stand_ins.hubspot import PARTITIONS, TOKEN, StandIn
from babynames_dagster_tests.support.syncing import add_names, expected_contacts, held_contacts, ledger, sync

pytestmark = pytest.mark.slow

DAILY_HEADERS = ["X-HubSpot-RateLimit-Daily", "X-HubSpot-RateLimit-Daily-Remaining"]
PASSING = [
    {"kind": "server_error", "status": 500},
    {"kind": "server_error", "status": 503, "retry_after": 0},
    {"kind": "server_error", "status": 524},
    {"kind": "html", "status": 502},
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "truncated"},
    {"kind": "slow", "seconds": 2.0},
]


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: f"{fault['kind']}-{fault.get('status', '')}")
def test_what_can_pass_is_tried_again(sqlite_engine: Engine, stand_in: StandIn, fault: dict[str, Any]) -> None:
    add_names(sqlite_engine, 300)
    stand_in.set_faults({**fault, "path": "/create", "times": 1})
    report = sync(sqlite_engine, stand_in, hubspot_timeout=1.0)
    assert report.total.failed == report.total.rejected == 0
    assert held_contacts(stand_in) == expected_contacts(sqlite_engine, stand_in.settings(sqlite_engine))


def test_a_lock_is_waited_for(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 10)
    stand_in.set_faults({"kind": "locked", "path": "/create", "times": 1})
    report = sync(sqlite_engine, stand_in)
    assert report.total.created == 10
    locked, again = stand_in.writes()
    assert again["at"] - locked["at"] >= 2


@pytest.mark.parametrize(
    ("fault", "tries"),
    [
        ({"kind": "server_error", "status": 500}, 3),
        ({"kind": "html", "status": 502}, 3),
        ({"kind": "reset_before"}, 3),
        ({"kind": "server_error", "status": 522}, 1),
        ({"kind": "html", "status": 404}, 1),
    ],
)
def test_rows_of_a_request_that_never_gets_through_fail_while_others_continue(
    sqlite_engine: Engine, stand_in: StandIn, fault: dict[str, Any], tries: int
) -> None:
    add_names(sqlite_engine, 300, initials=["A"])
    stand_in.set_faults({**fault, "emails": ["name150.m@babynamesdemo.com"]})
    report = sync(sqlite_engine, stand_in, max_retries=2)
    assert (report.total.created, report.total.failed) == (200, 100)
    assert report.stopped is None
    assert not report.by_partition["A"].complete
    assert len(stand_in.writes()) == 2 + tries
    entry = ledger(sqlite_engine)[150]
    assert entry.outcome == "failed"
    assert entry.message
    stand_in.set_faults()
    assert sync(sqlite_engine, stand_in).total.created == 100


@pytest.mark.parametrize("retry_after", [None, 1])
def test_a_refusal_for_the_rate_pauses_everyone_and_is_no_failure(
    engine: Engine, stand_in: StandIn, retry_after: int | None
) -> None:
    add_names(engine, 3000)
    stand_in.set_faults({"kind": "rate_limit", "requests": [4], "retry_after": retry_after})
    report = sync(engine, stand_in, max_retries=0, hubspot_max_in_flight=4)
    assert report.total.created == 3000
    assert report.rate_limited == 1
    assert report.waited_seconds >= 0.9
    refused = next(entry["at"] for entry in stand_in.log() if entry["status"] == 429)
    times = sorted(entry["at"] for entry in stand_in.log() if entry["at"] >= refused)
    # A busy machine may read the refusal late: the pause is where at most the three others under way still arrive.
    assert any(sum(start < later < start + 0.9 for later in times) <= 3 and times[-1] >= start + 0.9 for start in times)


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ({"kind": "unauthorized"}, ErrorCode.HUBSPOT_AUTH_ERROR, "HUBSPOT_ACCESS_TOKEN"),
        ({"kind": "daily_limit"}, ErrorCode.HUBSPOT_DAILY_LIMIT, "00:00 US/Eastern"),
        ({"kind": "migration", "retry_after": 7200}, ErrorCode.HUBSPOT_MIGRATING, "UTC"),
    ],
)
def test_what_cannot_get_better_ends_the_run_cleanly(
    engine: Engine, stand_in: StandIn, fault: dict[str, Any], code: ErrorCode, said: str
) -> None:
    add_names(engine, 1000)
    stand_in.change(latency=[0.02, 0.02])
    stand_in.set_faults({**fault, "requests": list(range(8, 1000))})
    report = sync(engine, stand_in, hubspot_max_in_flight=4)
    assert report.stopped is not None
    assert report.stopped.code is code
    assert said in str(report.stopped)
    total = report.total
    assert total.created > 0
    assert total.unsent > 0
    assert total.created + total.unsent == 1000
    assert sum(entry.outcome == "synced" for entry in ledger(engine).values()) == total.created
    turned_away = [entry for entry in stand_in.writes() if entry["number"] >= 8]
    assert len(turned_away) <= 4


def test_a_missing_scope_is_named_and_nothing_more_is_sent(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 2000)
    stand_in.change(scopes=["crm.objects.contacts.read", "crm.schemas.contacts.read"])
    report = sync(sqlite_engine, stand_in)
    assert report.stopped is not None
    assert report.stopped.code is ErrorCode.HUBSPOT_MISSING_SCOPES
    assert "crm.objects.contacts.write" in report.stopped.what
    assert report.total.unsent == 2000


@pytest.mark.parametrize("change", [{"expired": True}, {"portal_id": 1}])
def test_a_bad_token_is_reported_by_its_variable_and_never_shown(
    sqlite_engine: Engine, stand_in: StandIn, change: dict[str, Any]
) -> None:
    stand_in.change(**change)
    token = TOKEN if "expired" in change else "pat-na1-wrong-but-secret"
    with pytest.raises(PipelineError) as caught:
        sync(sqlite_engine, stand_in, hubspot_access_token=token)
    assert caught.value.code is ErrorCode.HUBSPOT_AUTH_ERROR
    assert "HUBSPOT_ACCESS_TOKEN" in str(caught.value)
    assert token not in str(caught.value)
    assert stand_in.writes() == []


def test_no_server_at_the_address_is_one_clear_error(sqlite_engine: Engine, stand_in: StandIn) -> None:
    with pytest.raises(PipelineError) as caught:
        sync(sqlite_engine, stand_in, hubspot_base_url="http://127.0.0.1:9", max_retries=1)
    assert caught.value.code is ErrorCode.HUBSPOT_UNREACHABLE
    assert "nothing serves http://127.0.0.1:9" in caught.value.what


def test_the_daily_reserve_is_left_to_others(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 2000)
    stand_in.change(daily_calls=25)
    report = sync(engine, stand_in, hubspot_daily_reserve=10)
    assert report.stopped is not None
    assert report.stopped.code is ErrorCode.HUBSPOT_DAILY_LIMIT
    assert "HUBSPOT_DAILY_RESERVE" in report.stopped.what
    assert stand_in.stats()["daily_used"] <= 15
    assert 0 < report.total.created <= 1300
    stand_in.change(daily_calls=1000)
    assert sync(engine, stand_in, hubspot_daily_reserve=10).total.created == report.total.unsent


@pytest.mark.parametrize("hidden", [[], DAILY_HEADERS], ids=["reported", "not reported"])
def test_after_a_used_up_day_work_resumes_in_the_next(engine: Engine, stand_in: StandIn, hidden: list[str]) -> None:
    add_names(engine, 2000)
    stand_in.change(daily_calls=12, hidden_headers=hidden)
    ended = sync(engine, stand_in, hubspot_daily_reserve=0, hubspot_max_in_flight=4)
    assert ended.stopped is not None
    assert ended.stopped.code is ErrorCode.HUBSPOT_DAILY_LIMIT
    assert ended.total.created > 0
    assert ended.total.created + ended.total.unsent == 2000
    stand_in.change(daily_used=0, daily_calls=100, hidden_headers=[])
    next_day = sync(engine, stand_in, hubspot_daily_reserve=50)
    assert next_day.stopped is None
    assert (next_day.total.created, next_day.total.unchanged) == (ended.total.unsent, ended.total.created)


def test_a_day_without_a_call_left_is_reported_with_its_end(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 10)
    stand_in.change(daily_calls=0)
    with pytest.raises(PipelineError) as caught:
        sync(sqlite_engine, stand_in, hubspot_daily_reserve=0)
    assert caught.value.code is ErrorCode.HUBSPOT_DAILY_LIMIT
    assert "midnight" in str(caught.value) or "00:00" in str(caught.value)
    assert stand_in.writes() == []


def test_a_stop_event_ends_the_run_with_what_was_done_kept(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 3000)
    settings = stand_in.settings(sqlite_engine, hubspot_max_in_flight=4)
    stop = threading.Event()
    with open_client(settings.account, sqlite_engine) as client:
        report = sync_contacts(
            client,
            sqlite_engine,
            NameSource.from_settings(sqlite_engine, settings.hubspot),
            partitions=PARTITIONS,
            settings=settings.hubspot,
            on_progress=lambda progress: stop.set() if progress.done else None,
            stop=stop,
        )
    assert report.stopped is not None
    assert report.stopped.code is ErrorCode.INTERRUPTED
    assert 0 < report.total.created < 3000
    assert report.total.created == stand_in.stats()["contacts"]
    assert report.total.created + report.total.unsent == 3000
