"""Initial values, write policies, and a dry run that takes the run's own decisions."""

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
from babynames_dagster_tests.support.syncing import add_names, ledger, reconcile, sync, undo_names

EMAIL = "name1.f@babynamesdemo.com"
DRY = {"dry_run": True}


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
