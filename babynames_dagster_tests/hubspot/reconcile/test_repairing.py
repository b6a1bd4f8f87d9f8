"""A repair writes what was changed, within policy and guards, and says why where it could not."""

from typing import Any

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.states import Finding
from babynames_dagster.errors import ErrorCode
from babynames_dagster.hubspot.archive.undo import contacts_to_undo
from babynames_dagster.hubspot.batches.policy import WritePolicy
from babynames_dagster.hubspot.guards import Guards
from babynames_dagster_tests.support.plans import BOSS, email
from babynames_dagster_tests.support.stand_ins.hubspot import LEDGER, StandIn
from babynames_dagster_tests.support.syncing import add_names, ledger, reconcile, sync


def test_a_value_that_the_account_makes_its_own_is_found_out_by_repairing(engine: Engine, stand_in: StandIn) -> None:
    stand_in.change(rewrites={"lastname": "n/a"})
    add_names(engine, 3)
    sync(engine, stand_in)
    assert reconcile(engine, stand_in).total == {Finding.CHANGED: 3}
    assert reconcile(engine, stand_in, repair=True).total == {Finding.REWRITTEN: 3}
    last = reconcile(engine, stand_in, repair=True)
    assert (last.total, last.repaired) == ({Finding.SAME: 3}, 0)


def test_a_repair_writes_what_was_changed_and_nothing_beside_it(synced: Engine, stand_in: StandIn) -> None:
    stand_in.edit(email(1), firstname="Johnny", hs_lead_status="CONNECTED", company="Users' own")
    merged = stand_in.merge(BOSS, email(2))
    stand_in.edit(email(3), email="real.person@customer.com", firstname="Real")
    before = stand_in.contacts()
    report = reconcile(synced, stand_in, repair=True)
    assert (report.repaired, report.failed) == (1, 0)
    after = stand_in.contacts()
    assert after[email(1)] == {**before[email(1)], "firstname": "Name1"}
    assert after[BOSS]["hs_object_id"] == merged
    assert {key: after[key] for key in after if key != email(1)} == {
        key: before[key] for key in before if key != email(1)
    }
    assert reconcile(synced, stand_in).total[Finding.CHANGED] == 0


@pytest.mark.parametrize(
    ("policy", "firstname", "lastname"),
    [
        (WritePolicy.OVERWRITE, "Name1", "Female"),
        (WritePolicy.UPDATE_ONLY, "Name1", "Female"),
        (WritePolicy.FILL_EMPTY, "Johnny", "Female"),
        (WritePolicy.CREATE_ONLY, "Johnny", ""),
    ],
)
def test_a_repair_keeps_to_the_policy(
    sqlite_engine: Engine, stand_in: StandIn, policy: WritePolicy, firstname: str, lastname: str
) -> None:
    add_names(sqlite_engine, 2)
    sync(sqlite_engine, stand_in)
    stand_in.edit(email(1), firstname="Johnny", lastname="")
    reconcile(sqlite_engine, stand_in, repair=True, policy=policy)
    held = stand_in.contacts()[email(1)]
    assert (held["firstname"], held["lastname"]) == (firstname, lastname)


def test_what_users_archived_is_made_again_only_when_asked_for(synced: Engine, stand_in: StandIn) -> None:
    stand_in.archive(email(1), email(2))
    stand_in.seed({"email": email(2), "firstname": "Somebody's own"})
    assert reconcile(synced, stand_in, repair=True).recreated == 0
    assert sync(synced, stand_in).total.archived == 2
    report = reconcile(synced, stand_in, recreate=True)
    assert report.recreated == 1
    assert stand_in.contacts()[email(1)]["firstname"] == "Name1"
    assert stand_in.contacts()[email(2)]["firstname"] == "Somebody's own"
    assert ledger(synced)[1].outcome == "synced"
    assert contacts_to_undo(synced, LEDGER) == 5


def test_guards_hold_a_repair_back(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 10)
    sync(sqlite_engine, stand_in)
    for number in (1, 2, 3):
        stand_in.edit(email(number), firstname="Johnny")
    report = reconcile(sqlite_engine, stand_in, repair=True, guards=Guards(updates="2"))
    assert report.stopped is not None
    assert report.stopped.code is ErrorCode.HUBSPOT_GUARD
    assert "3 contacts to update, at most 2 allowed" in report.stopped.what
    assert (report.total[Finding.CHANGED], report.repaired) == (3, 0)
    assert stand_in.contacts()[email(1)]["firstname"] == "Johnny"
    assert reconcile(sqlite_engine, stand_in, repair=True, guards=Guards(updates="2", overridden=True)).repaired == 3


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"kind": "server_error"}, "internal error"),
        ({"kind": "refused_batch"}, "The batch is not valid."),
        ({"kind": "missing_rows"}, "HubSpot's answer does not mention the row"),
    ],
)
def test_a_repair_that_fails_says_why(
    sqlite_engine: Engine, stand_in: StandIn, fault: dict[str, Any], said: str
) -> None:
    add_names(sqlite_engine, 2)
    sync(sqlite_engine, stand_in)
    stand_in.edit(email(1), firstname="Johnny")
    stand_in.archive(email(2))
    stand_in.set_faults({**fault, "path": "/update"}, {**fault, "path": "/create"})
    repaired = reconcile(sqlite_engine, stand_in, repair=True, max_retries=0)
    recreated = reconcile(sqlite_engine, stand_in, recreate=True, max_retries=0)
    for report in (repaired, recreated):
        assert (report.failed, report.problem and report.problem.message) == (1, said)


def test_a_contact_that_was_made_again_unrecorded_is_found_by_making_it_again(
    sqlite_engine: Engine, stand_in: StandIn
) -> None:
    add_names(sqlite_engine, 1)
    sync(sqlite_engine, stand_in)
    stand_in.archive(email(1))
    stand_in.set_faults({"kind": "reset_after", "path": "/create"})
    assert reconcile(sqlite_engine, stand_in, recreate=True, max_retries=0).failed == 1
    stand_in.set_faults()
    stand_in.edit(email(1), hs_lead_status="CONNECTED")
    assert reconcile(sqlite_engine, stand_in, recreate=True).recreated == 1
    assert stand_in.contacts()[email(1)]["hs_lead_status"] == "CONNECTED"
    assert ledger(sqlite_engine)[1].outcome == "synced"
