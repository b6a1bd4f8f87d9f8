"""Contacts that the account is no longer to have are archived where they are ours, and counted where they are not."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import writing
from babynames_dagster.database.ledger.candidates import ContactScope
from babynames_dagster.database.ledger.orphans import OrphanCount, count_orphans
from babynames_dagster.database.tables import baby_names
from babynames_dagster.errors import ErrorCode
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.archive.archiving import MERGED, ArchiveReport
from babynames_dagster.hubspot.archive.mirror import archive_orphans
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster.names.contacts.mapping import NameMapping
from babynames_dagster.names.contacts.source import NameSource
from babynames_dagster_tests.support.stand_ins.hubspot import PARTITIONS, PORTAL, StandIn
from babynames_dagster_tests.support.syncing import add_names, add_years, ledger, reconcile, sync

EVERYTHING = ContactScope()
MAPPING = NameMapping("babynamesdemo.com")


def email(number: int, domain: str = "babynamesdemo.com") -> str:
    return f"name{number}.{'mf'[number % 2]}@{domain}"


def mirror(engine: Engine, stand_in: StandIn, scope: ContactScope = EVERYTHING) -> ArchiveReport:
    with open_client(stand_in.settings(engine).account, engine) as client:
        source = NameSource(engine, MAPPING, scope)
        return archive_orphans(client, engine, source, partitions=PARTITIONS, max_in_flight=4)


def forget_names(engine: Engine, *numbers: int) -> None:
    with writing(engine) as connection:
        connection.execute(sa.delete(baby_names).where(baby_names.c.id.in_(numbers)))


@pytest.fixture
def synced(engine: Engine, stand_in: StandIn) -> Engine:
    """Six contacts, of which somebody else had made the sixth."""
    stand_in.seed({"email": email(6)})
    add_names(engine, 6)
    sync(engine, stand_in)
    return engine


def test_contacts_of_names_that_are_gone_are_archived_where_they_are_ours(synced: Engine, stand_in: StandIn) -> None:
    forget_names(synced, 1, 2, 6)
    assert count_orphans(synced, PORTAL, EVERYTHING, PARTITIONS) == OrphanCount(ours=2, others=1)
    assert count_orphans(synced, PORTAL, EVERYTHING, ["other"]) == OrphanCount(ours=1, others=0)
    assert mirror(synced, stand_in).archived == 2
    assert set(stand_in.contacts()) == {email(number) for number in (3, 4, 5, 6)}
    assert count_orphans(synced, PORTAL, EVERYTHING, PARTITIONS) == OrphanCount(ours=0, others=1)
    assert {number: row.outcome for number, row in ledger(synced).items() if number in {1, 2, 3}} == {
        1: "archived",
        2: "archived",
        3: "synced",
    }


def test_contacts_that_the_years_leave_out_are_archived(synced: Engine, stand_in: StandIn) -> None:
    add_years(synced, {1: [1900], 2: [1900, 1950], 3: [1950], 4: [1900], 5: [1950], 6: [1950]})
    scope = ContactScope(min_year=1940)
    assert count_orphans(synced, PORTAL, scope, PARTITIONS) == OrphanCount(ours=2)
    mirror(synced, stand_in, scope)
    assert set(stand_in.contacts()) == {email(number) for number in (2, 3, 5, 6)}


def test_the_former_contacts_of_another_domain_are_archived(synced: Engine, stand_in: StandIn) -> None:
    sync(synced, stand_in, hubspot_email_domain="other.com")
    assert count_orphans(synced, PORTAL, EVERYTHING, PARTITIONS) == OrphanCount(ours=5)
    mirror(synced, stand_in)
    assert set(stand_in.contacts()) == {email(6), *(email(number, "other.com") for number in range(1, 7))}


def test_what_demo_mode_leaves_out_is_no_orphan(synced: Engine) -> None:
    assert count_orphans(synced, PORTAL, ContactScope(first_names=2), PARTITIONS) == OrphanCount()


def test_an_orphan_that_became_a_customer_stays(synced: Engine, stand_in: StandIn) -> None:
    stand_in.seed({"email": "boss@customer.com"})
    stand_in.merge("boss@customer.com", email(1))
    stand_in.edit(email(2), email="real.person@customer.com")
    forget_names(synced, 1, 2)
    report = mirror(synced, stand_in)
    assert (report.archived, report.kept[MERGED]) == (0, 1)
    assert {"boss@customer.com", "real.person@customer.com"} <= set(stand_in.contacts())


def test_a_run_archives_orphans_when_asked_to_and_counts_them_else(synced: Engine, stand_in: StandIn) -> None:
    forget_names(synced, 1, 6)
    plain = sync(synced, stand_in)
    assert (plain.orphaned, plain.mirrored, plain.stopped) == (2, None, None)
    report = sync(synced, stand_in, hubspot_mirror="archive")
    assert report.mirrored is not None
    assert (report.mirrored.archived, report.orphaned, report.stopped) == (1, 1, None)
    assert set(stand_in.contacts()) == {email(number) for number in range(2, 7)}


def test_a_run_archives_only_the_orphans_of_its_partitions(synced: Engine, stand_in: StandIn) -> None:
    forget_names(synced, 1, 2)
    sync(synced, stand_in, partitions=["other"], hubspot_mirror="archive", hubspot_max_archives="off")
    assert set(stand_in.contacts()) == {email(number) for number in (1, 3, 4, 5, 6)}


def test_a_dry_run_archives_nothing(synced: Engine, stand_in: StandIn) -> None:
    forget_names(synced, 1)
    report = sync(synced, stand_in, options=SyncOptions(dry_run=True), hubspot_mirror="archive")
    assert (report.orphaned, report.mirrored) == (1, None)
    assert email(1) in stand_in.contacts()


def test_an_emptied_table_empties_no_account(synced: Engine, stand_in: StandIn) -> None:
    forget_names(synced, 1, 2, 3, 4, 5, 6)
    add_names(synced, 1, first=7)
    report = sync(synced, stand_in, hubspot_mirror="archive")
    assert report.stopped is not None
    assert report.stopped.code is ErrorCode.HUBSPOT_GUARD
    assert "5 contacts to archive, at most 1 allowed (HUBSPOT_MAX_ARCHIVES=5% of 6)" in report.stopped.what
    assert (len(stand_in.contacts()), report.total.unsent) == (6, 1)
    overridden = sync(synced, stand_in, options=SyncOptions(override_guards=True), hubspot_mirror="archive")
    assert overridden.stopped is None
    assert set(stand_in.contacts()) == {email(6), email(7)}


def test_an_emptied_table_empties_no_account_partition_by_partition(synced: Engine, stand_in: StandIn) -> None:
    add_names(synced, 60, initials=["C", "D", "E"], first=7)
    sync(synced, stand_in)
    forget_names(synced, *range(1, 67))
    dry = sync(synced, stand_in, options=SyncOptions(dry_run=True), hubspot_mirror="archive")
    assert "65 contacts to archive, at most 3 allowed" in dry.notice
    for initial in "CDE":
        report = sync(synced, stand_in, partitions=[initial], hubspot_mirror="archive", hubspot_max_archives="50%")
        assert report.stopped is not None
        assert "20 contacts to archive, at most 10 allowed (HUBSPOT_MAX_ARCHIVES=50% of 20)" in report.stopped.what
    assert len(stand_in.contacts()) == 66


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hubspot_max_creates": "2"}, "3 contacts to create, at most 2 allowed"),
        ({"hubspot_max_updates": "50%"}, "6 contacts to update, at most 4 allowed"),
    ],
)
def test_guards_are_heeded_before_the_first_write(
    synced: Engine, stand_in: StandIn, settings: dict[str, Any], said: str
) -> None:
    add_names(synced, 3, first=7)
    before = stand_in.contacts()
    report = sync(synced, stand_in, hubspot_extra_properties={"company": "x"}, **settings)
    assert report.stopped is not None
    assert said in report.stopped.what
    assert stand_in.contacts() == before
    meant = SyncOptions(override_guards=True)
    assert sync(synced, stand_in, options=meant, hubspot_extra_properties={"company": "x"}, **settings).stopped is None


def test_a_contact_that_is_somebodys_by_now_is_left_alone_by_every_run(synced: Engine, stand_in: StandIn) -> None:
    stand_in.seed({"email": "boss@customer.com", "firstname": "Boss"})
    stand_in.merge("boss@customer.com", email(1))
    reconcile(synced, stand_in)
    before = stand_in.contacts()["boss@customer.com"]
    with writing(synced) as connection:
        connection.execute(sa.update(baby_names).where(baby_names.c.id == 1).values(name="Renamed"))
    report = sync(synced, stand_in, options=SyncOptions(full_refresh=True))
    assert report.total.kept == 1
    assert stand_in.contacts()["boss@customer.com"] == before
