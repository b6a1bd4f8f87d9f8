"""Whatever users did with our contacts in HubSpot, undo archives what is still ours, and nothing else."""

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.upkeep.archiving import EMAIL_CHANGED, MERGED, MORE_EMAILS, ArchiveReport
from babynames_dagster.hubspot.upkeep.undo import contacts_to_undo
from babynames_dagster_tests.support.hubspot import LEDGER, StandIn, add_names, ledger, sync, undo_names

BOSS = "boss@customer.com"
FIRST, SECOND, THIRD = "name1.f@babynamesdemo.com", "name2.m@babynamesdemo.com", "name3.f@babynamesdemo.com"


def undo(engine: Engine, stand_in: StandIn) -> ArchiveReport:
    settings = stand_in.settings(engine, max_retries=0)
    with open_client(settings.account, engine) as client:
        return undo_names(engine, client, settings)


@pytest.fixture
def synced(engine: Engine, stand_in: StandIn) -> Engine:
    """Three contacts of ours, beside a customer."""
    stand_in.seed({"email": BOSS, "firstname": "Boss"})
    add_names(engine, 3)
    sync(engine, stand_in)
    return engine


@pytest.mark.parametrize("primary", [BOSS, FIRST])
def test_a_contact_that_was_merged_with_a_customer_stays(synced: Engine, stand_in: StandIn, primary: str) -> None:
    merged = stand_in.merge(primary, FIRST if primary == BOSS else BOSS)
    report = undo(synced, stand_in)
    assert (report.archived, report.kept, report.failed) == (2, {MERGED: 1}, 0)
    assert str(report.first_kept[0]).endswith(f"{MERGED} (record {merged}, {primary})")
    assert set(stand_in.contacts()) == {primary}
    assert contacts_to_undo(synced, LEDGER) == 0


def test_a_contact_that_became_a_customer_by_its_email_stays(synced: Engine, stand_in: StandIn) -> None:
    stand_in.edit(FIRST, email="real.person@customer.com")
    report = undo(synced, stand_in)
    assert (report.archived, report.kept) == (2, {EMAIL_CHANGED: 1})
    assert set(stand_in.contacts()) == {BOSS, "real.person@customer.com"}


def test_a_contact_that_got_a_customers_email_as_well_stays(synced: Engine, stand_in: StandIn) -> None:
    stand_in.add_secondary_email(FIRST, "real.person@customer.com")
    assert undo(synced, stand_in).kept == {MORE_EMAILS: 1}
    assert set(stand_in.contacts()) == {BOSS, FIRST}


def test_two_of_our_contacts_that_were_merged_stay_as_one(synced: Engine, stand_in: StandIn) -> None:
    stand_in.merge(FIRST, SECOND)
    report = undo(synced, stand_in)
    assert (report.archived, report.kept) == (1, {MERGED: 2})
    assert set(stand_in.contacts()) == {BOSS, FIRST}


def test_a_merged_contact_whose_record_the_ledger_already_knows_stays(synced: Engine, stand_in: StandIn) -> None:
    stand_in.merge(FIRST, BOSS)
    sync(synced, stand_in, hubspot_lead_status="OPEN")
    assert undo(synced, stand_in).archived == 2
    assert set(stand_in.contacts()) == {FIRST}


def test_a_former_contact_that_was_merged_stays(synced: Engine, stand_in: StandIn) -> None:
    sync(synced, stand_in, hubspot_email_domain="other.com")
    stand_in.merge(BOSS, FIRST)
    report = undo(synced, stand_in)
    assert (report.archived, report.kept) == (5, {MERGED: 1})
    assert set(stand_in.contacts()) == {BOSS}
    assert contacts_to_undo(synced, LEDGER) == 0


def test_contacts_that_users_archived_or_deleted_are_only_recorded(synced: Engine, stand_in: StandIn) -> None:
    stand_in.archive(FIRST)
    stand_in.delete(SECOND)
    stand_in.seed({"email": FIRST, "firstname": "Somebody else"})
    report = undo(synced, stand_in)
    assert (report.archived, report.absent) == (1, 2)
    assert set(stand_in.contacts()) == {BOSS, FIRST}
    assert {entry.outcome for entry in ledger(synced).values()} == {"archived"}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "missing_rows", "rows": 3},
        {"kind": "pending"},
        {"kind": "server_error"},
        {"kind": "wrong_types"},
        {"kind": "empty"},
    ],
)
def test_what_could_not_be_looked_at_is_not_archived(
    sqlite_engine: Engine, stand_in: StandIn, fault: dict[str, object]
) -> None:
    add_names(sqlite_engine, 3)
    sync(sqlite_engine, stand_in)
    stand_in.set_faults({**fault, "path": "/read"})
    report = undo(sqlite_engine, stand_in)
    assert report.archived + report.failed == 3
    assert report.failed > 0
    assert report.problem is not None
    assert not report.absent
    assert len(stand_in.contacts()) == 3 - report.archived
    stand_in.set_faults()
    undo(sqlite_engine, stand_in)
    assert stand_in.contacts() == {}
