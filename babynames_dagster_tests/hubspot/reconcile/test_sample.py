"""A sample of acknowledged contacts, read back from HubSpot."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.states import Finding
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.reconcile.sample import SampleComparison, compare_sample
from babynames_dagster.names.contacts.source import NameSource
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, sync

ALWAYS = datetime(2000, 1, 1)  # noqa: DTZ001 - the tables keep UTC without a zone
NEVER = datetime(3000, 1, 1)  # noqa: DTZ001 - as above


def read_back(engine: Engine, stand_in: StandIn, size: int = 100, since: datetime = NEVER) -> SampleComparison:
    settings = stand_in.settings(engine, max_retries=0)
    with open_client(settings.account, engine) as client:
        source = NameSource.from_settings(engine, settings.hubspot)
        return compare_sample(client, engine, source, since=since, size=size)


def test_a_sample_that_reads_back_as_sent_shows_no_difference(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 150)
    sync(engine, stand_in)
    comparison = read_back(engine, stand_in, size=120)
    assert (comparison.compared, comparison.news, comparison.lost) == (120, [], [])


def test_what_was_changed_in_hubspot_is_news_and_not_our_loss(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 7)
    sync(engine, stand_in)
    stand_in.edit("name1.f@babynamesdemo.com", lastname="Smith")
    stand_in.edit("name2.m@babynamesdemo.com", firstname="NAME2 ")
    stand_in.edit("name3.f@babynamesdemo.com", lifecyclestage="customer")
    stand_in.archive("name4.m@babynamesdemo.com")
    stand_in.delete("name5.f@babynamesdemo.com")
    comparison = read_back(engine, stand_in)
    assert {int(item.row.key): item.finding for item in comparison.news} == {
        1: Finding.CHANGED,
        4: Finding.ARCHIVED,
        5: Finding.GONE,
    }
    assert (comparison.compared, comparison.lost) == (7, [])
    (lost,) = read_back(engine, stand_in, since=ALWAYS).lost
    assert (lost.row.key, lost.finding) == ("5", Finding.GONE)


@pytest.mark.parametrize("fault", [{"kind": "pending"}, {"kind": "missing_rows", "rows": 3}, {"kind": "truncated"}])
def test_a_sample_that_hubspot_does_not_answer_for_says_nothing(
    sqlite_engine: Engine, stand_in: StandIn, fault: dict[str, Any]
) -> None:
    add_names(sqlite_engine, 3)
    sync(sqlite_engine, stand_in)
    stand_in.set_faults({**fault, "path": "/read"})
    comparison = read_back(sqlite_engine, stand_in, since=ALWAYS)
    assert (comparison.compared, comparison.unanswered, comparison.news, comparison.lost) == (0, 3, [], [])


def test_a_contact_that_has_our_email_as_a_second_one_is_named(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 1)
    sync(sqlite_engine, stand_in)
    stand_in.edit("name1.f@babynamesdemo.com", email="someone@example.com")
    stand_in.add_secondary_email("someone@example.com", "name1.f@babynamesdemo.com")
    (found,) = read_back(sqlite_engine, stand_in).news
    assert (found.finding, found.detail) == (
        Finding.EMAIL_CHANGED,
        "email: name1.f@babynamesdemo.com -> someone@example.com",
    )
