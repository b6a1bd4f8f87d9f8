"""A run writes to no contact that is somebody's by now, and says of each why; new contacts cost no more calls."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import writing
from babynames_dagster.database.tables import baby_names
from babynames_dagster.hubspot.sync.report import ContactCounts, SyncOptions, SyncReport
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, ledger, reconcile, sync

pytestmark = pytest.mark.slow

BOSS = "boss@customer.com"
FIRST, SECOND = "name1.f@babynamesdemo.com", "name2.m@babynamesdemo.com"
REFRESH = SyncOptions(full_refresh=True)
Take = Callable[[StandIn], str]
"""What users do to a contact of ours; returns the email under which it is theirs."""
COMPANY: dict[str, Any] = {"hubspot_extra_properties": {"company": "B"}}


@pytest.fixture
def synced(engine: Engine, stand_in: StandIn) -> Engine:
    """Three contacts of ours, beside a customer."""
    stand_in.seed({"email": BOSS, "firstname": "Boss", "lastname": "Customer"})
    add_names(engine, 3)
    sync(engine, stand_in)
    return engine


def merge_into_the_customer(stand_in: StandIn) -> str:
    stand_in.merge(BOSS, FIRST)
    return BOSS


def merge_the_customer_into_ours(stand_in: StandIn) -> str:
    stand_in.merge(FIRST, BOSS)
    return FIRST


def give_it_a_persons_email(stand_in: StandIn) -> str:
    stand_in.edit(FIRST, email="person@customer.com", firstname="Person")
    return "person@customer.com"


def delete_it_and_give_its_email_to_the_customer(stand_in: StandIn) -> str:
    stand_in.delete(FIRST)
    stand_in.add_secondary_email(BOSS, FIRST)
    return BOSS


def merge_it_in_a_chain_that_names_its_last_record_alone(stand_in: StandIn) -> str:
    stand_in.seed({"email": "chief@customer.com"})
    last = stand_in.merge(BOSS, FIRST)
    stand_in.merge("chief@customer.com", BOSS)
    stand_in.edit("chief@customer.com", hs_merged_object_ids=last, hs_additional_emails=BOSS)
    return "chief@customer.com"


TAKEN = pytest.mark.parametrize(
    ("take", "finding"),
    [
        (merge_into_the_customer, "merged"),
        (merge_the_customer_into_ours, "merged"),
        (give_it_a_persons_email, "email_changed"),
        (delete_it_and_give_its_email_to_the_customer, "merged"),
        (merge_it_in_a_chain_that_names_its_last_record_alone, "merged"),
    ],
)
POLICIES = pytest.mark.parametrize("policy", ["overwrite", "fill_empty", "update_only", "create_only"])


def left(report: SyncReport) -> list[str]:
    return [reject.email for reject in report.troubles.first_left]


@TAKEN
@pytest.mark.parametrize("run", ["rename", "mapping", "full_refresh"])
def test_what_users_took_is_left_alone_and_reported(
    synced: Engine,
    stand_in: StandIn,
    take: Take,
    finding: str,
    run: str,
) -> None:
    owner = take(stand_in)
    there, before = stand_in.contacts().keys(), ledger(synced)[1]
    was = stand_in.contacts()[owner]
    if run == "rename":
        with writing(synced) as connection:
            connection.execute(sa.update(baby_names).where(baby_names.c.id == 1).values(name="Renamed"))
    report = sync(
        synced,
        stand_in,
        options=SyncOptions(full_refresh=run == "full_refresh"),
        **(COMPANY if run == "mapping" else {}),
    )
    assert stand_in.contacts()[owner] == was
    assert stand_in.contacts().keys() == there
    assert (report.total.kept, report.total.failed, report.stopped) == (1, 0, None)
    assert left(report) == [FIRST]
    entry = ledger(synced)[1]
    assert (entry.outcome, entry.finding, entry.hubspot_id, entry.hubspot_email) == (
        "kept",
        finding,
        before.hubspot_id,
        FIRST,
    )
    assert entry.message == entry.finding_detail
    # Whatever is asked for afterwards, it is not even looked at.
    calls = stand_in.stats()["requests"]
    again = sync(synced, stand_in, partitions=["B"], options=REFRESH, **COMPANY)
    assert (again.total.kept, stand_in.contacts()[owner]) == (1, was)
    assert all(entry["inputs"] == 0 for entry in stand_in.log()[calls:])


@POLICIES
@TAKEN
def test_a_dry_run_foresees_it_under_every_policy(
    synced: Engine,
    stand_in: StandIn,
    take: Take,
    finding: str,
    policy: str,
) -> None:
    owner = take(stand_in)
    was = stand_in.contacts()[owner]
    wanted = {**COMPANY, "hubspot_write_policy": policy}
    foreseen = sync(synced, stand_in, options=SyncOptions(dry_run=True), **wanted)
    done = sync(synced, stand_in, **wanted)
    assert FIRST in left(foreseen)
    assert left(foreseen) == left(done)
    assert counts(foreseen.total) == counts(done.total)
    assert (ledger(synced)[1].finding, stand_in.contacts()[owner]) == (finding, was)


def counts(total: ContactCounts) -> dict[str, int]:
    return {name: value for name, value in vars(total).items() if name != "same"}


@pytest.mark.parametrize(
    ("act", "unseen", "seen", "after"),
    [
        (lambda hubspot: hubspot.edit(FIRST, lastname="Edited"), "unchanged", "unchanged", "updated"),
        (lambda hubspot: hubspot.archive(FIRST), "unchanged", "archived", "created"),
        (lambda hubspot: hubspot.delete(FIRST), "unchanged", "archived", "created"),
        (lambda hubspot: hubspot.add_secondary_email(FIRST, "too@ours.com"), "unchanged", "unchanged", "updated"),
    ],
)
def test_what_users_changed_and_is_still_ours_is_left_until_the_name_changes(  # noqa: PLR0913, PLR0917 - a row
    synced: Engine, stand_in: StandIn, act: Callable[[StandIn], None], unseen: str, seen: str, after: str
) -> None:
    def outcome() -> list[str]:
        total = counts(sync(synced, stand_in, partitions=["B"]).total)
        return [name for name, count in total.items() if count and name != "contacts"]

    act(stand_in)
    assert outcome() == [unseen]
    reconcile(synced, stand_in)
    assert outcome() == [seen]
    with writing(synced) as connection:
        connection.execute(sa.update(baby_names).where(baby_names.c.id == 1).values(name="Renamed"))
    assert outcome() == [after]


def test_a_contact_that_is_ours_again_is_sent_again(synced: Engine, stand_in: StandIn) -> None:
    owner = give_it_a_persons_email(stand_in)
    assert sync(synced, stand_in, **COMPANY).total.kept == 1
    stand_in.edit(owner, email=FIRST)
    reconcile(synced, stand_in, **COMPANY)
    report = sync(synced, stand_in, **COMPANY)
    assert (report.total.updated, report.total.unchanged) == (1, 2)
    assert stand_in.contacts()[FIRST]["company"] == "B"


@pytest.mark.parametrize(
    ("take", "finding"), [(merge_into_the_customer, "merged"), (give_it_a_persons_email, "email_changed")]
)
def test_what_users_take_between_look_and_write_keeps_its_email_and_is_reported(
    synced: Engine, stand_in: StandIn, take: Take, finding: str
) -> None:
    known = ledger(synced)[1].hubspot_id
    stand_in.set_faults({"kind": "slow", "path": "/update", "seconds": 3.0})
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(sync, synced, stand_in, options=REFRESH)
        until = time.monotonic() + 20
        while not stand_in.writes()[1:]:
            assert time.monotonic() < until
        owner = take(stand_in)
        report = run.result()
    assert (report.total.updated, report.total.kept) == (2, 1)
    entry, record = ledger(synced)[1], stand_in.contacts()[owner]["hs_object_id"]
    assert (entry.finding, entry.hubspot_id) == (finding, known)
    assert f"record {record}, since the look" in entry.message


@POLICIES
def test_an_email_that_a_customer_has_as_a_second_one_makes_no_contact(
    engine: Engine, stand_in: StandIn, policy: str
) -> None:
    add_names(engine, 3)
    stand_in.seed({"email": BOSS, "firstname": "Boss"})
    stand_in.add_secondary_email(BOSS, FIRST)
    was = stand_in.contacts()[BOSS]
    report = sync(engine, stand_in, hubspot_write_policy=policy)
    assert (left(report), stand_in.contacts()[BOSS]) == ([FIRST], was)
    entry = ledger(engine)[1]
    assert (entry.outcome, entry.category, entry.hubspot_id) == ("kept", "NOT_OURS", None)
    assert entry.message == f"its email is a secondary one of {BOSS}, record {was['hs_object_id']}"
    assert sync(engine, stand_in, hubspot_write_policy=policy).total.kept >= 1


def test_an_email_that_is_free_again_is_sent_where_asked_for(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 1)
    stand_in.seed({"email": BOSS})
    stand_in.add_secondary_email(BOSS, FIRST)
    sync(engine, stand_in)
    stand_in.delete(BOSS)
    assert sync(engine, stand_in).total.kept == 1
    assert sync(engine, stand_in, options=SyncOptions(retry_rejected=True)).total.created == 1


def test_new_contacts_cost_one_call_a_hundred_and_known_ones_two(sqlite_engine: Engine, stand_in: StandIn) -> None:
    def paths() -> list[str]:
        return [entry["path"].rpartition("/")[2] for entry in stand_in.log() if entry["inputs"]]

    add_names(sqlite_engine, 300)
    sync(sqlite_engine, stand_in)
    assert paths() == ["read", *["create"] * 3]  # the first look of an empty ledger
    add_names(sqlite_engine, 100, first=301)
    sync(sqlite_engine, stand_in, options=REFRESH)
    assert sorted(paths()) == ["create"] * 4 + ["read"] * 4 + ["update"] * 3


@pytest.mark.parametrize("whole", [False, True])
def test_contacts_that_were_there_are_looked_at_before_they_are_updated(
    engine: Engine, stand_in: StandIn, *, whole: bool
) -> None:
    add_names(engine, 3)
    stand_in.seed({"email": FIRST, "firstname": "Old", "hs_lead_status": "CONNECTED"})
    if whole:
        stand_in.set_faults({"kind": "refused_batch", "status": 409, "path": "/create", "times": 1})
    report = sync(engine, stand_in)
    assert (report.total.created, report.total.updated, report.total.failed) == (2, 1, 0)
    assert stand_in.contacts()[FIRST]["firstname"] == "Name1"
    assert not ledger(engine)[1].created_by_us


def test_what_an_unanswered_call_made_is_found_and_not_made_twice(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 150)
    stand_in.set_faults({"kind": "reset_after", "path": "/create", "times": 1})
    report = sync(engine, stand_in, hubspot_max_in_flight=1)
    assert (report.total.created, report.total.updated) == (50, 100)
    assert stand_in.stats()["contacts"] == 150


@pytest.mark.parametrize("policy", ["overwrite", "fill_empty"])
def test_what_an_unanswered_call_made_is_found_although_hubspot_shows_it_a_moment_later(
    engine: Engine, stand_in: StandIn, policy: str
) -> None:
    add_names(engine, 3)
    sync(engine, stand_in, partitions=["A"])
    stand_in.set_faults(
        {"kind": "reset_after", "path": "/create", "times": 1}, {"kind": "hidden", "path": "/read", "times": 1}
    )
    report = sync(engine, stand_in, hubspot_write_policy=policy)
    assert (report.total.updated + report.total.unchanged, report.total.rejected, report.total.failed) == (3, 0, 0)
    assert {entry.outcome for entry in ledger(engine).values()} == {"synced"}
