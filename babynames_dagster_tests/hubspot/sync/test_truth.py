"""The truth about every row: acknowledged, rejected or failed, and nothing else ever called synced."""

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import writing
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.database.ledger.writing import LedgerEntry, record
from babynames_dagster.database.tables import baby_names, hubspot_contacts
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster_tests.support.stand_ins.hubspot import LEDGER, PORTAL, StandIn
from babynames_dagster_tests.support.syncing import add_names, expected_contacts, held_contacts, ledger, reconcile, sync


def test_the_account_ends_equal_to_the_table_one_to_one(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 560)
    report = sync(engine, stand_in)
    assert report.total.created == report.total.contacts == 560
    assert report.portal_id == PORTAL
    assert held_contacts(stand_in) == expected_contacts(engine, stand_in.settings(engine))
    assert {entry.outcome for entry in ledger(engine).values()} == {"synced"}
    assert all(entry.created_by_us and entry.hubspot_id for entry in ledger(engine).values())


def test_a_request_carries_a_hundred_contacts_of_any_partitions(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 560, initials=["A", "B", "C", "D", "other"])
    report = sync(sqlite_engine, stand_in)
    assert sorted(entry["inputs"] for entry in stand_in.writes()) == [60, 100, 100, 100, 100, 100]
    assert {
        initial: counts.created for initial, counts in report.by_partition.items() if counts.contacts
    } == dict.fromkeys(["A", "B", "C", "D", "other"], 112)


def test_only_the_partitions_asked_for_are_sent(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 30, initials=["A", "B", "C"])
    report = sync(sqlite_engine, stand_in, partitions=["B"])
    assert list(report.by_partition) == ["B"]
    assert stand_in.stats()["contacts"] == 10


def test_a_second_run_sends_nothing(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 250)
    sync(engine, stand_in)
    sent = len(stand_in.writes())
    report = sync(engine, stand_in)
    assert report.total.unchanged == 250
    assert report.requests == 1  # which portal it is
    assert len(stand_in.writes()) == sent


def test_contacts_that_were_there_before_are_updated_not_ours(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 3)
    stand_in.seed({"email": "NAME2.M@babynamesdemo.com", "firstname": "Old", "lifecyclestage": "customer"})
    report = sync(engine, stand_in)
    assert (report.total.created, report.total.updated) == (2, 1)
    assert {name_id: entry.created_by_us for name_id, entry in ledger(engine).items()} == {1: True, 2: False, 3: True}
    theirs = stand_in.contacts()["name2.m@babynamesdemo.com"]
    assert theirs["firstname"] == "Name2"
    assert theirs["lifecyclestage"] == "customer"


def test_one_row_named_in_a_partial_answer_is_rejected_with_its_reason(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 560)
    _spoil_slug(engine, 77)
    report = sync(engine, stand_in)
    assert (report.total.created, report.total.rejected, report.total.failed) == (559, 1, 0)
    entry = ledger(engine)[77]
    assert entry.outcome == "rejected"
    assert entry.category == "VALIDATION_ERROR"
    assert "INVALID_EMAIL" in entry.message
    assert entry.correlation_id
    assert report.troubles.first_rejects[0].email == "two..dots@babynamesdemo.com"


def test_rows_that_an_error_does_not_name_are_found_by_sending_them_alone(
    sqlite_engine: Engine, stand_in: StandIn
) -> None:
    add_names(sqlite_engine, 250)
    for name_id in (77, 78, 203):
        _spoil_slug(sqlite_engine, name_id, slug=f"two..dots{name_id}")
    stand_in.set_faults({"kind": "nameless_errors"})
    report = sync(sqlite_engine, stand_in)
    assert (report.total.created, report.total.rejected, report.total.failed) == (247, 3, 0)
    entries = ledger(sqlite_engine)
    assert {name_id for name_id, entry in entries.items() if entry.outcome == "rejected"} == {77, 78, 203}
    assert "INVALID_EMAIL" in entries[203].message
    assert sync(sqlite_engine, stand_in).requests == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "outcome"), [(400, "rejected"), (409, "rejected"), (413, "failed"), (403, "failed")]
)
def test_one_poison_row_does_not_sink_the_batches_that_hubspot_refuses_whole(
    sqlite_engine: Engine, stand_in: StandIn, status: int, outcome: str
) -> None:
    add_names(sqlite_engine, 560)
    fault = {"kind": "refused_batch", "status": status, "path": "/create"}
    stand_in.set_faults({**fault, "emails": ["name77.f@babynamesdemo.com"]})
    report = sync(sqlite_engine, stand_in)
    assert (report.total.created, getattr(report.total, outcome)) == (559, 1)
    entries = ledger(sqlite_engine)
    assert {name_id: entry.outcome for name_id, entry in entries.items() if entry.outcome != "synced"} == {77: outcome}
    assert len(stand_in.writes()) < 6 + 2 * 8


