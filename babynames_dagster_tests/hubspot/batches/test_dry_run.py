"""What a dry run foresees, without a write."""

from sqlalchemy.engine import Engine

from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, expected_contacts, ledger, sync


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
