"""Whatever users did with our contacts in HubSpot, undo archives what is still ours, and nothing else."""

from typing import Any

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.entries import outcome_counts
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.database.ledger.writing import LedgerEntry, record
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.archive.archiving import EMAIL_CHANGED, MERGED, MORE_EMAILS, ArchiveReport
from babynames_dagster.hubspot.archive.undo import contacts_to_undo
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster_tests.support.stand_ins.hubspot import LEDGER, StandIn
from babynames_dagster_tests.support.syncing import (
    add_names,
    expected_contacts,
    held_contacts,
    ledger,
    sync,
    undo_names,
)

BOSS = "boss@customer.com"
FIRST, SECOND, THIRD = "name1.f@babynamesdemo.com", "name2.m@babynamesdemo.com", "name3.f@babynamesdemo.com"


def undo(engine: Engine, stand_in: StandIn, **overrides: Any) -> ArchiveReport:  # noqa: ANN401 - the settings' own types
    settings = stand_in.settings(engine, **overrides)
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
    report = undo(sqlite_engine, stand_in, max_retries=0)
    assert report.archived + report.failed == 3
    assert report.failed > 0
    assert report.problem is not None
    assert not report.absent
    assert len(stand_in.contacts()) == 3 - report.archived
    stand_in.set_faults()
    undo(sqlite_engine, stand_in)
    assert stand_in.contacts() == {}


def test_undo_archives_what_the_ledger_created_and_nothing_else(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 250)
    stand_in.seed({"email": "name7.f@babynamesdemo.com"}, {"email": "somebody.else@example.com"})
    sync(engine, stand_in)
    assert contacts_to_undo(engine, LEDGER) == 249
    report = undo(engine, stand_in)
    assert (report.archived, report.failed, report.stopped) == (249, 0, None)
    assert set(stand_in.contacts()) == {"name7.f@babynamesdemo.com", "somebody.else@example.com"}
    assert contacts_to_undo(engine, LEDGER) == 0
    assert {row.outcome: row.contacts for row in outcome_counts(engine)} == {"archived": 249, "synced": 1}


def test_undo_archives_also_what_was_created_under_an_earlier_email(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 130)
    stand_in.seed({"email": "name7.f@babynamesdemo.com"})
    sync(engine, stand_in)
    sync(engine, stand_in, hubspot_email_domain="other.com")
    assert contacts_to_undo(engine, LEDGER) == 129 + 130
    sync(engine, stand_in)
    assert contacts_to_undo(engine, LEDGER) == 129 + 130
    assert undo(engine, stand_in).archived == 129 + 130
    assert set(stand_in.contacts()) == {"name7.f@babynamesdemo.com"}
    assert contacts_to_undo(engine, LEDGER) == 0


def test_a_try_that_failed_under_a_new_email_does_not_hide_the_former_contact(
    engine: Engine, stand_in: StandIn
) -> None:
    add_names(engine, 30)
    sync(engine, stand_in)
    stand_in.set_faults({"kind": "server_error", "status": 500, "path": "/create", "probability": 1.0})
    assert sync(engine, stand_in, hubspot_email_domain="other.com", max_retries=0).total.failed == 30
    stand_in.set_faults()
    sync(engine, stand_in, hubspot_email_domain="other.com")
    assert undo(engine, stand_in).archived == 60
    assert stand_in.contacts() == {}


def test_names_that_came_to_share_a_record_are_still_synced(engine: Engine) -> None:
    def acknowledge(record_id: str, *, domain: str, created: bool = False) -> None:
        record(
            engine,
            LEDGER,
            "m" * 64,
            [
                LedgerEntry(
                    str(name_id),
                    "A",
                    f"{name_id}@{domain}",
                    "f" * 64,
                    LedgerOutcome.SYNCED,
                    created=created,
                    hubspot_id=record_id,
                )
                for name_id in (7, 8)
            ],
        )

    acknowledge("100", domain="x.com", created=True)
    acknowledge("200", domain="y.com")
    assert contacts_to_undo(engine, LEDGER) == 1
    acknowledge("100", domain="x.com")
    acknowledge("200", domain="y.com")
    assert contacts_to_undo(engine, LEDGER) == 1


def test_a_contact_that_was_merged_into_another_is_not_archived(engine: Engine) -> None:
    [made, merged] = [
        LedgerEntry("7", "A", "anna.f@x.com", "f" * 64, LedgerOutcome.SYNCED, created=created, hubspot_id=record_id)
        for record_id, created in (("100", True), ("200", False))
    ]
    record(engine, LEDGER, "m" * 64, [made])
    assert contacts_to_undo(engine, LEDGER) == 1
    record(engine, LEDGER, "m" * 64, [merged])
    assert contacts_to_undo(engine, LEDGER) == 0


def test_what_was_undone_comes_back_only_when_asked_for(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 10)
    sync(engine, stand_in)
    undo(engine, stand_in)
    report = sync(engine, stand_in)
    assert (report.total.archived, report.requests) == (10, 1)
    back = sync(engine, stand_in, options=SyncOptions(full_refresh=True))
    assert back.total.created == 10
    assert held_contacts(stand_in) == expected_contacts(engine, stand_in.settings(engine))


def test_an_undo_that_was_stopped_resumes(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 500)
    sync(sqlite_engine, stand_in)
    stand_in.set_faults({"kind": "daily_limit", "path": "/archive", "requests": list(range(11, 100))})
    report = undo(sqlite_engine, stand_in)
    assert report.stopped is not None
    assert report.archived == 500 - contacts_to_undo(sqlite_engine, LEDGER)
    stand_in.set_faults()
    undo(sqlite_engine, stand_in)
    assert stand_in.contacts() == {}


def test_contacts_that_cannot_be_archived_are_counted(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 200)
    sync(sqlite_engine, stand_in)
    stand_in.set_faults({"kind": "server_error", "path": "/archive", "times": 3})
    report = undo(sqlite_engine, stand_in, max_retries=2, hubspot_max_in_flight=1)
    assert (report.archived, report.failed) == (100, 100)