@pytest.mark.slow
def test_many_bad_rows_among_good_ones_stop_nothing(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 300)
    bad = [f"name{number}.{'mf'[number % 2]}@babynamesdemo.com" for number in range(1, 301) if number % 30]
    stand_in.set_faults({"kind": "refused_batch", "emails": bad})
    report = sync(sqlite_engine, stand_in)
    assert report.stopped is None
    assert (report.total.created, report.total.rejected) == (10, 290)


def test_rejected_rows_are_sent_again_only_when_changed_or_asked_for(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 10)
    _spoil_slug(engine, 3)
    sync(engine, stand_in)
    again = sync(engine, stand_in)
    assert (again.total.unchanged, again.total.rejected, again.requests) == (9, 1, 1)
    retried = sync(engine, stand_in, options=SyncOptions(retry_rejected=True))
    assert (retried.total.unchanged, retried.total.rejected) == (9, 1)
    assert stand_in.writes()[-1]["inputs"] == 1
    with writing(engine) as connection:
        connection.execute(sa.update(baby_names).where(baby_names.c.id == 3).values(slug="corrected.m"))
    corrected = sync(engine, stand_in)
    assert (corrected.total.unchanged, corrected.total.created) == (9, 1)
    assert ledger(engine)[3].category is None


@pytest.mark.parametrize(
    ("fault", "failed"),
    [({"kind": "missing_rows", "rows": 3}, 3), ({"kind": "empty"}, 100)],
)
def test_rows_that_an_answer_lacks_are_failed_and_sent_by_the_next_run(
    engine: Engine, stand_in: StandIn, fault: dict[str, object], failed: int
) -> None:
    add_names(engine, 300)
    stand_in.set_faults({**fault, "path": "/create", "times": 1})
    report = sync(engine, stand_in)
    assert report.total.failed == failed
    assert report.total.created == 300 - failed
    assert sum(entry.outcome == "failed" for entry in ledger(engine).values()) == failed
    again = sync(engine, stand_in)
    assert again.total.failed == 0
    assert again.total.created + again.total.updated == failed
    assert again.total.unchanged == 300 - failed


def test_a_changed_mapping_sends_everything_again(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 20)
    sync(engine, stand_in)
    report = sync(engine, stand_in, hubspot_extra_properties={"company": "Babynames"})
    assert report.total.updated == 20
    assert {contact["company"] for contact in stand_in.contacts().values()} == {"Babynames"}


def test_a_changed_name_sends_that_name(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 20)
    sync(engine, stand_in)
    with writing(engine) as connection:
        connection.execute(sa.update(baby_names).where(baby_names.c.id == 5).values(name="Renamed"))
    report = sync(engine, stand_in)
    assert (report.total.updated, report.total.unchanged) == (1, 19)


def test_a_full_refresh_sends_all(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 20)
    sync(engine, stand_in)
    report = sync(engine, stand_in, options=SyncOptions(full_refresh=True))
    assert (report.total.updated, report.total.unchanged) == (20, 0)
    assert {entry.attempts for entry in ledger(engine).values()} == {2}
    assert all(entry.created_by_us for entry in ledger(engine).values())


def test_another_portal_gets_everything(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 20)
    sync(engine, stand_in)
    stand_in.change(portal_id=PORTAL + 1)
    report = sync(engine, stand_in)
    assert report.portal_id == PORTAL + 1
    assert report.total.updated == 20
    assert report.notice.startswith(
        f"HUBSPOT_ACCESS_TOKEN is of portal {PORTAL + 1}, in which this ledger knows no cont"
    )
    assert f"it has 20 contacts in portal {PORTAL}." in report.notice
    assert sync(engine, stand_in).notice == ""


