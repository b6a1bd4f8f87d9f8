"""Reconciling says of every contact what became of it, adopts what is right, and mends only what is ours."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import writing
from babynames_dagster.database.ledger.entries import refused_contacts
from babynames_dagster.database.ledger.findings import finding_counts, readings
from babynames_dagster.database.ledger.states import Finding, LedgerOutcome
from babynames_dagster.database.tables import baby_names, hubspot_contacts
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.archive.undo import contacts_to_undo
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster_tests.support.plans import BOSS, email
from babynames_dagster_tests.support.stand_ins.hubspot import LEDGER, PARTITIONS, StandIn
from babynames_dagster_tests.support.syncing import add_names, ledger, reconcile, sync, undo_names


def test_every_kind_of_change_is_distinguished(synced: Engine, stand_in: StandIn) -> None:
    stand_in.edit(email(1), firstname="Johnny")
    merged = stand_in.merge(BOSS, email(2))
    stand_in.edit(email(3), email="real.person@customer.com")
    stand_in.archive(email(4))
    stand_in.delete(email(5))
    report = reconcile(synced, stand_in)
    assert report.total == {
        Finding.CHANGED: 1,
        Finding.MERGED: 1,
        Finding.EMAIL_CHANGED: 1,
        Finding.ARCHIVED: 1,
        Finding.GONE: 1,
        Finding.SAME: 1,
    }
    details = {number: entry.finding_detail for number, entry in ledger(synced).items()}
    assert details[1] == "firstname: Name1 -> Johnny"
    assert details[2] == f"merged into record {merged}, {BOSS}"
    assert details[3] == f"email: {email(3)} -> real.person@customer.com"
    assert details[6] is None
    assert report.news == 5
    assert len(stand_in.writes()) == 1


def test_two_rows_on_one_record_are_one_contact(synced: Engine, stand_in: StandIn) -> None:
    merged = stand_in.merge(email(1), email(2))
    report = reconcile(synced, stand_in)
    assert report.total == {Finding.SHARED: 2, Finding.SAME: 4}
    assert ledger(synced)[2].finding_detail == f"2 rows of the ledger are record {merged}"
    sync(synced, stand_in, hubspot_extra_properties={"company": "Names"})
    again = reconcile(synced, stand_in, hubspot_extra_properties={"company": "Names"})
    assert again.total == {Finding.SHARED: 2, Finding.SAME: 4}


def test_a_value_in_another_form_is_accepted_once_and_no_news_again(synced: Engine, stand_in: StandIn) -> None:
    stand_in.edit(email(1), firstname=" NAME1 ")
    assert reconcile(synced, stand_in).total[Finding.REWRITTEN] == 1
    again = reconcile(synced, stand_in, repair=True)
    assert (again.total, again.repaired) == ({Finding.SAME: 6}, 0)
    stand_in.edit(email(1), firstname="Johnny")
    assert reconcile(synced, stand_in).total[Finding.CHANGED] == 1


def test_a_lost_ledger_costs_reads_and_no_writes(synced: Engine, stand_in: StandIn) -> None:
    stand_in.edit(email(1), firstname="Johnny")
    stand_in.edit(email(3), firstname="NAME3")
    with writing(synced) as connection:
        connection.execute(sa.delete(hubspot_contacts))
    before, writes = stand_in.contacts(), len(stand_in.writes())
    report = reconcile(synced, stand_in)
    assert (report.adopted, report.adopted_made_by_app, report.unknown) == (5, 5, 1)
    assert (stand_in.contacts(), len(stand_in.writes())) == (before, writes)
    assert contacts_to_undo(synced, LEDGER) == 0
    assert sync(synced, stand_in).total.unchanged == 5
    assert contacts_to_undo(synced, LEDGER) == 0


def test_contacts_with_the_users_marker_are_named_as_ours(sqlite_engine: Engine, stand_in: StandIn) -> None:
    marked: dict[str, Any] = {"hubspot_extra_properties": {"company": "babynames"}}
    add_names(sqlite_engine, 3)
    sync(sqlite_engine, stand_in, **marked)
    with writing(sqlite_engine) as connection:
        connection.execute(sa.delete(hubspot_contacts))
    report = reconcile(sqlite_engine, stand_in, marker="company", **marked)
    assert (report.adopted, report.adopted_marked) == (3, 3)


def test_merged_contacts_are_not_adopted(synced: Engine, stand_in: StandIn) -> None:
    stand_in.merge(email(1), BOSS)
    with writing(synced) as connection:
        connection.execute(sa.delete(hubspot_contacts))
    assert (reconcile(synced, stand_in).adopted, len(ledger(synced))) == (5, 5)


def test_a_contact_whose_name_is_gone_is_read_all_the_same(synced: Engine, stand_in: StandIn) -> None:
    with writing(synced) as connection:
        connection.execute(sa.delete(baby_names).where(baby_names.c.id <= 2))
    stand_in.archive(email(1))
    assert reconcile(synced, stand_in).total == {Finding.ARCHIVED: 1, Finding.SAME: 5}


def test_a_mapping_that_is_not_sent_yet_is_no_news(synced: Engine, stand_in: StandIn) -> None:
    assert reconcile(synced, stand_in, hubspot_extra_properties={"company": "x"}).total == {Finding.PENDING: 6}


@pytest.mark.parametrize("kind", ["pending", "missing_rows", "server_error", "truncated", "empty"])
def test_silence_is_no_absence(sqlite_engine: Engine, stand_in: StandIn, kind: str) -> None:
    add_names(sqlite_engine, 3)
    sync(sqlite_engine, stand_in)
    stand_in.set_faults({"kind": kind, "path": "/read", "rows": 3})
    report = reconcile(sqlite_engine, stand_in, repair=True, recreate=True, max_retries=0)
    assert report.total == {Finding.UNREAD: 3}
    assert {entry.outcome for entry in ledger(sqlite_engine).values()} == {"synced"}
    assert len(stand_in.writes()) == 1


def test_sending_again_ends_a_finding(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 2)
    sync(sqlite_engine, stand_in)
    stand_in.edit(email(1), firstname="Johnny")
    reconcile(sqlite_engine, stand_in)
    assert ledger(sqlite_engine)[1].finding == "changed"
    sync(sqlite_engine, stand_in, hubspot_extra_properties={"company": "x"})
    assert ledger(sqlite_engine)[1].finding is None


@pytest.mark.parametrize("take", [StandIn.archive, lambda hubspot, *emails: hubspot.merge(BOSS, *emails)])
def test_what_users_restore_counts_again_and_is_theirs_to_keep(
    synced: Engine, stand_in: StandIn, take: Callable[..., object]
) -> None:
    stand_in.archive(email(1))
    reconcile(synced, stand_in)
    assert ledger(synced)[1].outcome == "archived"
    stand_in.restore(email(1))
    take(stand_in, email(2))
    assert reconcile(synced, stand_in).total[Finding.SAME] == 5
    entry, report = ledger(synced)[1], sync(synced, stand_in)
    assert (entry.outcome, entry.created_by_us, report.total.archived + report.total.kept) == ("synced", False, 1)
    assert reconcile(synced, stand_in).total[Finding.SAME] == 5
    assert sync(synced, stand_in, hubspot_extra_properties={"company": "B"}).total.updated == 5
    assert stand_in.contacts()[email(1)]["company"] == "B"


def test_where_nothing_is_found_it_is_said_why(engine: Engine, stand_in: StandIn) -> None:
    def said() -> str:
        assert finding_counts(engine, LEDGER) == []
        return str(readings(engine, LEDGER, PARTITIONS))

    assert said() == "No contact has been reconciled yet."
    add_names(engine, 3)
    sync(engine, stand_in)
    assert said() == "No contact has been reconciled yet."
    reconcile(engine, stand_in)
    assert {count.finding for count in finding_counts(engine, LEDGER)} == {Finding.SAME}
    settings = stand_in.settings(engine)
    with open_client(settings.account, engine) as client:
        undo_names(engine, client, settings)
    assert said() == "There is no contact to reconcile: all 3 were archived."
    sync(engine, stand_in, options=SyncOptions(full_refresh=True))
    assert said().endswith("UTC; every contact was sent again since.")


def test_what_is_somebodys_counts_as_kept_with_its_reason_until_it_is_ours_again(
    synced: Engine, stand_in: StandIn
) -> None:
    merged = stand_in.merge(BOSS, email(1))
    stand_in.edit(email(2), email="person@customer.com")
    for _ in range(2):
        reconcile(synced, stand_in)
        left = refused_contacts(synced, LedgerOutcome.KEPT, 10)
        assert [(contact.email, contact.category, contact.message) for contact in left] == [
            (email(1), "NOT_OURS", f"merged into record {merged}, {BOSS}"),
            (email(2), "NOT_OURS", f"email: {email(2)} -> person@customer.com"),
        ]
    report = sync(synced, stand_in)
    assert (report.total.kept, report.ledger) == (2, {"kept": 2, "synced": 4})
    stand_in.edit("person@customer.com", email=email(2))
    reconcile(synced, stand_in)
    report = sync(synced, stand_in)
    assert (report.total.unchanged, report.ledger) == (5, {"kept": 1, "synced": 5})
    assert ledger(synced)[2].message is None
