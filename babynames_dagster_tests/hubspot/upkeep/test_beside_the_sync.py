"""What surrounds the sync: preflight, dry run, reading back, undoing, checking the account, advice."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.entries import LedgerOutcome, outcome_counts, refused_contacts
from babynames_dagster.database.ledger.findings import Finding
from babynames_dagster.database.ledger.writing import LedgerEntry, record
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster.hubspot.sync.settings_advice import slow_settings_warning
from babynames_dagster.hubspot.upkeep.account_check import check_account
from babynames_dagster.hubspot.upkeep.archiving import ArchiveReport
from babynames_dagster.hubspot.upkeep.read_back import SampleComparison, compare_sample
from babynames_dagster.hubspot.upkeep.undo import contacts_to_undo
from babynames_dagster.names.contacts.mapping import NameMapping
from babynames_dagster.names.contacts.source import NameSource
from babynames_dagster.settings import load_settings
from babynames_dagster_tests.support.hubspot import (
    LEDGER,
    PORTAL,
    TOKEN,
    StandIn,
    add_names,
    expected_contacts,
    held_contacts,
    ledger,
    sync,
    undo_names,
)

ALWAYS = datetime(2000, 1, 1)  # noqa: DTZ001 - the tables keep UTC without a zone
NEVER = datetime(3000, 1, 1)  # noqa: DTZ001 - as above


def undo(engine: Engine, stand_in: StandIn, **overrides: Any) -> ArchiveReport:  # noqa: ANN401 - the settings' own types
    settings = stand_in.settings(engine, **overrides)
    with open_client(settings.account, engine) as client:
        return undo_names(engine, client, settings)


def read_back(engine: Engine, stand_in: StandIn, size: int = 100, since: datetime = NEVER) -> SampleComparison:
    settings = stand_in.settings(engine, max_retries=0)
    with open_client(settings.account, engine) as client:
        source = NameSource.from_settings(engine, settings.hubspot)
        return compare_sample(client, engine, source, since=since, size=size)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"hubspot_extra_properties": {"no_such": "1"}}, "no_such does not exist"),
        ({"hubspot_extra_properties": {"createdate": "1"}}, "createdate can't be written"),
        ({"hubspot_lead_status": "WARM"}, "hs_lead_status='WARM'"),
        ({"hubspot_lifecycle_stage": "baby"}, "lifecyclestage='baby'"),
    ],
)
def test_a_mapping_that_the_account_cannot_take_is_refused_before_the_first_write(
    sqlite_engine: Engine, stand_in: StandIn, overrides: dict[str, Any], said: str
) -> None:
    add_names(sqlite_engine, 5)
    report = sync(sqlite_engine, stand_in, **overrides)
    assert report.stopped is not None
    assert report.stopped.code is ErrorCode.HUBSPOT_PROPERTY_ERROR
    assert said in report.stopped.what
    assert (report.total.contacts, report.total.unsent) == (5, 5)
    assert stand_in.writes() == []


def test_every_mismatch_is_told_at_once(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 5)
    stand_in.change(options={"hs_lead_status": ["OPEN"], "lifecyclestage": None})
    report = sync(sqlite_engine, stand_in)
    assert report.stopped is not None
    assert "hs_lead_status='NEW'" in report.stopped.what
    assert "lifecyclestage does not exist" in report.stopped.what


def test_a_dry_run_foresees_and_writes_nothing(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 250)
    sync(engine, stand_in, partitions=["A"])
    settings = stand_in.settings(engine)
    expected = list(expected_contacts(engine, settings).values())
    theirs = [contact for contact in expected if contact["email"] == "name1.f@babynamesdemo.com"]
    stand_in.seed(*theirs, {"email": "name2.m@babynamesdemo.com", "firstname": "Old"})
    before, entries, writes = stand_in.contacts(), ledger(engine), len(stand_in.writes())
    report = sync(engine, stand_in, options=SyncOptions(dry_run=True))
    assert report.dry_run
    total = report.total
    assert (total.contacts, total.created, total.updated, total.unchanged) == (250, 165, 2, 83)
    assert total.same == 1
    assert stand_in.contacts() == before
    assert ledger(engine) == entries
    assert len(stand_in.writes()) == writes


def test_a_dry_run_knows_what_would_be_rejected(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 5)
    stand_in.set_faults({"kind": "refused_batch", "emails": ["name3.f@babynamesdemo.com"]})
    sync(sqlite_engine, stand_in)
    stand_in.set_faults()
    report = sync(sqlite_engine, stand_in, options=SyncOptions(dry_run=True))
    assert (report.total.unchanged, report.total.rejected) == (4, 1)


def test_a_dry_run_foresees_that_an_email_will_be_refused(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 5)
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE baby_names SET slug = 'two..dots' WHERE id = 3")
    report = sync(sqlite_engine, stand_in, options=SyncOptions(dry_run=True))
    assert (report.total.created, report.total.rejected) == (4, 1)
    assert report.troubles.first_rejects[0].category == "INVALID_EMAIL"


def test_a_dry_run_takes_silence_for_no_answer(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 5)
    stand_in.set_faults({"kind": "empty"})
    report = sync(sqlite_engine, stand_in, options=SyncOptions(dry_run=True))
    assert (report.total.created, report.total.failed) == (0, 5)


def test_a_dry_run_keeps_as_many_requests_under_way_as_a_sync(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 200)
    stand_in.change(latency=[0.5, 0.5])
    sync(
        sqlite_engine,
        stand_in,
        options=SyncOptions(dry_run=True),
        hubspot_max_in_flight=16,
        hubspot_requests_per_batch=10,
    )
    assert stand_in.stats()["most_under_way"] > 8


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


def test_names_that_came_to_share_a_record_go_on_to_be_synced(engine: Engine) -> None:
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


def test_a_contact_that_was_merged_into_another_is_nobodys_to_archive(engine: Engine) -> None:
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


def test_an_undo_that_was_stopped_goes_on_where_it_was(sqlite_engine: Engine, stand_in: StandIn) -> None:
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


def test_rejected_contacts_are_listed_with_their_reasons(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 5)
    fault = {"kind": "refused_batch", "status": 409, "path": "/create"}
    stand_in.set_faults({**fault, "emails": ["name3.f@babynamesdemo.com"]})
    sync(engine, stand_in)
    (reject,) = refused_contacts(engine, LedgerOutcome.REJECTED, 10)
    assert (reject.email, reject.name, reject.category) == ("name3.f@babynamesdemo.com", "Name3", "CONFLICT")
    assert reject.message == "Contact already exists. Existing ID: 37765128953"


def checked(stand_in: StandIn, engine: Engine) -> str:
    mapping = NameMapping("babynamesdemo.com").contacts
    return check_account(stand_in.settings(engine).account, engine, mapping, email="babynames-check@babynamesdemo.com")


def test_the_account_check_says_whose_account_it_is_and_what_it_allows(engine: Engine, stand_in: StandIn) -> None:
    stand_in.change(calls=190, window_seconds=10.0, daily_calls=625_000)
    told = checked(stand_in, engine)
    assert f"portal {PORTAL}, 190 calls per 10 s" in told
    assert stand_in.stats()["contacts"] == 0


@pytest.mark.parametrize("missing", ["crm.objects.contacts.read", "crm.schemas.contacts.read"])
def test_the_account_check_names_a_missing_scope(sqlite_engine: Engine, stand_in: StandIn, missing: str) -> None:
    stand_in.change(
        scopes=sorted(
            {"crm.objects.contacts.read", "crm.objects.contacts.write", "crm.schemas.contacts.read"} - {missing}
        )
    )
    with pytest.raises(PipelineError, match=missing) as caught:
        checked(stand_in, sqlite_engine)
    assert caught.value.code is ErrorCode.HUBSPOT_MISSING_SCOPES


def test_settings_that_cost_a_factor_of_ten_are_named_with_what_to_set() -> None:
    warning = slow_settings_warning(load_settings(hubspot_batch_delay=2000, hubspot_requests_per_batch=10).hubspot)
    assert warning is not None
    assert "5 contacts a second, 200 times fewer" in warning
    assert "HUBSPOT_BATCH_DELAY=2000" in warning
    assert "HUBSPOT_REQUESTS_PER_BATCH=10: set it to 100" in warning


@pytest.mark.parametrize("overrides", [{}, {"hubspot_batch_delay": 150}, {"hubspot_requests_per_batch": 20}])
def test_settings_that_cost_less_are_not_worth_a_warning(overrides: dict[str, int]) -> None:
    assert slow_settings_warning(load_settings(hubspot_access_token=TOKEN, **overrides).hubspot) is None