def test_a_failed_try_forgets_neither_record_nor_ownership(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 1)
    sync(engine, stand_in)
    before = ledger(engine)[1]
    stand_in.set_faults({"kind": "empty", "times": 1})
    sync(engine, stand_in, options=SyncOptions(full_refresh=True))
    after = ledger(engine)[1]
    assert after.outcome == "failed"
    assert (after.hubspot_id, after.created_by_us, after.synced_at) == (before.hubspot_id, True, before.synced_at)


def test_half_a_surrogate_pair_in_hubspots_words_is_recorded_like_any_other_text(engine: Engine) -> None:
    rejected = LedgerEntry(
        "1",
        "A",
        "a@x.com",
        "f",
        LedgerOutcome.REJECTED,
        category="\ud83d",
        message="no \ud83d",
        correlation_id="\ude00",
    )
    record(engine, LEDGER, "m", [rejected])
    entry = ledger(engine)[1]
    assert (entry.category, entry.message, entry.correlation_id) == ("\\ud83d", "no \\ud83d", "\\ude00")


@pytest.mark.parametrize(("fingerprint", "outcome"), [("f", "synced"), ("other", "rejected")])
def test_a_late_conflict_is_no_word_against_what_was_acknowledged(
    engine: Engine, fingerprint: str, outcome: str
) -> None:
    acknowledged = LedgerEntry("1", "A", "a@x.com", "f", LedgerOutcome.SYNCED, created=True, hubspot_id="7")
    late = LedgerEntry("1", "A", "a@x.com", fingerprint, LedgerOutcome.REJECTED, category="CONFLICT", message="exists")
    record(engine, LEDGER, "m", [acknowledged])
    record(engine, LEDGER, "m", [late])
    entry = ledger(engine)[1]
    assert (entry.outcome, entry.fingerprint, entry.hubspot_id) == (outcome, fingerprint, "7")
    assert (entry.category is None) is (outcome == "synced")


def test_a_conflict_without_a_contact_is_settled_by_trying_again(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 1)
    stand_in.set_faults({"kind": "refused_batch", "status": 409, "times": 1})
    assert sync(sqlite_engine, stand_in).total.created == 1


@pytest.mark.parametrize("status", [400, 413])
def test_a_gateways_word_rejects_no_row(sqlite_engine: Engine, stand_in: StandIn, status: int) -> None:
    add_names(sqlite_engine, 3)
    stand_in.set_faults({"kind": "html", "status": status, "emails": ["name2.m@babynamesdemo.com"]})
    report = sync(sqlite_engine, stand_in)
    assert (report.total.created, report.total.rejected, report.total.failed) == (2, 0, 1)
    assert report.troubles.first_failures[0].category == f"HTTP_{status}"
    stand_in.set_faults()
    assert sync(sqlite_engine, stand_in).total.created == 1


def test_names_that_are_one_contact_are_reported(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 5)
    stand_in.seed({"email": "name1.f@babynamesdemo.com"})
    for number, sex in ((2, "m"), (3, "f")):
        stand_in.add_secondary_email("name1.f@babynamesdemo.com", f"name{number}.{sex}@babynamesdemo.com")
    report = sync(engine, stand_in)
    assert (report.total.acknowledged, report.total.kept, stand_in.stats()["contacts"]) == (3, 2, 3)
    assert {left.email[:5] for left in report.troubles.first_left} == {"name2", "name3"}


def test_rows_of_the_ledger_that_are_one_record_are_counted(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 5)
    sync(engine, stand_in)
    entry = hubspot_contacts.c
    with writing(engine) as connection:
        shared = connection.execute(sa.select(entry.hubspot_id).where(entry.row_key == "1")).scalar_one()
        first = entry.row_key.in_(["1", "2", "3"])
        connection.execute(sa.update(hubspot_contacts).where(first).values(hubspot_id=shared))
    assert sync(engine, stand_in).shared == 2


def test_all_calls_are_counted(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 250)
    stand_in.set_faults({"kind": "server_error", "times": 2})
    assert sync(sqlite_engine, stand_in).requests == stand_in.stats()["requests"]
    assert sync(sqlite_engine, stand_in).requests == 1
    before = stand_in.stats()["requests"]
    assert reconcile(sqlite_engine, stand_in).requests == stand_in.stats()["requests"] - before


def _spoil_slug(engine: Engine, name_id: int, slug: str = "two..dots") -> None:
    """Give a name a slug that HubSpot refuses as an email."""
    with writing(engine) as connection:
        connection.execute(sa.update(baby_names).where(baby_names.c.id == name_id).values(slug=slug))
