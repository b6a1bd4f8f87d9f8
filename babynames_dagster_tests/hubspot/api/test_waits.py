"""Waits that HubSpot asks for: waited for within the user's patience, and said."""

import re
import threading
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.endpoints import READ
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, sync

pytestmark = pytest.mark.slow


ASKS_TO_WAIT = [{"kind": "rate_limit"}, {"kind": "server_error", "status": 503}]


@pytest.mark.parametrize("retry_after", [3600, 10**9])
@pytest.mark.parametrize("fault", ASKS_TO_WAIT)
def test_a_wait_beyond_the_users_patience_ends_the_run_with_the_time_to_come_back(
    sqlite_engine: Engine, stand_in: StandIn, retry_after: int, fault: dict[str, Any]
) -> None:
    add_names(sqlite_engine, 5)
    stand_in.set_faults({**fault, "retry_after": retry_after})
    report = sync(sqlite_engine, stand_in, hubspot_wait=120)
    assert report.stopped is not None
    assert report.stopped.code is ErrorCode.HUBSPOT_RATE_LIMITED
    assert "UTC" in report.stopped.remedy
    stand_in.set_faults()
    assert sync(sqlite_engine, stand_in).total.created == 5


@pytest.mark.parametrize("fault", ASKS_TO_WAIT)
def test_a_wait_within_the_users_patience_is_waited_for_as_asked_and_said(
    sqlite_engine: Engine, stand_in: StandIn, fault: dict[str, Any]
) -> None:
    add_names(sqlite_engine, 5)
    said: list[str] = []
    stand_in.set_faults({**fault, "retry_after": 90, "times": 1, "path": "/read"})
    stop = threading.Event()

    def say(text: str) -> None:
        said.append(text)
        stop.set()

    with open_client(stand_in.settings(sqlite_engine).account, sqlite_engine, say=say) as client:
        with pytest.raises(PipelineError) as raised:
            client.request(READ, body={"inputs": [], "idProperty": "email"}, stop=stop)
        assert client.traffic.paused_seconds == 90
    assert raised.value.code is ErrorCode.INTERRUPTED
    assert len(said) == 1
    assert f"wait 90 s ({fault.get('status', 429)})" in said[0]


def test_a_pause_that_another_run_was_asked_for_is_said_too(sqlite_engine: Engine, stand_in: StandIn) -> None:
    said: list[str] = []
    stop = threading.Event()

    def say(text: str) -> None:
        said.append(text)
        stop.set()

    settings = stand_in.settings(sqlite_engine).account
    with open_client(settings, sqlite_engine) as other, open_client(settings, sqlite_engine, say=say) as client:
        other.limiter.pause(90)
        with pytest.raises(PipelineError) as raised:
            client.request(READ, body={"inputs": [], "idProperty": "email"}, stop=stop)
    assert raised.value.code is ErrorCode.INTERRUPTED
    (text,) = said
    assert re.fullmatch(r"HubSpot has asked another run to wait: this one waits (89|90) s, too, until .* UTC\.", text)


def test_a_shorter_wait_before_a_retry_is_said_too(sqlite_engine: Engine, stand_in: StandIn) -> None:
    said: list[str] = []
    stop = threading.Event()

    def say(text: str) -> None:
        said.append(text)
        stop.set()

    stand_in.set_faults({"kind": "html", "status": 502, "path": "/read"})
    settings = stand_in.settings(sqlite_engine, retry_delay=50_000)
    with (
        open_client(settings.account, sqlite_engine, say=say) as client,
        pytest.raises(PipelineError) as raised,
    ):
        client.request(READ, body={"inputs": [], "idProperty": "email"}, stop=stop)
    assert raised.value.code is ErrorCode.INTERRUPTED
    assert re.fullmatch(r"HubSpot makes us wait \d+ s \(502\), until .* UTC\.", said[0])
