"""Initial values belong to HubSpot's users once a contact is made; write policies say what else is theirs."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import writing
from babynames_dagster.database.tables import baby_names, hubspot_contacts
from babynames_dagster.hubspot.sync.report import ContactCounts, SyncOptions
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, ledger, sync

EMAIL = "name1.f@babynamesdemo.com"


def status(stand_in: StandIn) -> str | None:
    return stand_in.contacts()[EMAIL].get("hs_lead_status")


def test_what_a_sales_rep_moved_on_stays_moved_on(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 1)
    sync(engine, stand_in)
    stand_in.edit(EMAIL, hs_lead_status="CONNECTED")
    assert sync(engine, stand_in, options=SyncOptions(full_refresh=True)).total.updated == 1
    assert status(stand_in) == "CONNECTED"
    assert sync(engine, stand_in, hubspot_extra_properties={"company": "B"}).total.updated == 1
    assert (status(stand_in), stand_in.contacts()[EMAIL]["company"]) == ("CONNECTED", "B")


def test_changed_initial_values_reach_new_contacts_and_others_only_where_asked_for(
    engine: Engine, stand_in: StandIn
) -> None:
    add_names(engine, 1)
    sync(engine, stand_in)
    add_names(engine, 1, first=2)
    report = sync(engine, stand_in, hubspot_lead_status="OPEN")
    assert (report.total.created, report.total.unchanged) == (1, 1)
    assert status(stand_in) == "NEW"
    assert stand_in.contacts()["name2.m@babynamesdemo.com"]["hs_lead_status"] == "OPEN"
    asked = SyncOptions(initial_values=True)
    assert sync(engine, stand_in, options=asked, hubspot_lead_status="OPEN").total.updated == 1
    assert status(stand_in) == "OPEN"
    assert sync(engine, stand_in, options=asked, hubspot_lead_status="OPEN").total.unchanged == 2


@pytest.mark.parametrize(("full_refresh", "kept"), [(False, "CONNECTED"), (True, "NEW")])
def test_what_users_made_of_values_that_are_the_same_stays_unless_all_are_sent(
    engine: Engine, stand_in: StandIn, *, full_refresh: bool, kept: str
) -> None:
    add_names(engine, 1)
    sync(engine, stand_in)
    stand_in.edit(EMAIL, hs_lead_status="CONNECTED")
    with writing(engine) as connection:
        connection.execute(sa.update(baby_names).values(name="Renamed"))
    asked = SyncOptions(initial_values=True, full_refresh=full_refresh)
    assert sync(engine, stand_in, options=asked).total.updated == 1
    assert (stand_in.contacts()[EMAIL]["firstname"], status(stand_in)) == ("Renamed", kept)


@pytest.mark.parametrize(("asked", "kept"), [(False, "CONNECTED"), (True, "NEW")])
def test_a_contact_that_the_ledger_does_not_know_keeps_what_users_made_of_the_initial_values(
    engine: Engine, stand_in: StandIn, *, asked: bool, kept: str
) -> None:
    add_names(engine, 2)
    sync(engine, stand_in)
    stand_in.edit(EMAIL, hs_lead_status="CONNECTED", lifecyclestage="")
    with writing(engine) as connection:
        connection.execute(sa.delete(hubspot_contacts))
        connection.execute(sa.update(baby_names).values(name="Renamed"))
    options = SyncOptions(initial_values=asked)
    foreseen = sync(engine, stand_in, options=SyncOptions(initial_values=asked, dry_run=True))
    assert outcomes(sync(engine, stand_in, options=options).total) == outcomes(foreseen.total)
    held = stand_in.contacts()[EMAIL]
    assert (held["firstname"], held["hs_lead_status"], held["lifecyclestage"]) == ("Renamed", kept, "subscriber")


def test_a_contact_that_has_to_be_made_again_gets_the_initial_values_too(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 1)
    sync(engine, stand_in)
    stand_in.delete(EMAIL)
    report = sync(engine, stand_in, options=SyncOptions(full_refresh=True))
    assert (report.total.created, report.total.failed) == (1, 0)
    assert status(stand_in) == "NEW"
    assert ledger(engine)[1].created_by_us


def test_a_contact_that_could_not_be_made_again_is_whole_once_it_is(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 1)
    sync(engine, stand_in)
    stand_in.delete(EMAIL)
    stand_in.set_faults({"kind": "server_error", "path": "/create", "times": 1})
    report = sync(engine, stand_in, options=SyncOptions(full_refresh=True), max_retries=0)
    assert report.total.failed == 1
    assert sync(engine, stand_in).total.created == 1
    assert status(stand_in) == "NEW"


def test_no_extra_call_is_made_for_initial_values(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 300)
    sync(sqlite_engine, stand_in)
    sync(sqlite_engine, stand_in, options=SyncOptions(full_refresh=True))
    assert len(stand_in.writes()) == 6


@pytest.mark.parametrize(
    ("policy", "counts", "firstname", "company"),
    [
        ("fill_empty", (1, 1, 0), "Old", "B"),
        ("create_only", (1, 0, 1), "Old", None),
        ("update_only", (0, 1, 1), "Name1", "B"),
    ],
)
def test_a_policy_writes_what_it_may_and_no_more(  # noqa: PLR0913, PLR0917 - a row of the table
    engine: Engine,
    stand_in: StandIn,
    policy: str,
    counts: tuple[int, int, int],
    firstname: str,
    company: str | None,
) -> None:
    add_names(engine, 2)
    stand_in.seed({"email": EMAIL, "firstname": "Old"})
    wanted: dict[str, Any] = {"hubspot_write_policy": policy, "hubspot_extra_properties": {"company": "B"}}
    foreseen = sync(engine, stand_in, options=SyncOptions(dry_run=True), **wanted).total
    total = sync(engine, stand_in, **wanted).total
    assert (total.created, total.updated, total.kept) == counts
    assert (foreseen.created, foreseen.updated, foreseen.kept) == counts
    held = stand_in.contacts()[EMAIL]
    assert (held["firstname"], held.get("company")) == (firstname, company)
    again = sync(engine, stand_in, **wanted).total
    assert (again.unchanged + again.kept, again.acknowledged) == (2, 0)
    assert not ledger(engine)[1].created_by_us
    # Another policy looks at what this one has kept.
    assert sync(engine, stand_in, hubspot_extra_properties={"company": "B"}).total.kept == 0


def outcomes(counts: ContactCounts) -> dict[str, int]:
    return {name: value for name, value in vars(counts).items() if name != "same"}
