"""A dry run takes the run's own decisions, without a write."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine, writing
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster.database.tables import baby_names, hubspot_contacts
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.sync.report import ContactCounts, SyncOptions
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn, standing_in
from babynames_dagster_tests.support.syncing import add_names, expected_contacts, ledger, reconcile, sync, undo_names


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


DRY = {"dry_run": True}


@contextmanager
def account() -> Iterator[tuple[Engine, StandIn]]:
    with tempfile.TemporaryDirectory() as folder, standing_in(Path(folder)) as stand_in:
        engine = open_engine(make_url(f"sqlite:///{folder}/one.db"))
        upgrade(engine)
        try:
            yield engine, stand_in
        finally:
            engine.dispose()


def outcomes(counts: ContactCounts) -> dict[str, int]:
    return {name: value for name, value in vars(counts).items() if name != "same"}


NAMES = 6


ACTIONS = st.one_of(
    st.tuples(st.just("sync"), st.lists(st.sampled_from("ABC"), min_size=1, max_size=3, unique=True)),
    st.tuples(st.just("edit"), st.integers(1, NAMES)),
    st.tuples(st.just("delete"), st.integers(1, NAMES)),
    st.tuples(st.just("seed"), st.integers(1, NAMES)),
    st.tuples(st.just("rename"), st.integers(1, NAMES)),
    st.tuples(st.just("undo"), st.just(0)),
    st.tuples(st.just("poison"), st.integers(1, NAMES)),
    st.tuples(st.just("forget"), st.integers(1, NAMES)),
    st.tuples(st.just("merge"), st.integers(1, NAMES)),
    st.tuples(st.just("take"), st.integers(1, NAMES)),
    st.tuples(st.just("add_email"), st.integers(1, NAMES)),
    st.tuples(st.just("reconcile"), st.just(0)),
)


def become_somebodys(stand_in: StandIn, action: str, email: str) -> None:
    """Let a contact of ours, or its email, become a customer's."""
    held, boss = stand_in.contacts(), f"boss.of.{email}"
    others = {other for contact in held.values() for other in contact.get("hs_additional_emails", "").split(";")}
    if action == "take" and email in held and boss not in {*held, *others}:
        stand_in.edit(email, email=boss)
    elif action == "merge" and email in held and boss not in {*held, *others}:
        stand_in.seed({"email": boss, "firstname": "Boss"})
        stand_in.merge(boss, email)
    elif action == "add_email" and email not in {*held, *others} and boss not in {*held, *others}:
        stand_in.seed({"email": boss, "firstname": "Boss"})
        stand_in.add_secondary_email(boss, email)


def play(engine: Engine, stand_in: StandIn, action: str, what: Any) -> None:  # noqa: ANN401 - by action
    email = f"name{what}.{'mf'[what % 2]}@babynamesdemo.com" if isinstance(what, int) else ""
    there = stand_in.contacts()
    if action == "sync":
        sync(engine, stand_in, partitions=what)
    elif action == "edit" and email in there:
        stand_in.edit(email, firstname="Edited", hs_lead_status="")
    elif action == "delete" and email in there:
        stand_in.delete(email)
    elif action == "seed" and email not in there:
        stand_in.seed({"email": email, "firstname": f"Name{what}"})
    elif action in {"merge", "take", "add_email"}:
        become_somebodys(stand_in, action, email)
    elif action == "reconcile":
        reconcile(engine, stand_in)
    elif action == "undo":
        wanted = stand_in.settings(engine, hubspot_max_archives="100%")
        with open_client(wanted.account, engine) as client:
            undo_names(engine, client, wanted)
    elif action in {"rename", "poison"}:
        change = {"name": f"Other{what}"} if action == "rename" else {"slug": f"two..dots{what}"}
        with writing(engine) as connection:
            connection.execute(sa.update(baby_names).where(baby_names.c.id == what).values(**change))
    elif action == "forget":
        with writing(engine) as connection:
            connection.execute(sa.delete(hubspot_contacts).where(hubspot_contacts.c.row_key == str(what)))


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(ACTIONS, max_size=6),
    st.sampled_from(["overwrite", "fill_empty", "create_only", "update_only"]),
    st.fixed_dictionaries(
        {"full_refresh": st.booleans(), "retry_rejected": st.booleans(), "initial_values": st.booleans()}
    ),
    st.sampled_from(["NEW", "OPEN"]),
)
def test_a_dry_run_says_what_the_run_then_does(
    actions: list[tuple[str, Any]], policy: str, asked: dict[str, bool], lead_status: str
) -> None:
    with account() as (engine, stand_in):
        add_names(engine, NAMES, initials=["A", "B", "C"])
        for action, what in actions:
            play(engine, stand_in, action, what)
        wanted = {"hubspot_write_policy": policy, "hubspot_lead_status": lead_status}
        before = (stand_in.contacts(), ledger(engine))
        foreseen = sync(engine, stand_in, options=SyncOptions(**asked, **DRY), **wanted)
        assert (stand_in.contacts(), ledger(engine)) == before
        done = sync(engine, stand_in, options=SyncOptions(**asked), **wanted)
        if done.stopped is None:
            assert outcomes(foreseen.total) == outcomes(done.total)
        else:
            assert foreseen.total.rejected == done.total.failed
