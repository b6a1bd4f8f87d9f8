"""Applying a plan writes its rows and no others; a row that is not as it was reviewed is refused."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster_tests.support.plans import BOSS, apply, email, forget, plan, rename
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, ledger, sync, undo_names


def test_applying_writes_the_rows_of_the_plan_and_no_others(varied: Engine, stand_in: StandIn, tmp_path: Path) -> None:
    path = tmp_path / "plan.jsonl"
    plan(varied, stand_in, path, hubspot_mirror="archive")
    add_names(varied, 3, first=7)
    before = stand_in.contacts()
    report = apply(varied, stand_in, path)
    assert (report.created, report.updated, report.archived, report.refused, report.failed) == (1, 1, 1, 0, 0)
    after = stand_in.contacts()
    assert after.keys() - before.keys() == {email(1)}
    assert before.keys() - after.keys() == {email(6)}
    assert after[email(2)] == {**before[email(2)], "firstname": "Renamed"}
    assert after[BOSS] == before[BOSS]
    entries = ledger(varied)
    assert (entries[1].outcome, entries[2].outcome, entries[6].outcome) == ("synced", "synced", "archived")
    assert entries[1].created_by_us
    again = apply(varied, stand_in, path)
    assert (again.created, again.updated, again.archived, again.refused) == (0, 0, 0, 0)
    assert (again.already, again.was_applied) == (3, True)


def test_a_plan_of_which_a_part_was_applied_counts_that_part_and_writes_the_rest(
    varied: Engine, stand_in: StandIn, tmp_path: Path
) -> None:
    path = tmp_path / "plan.jsonl"
    plan(varied, stand_in, path, hubspot_mirror="archive")
    stand_in.edit(email(2), firstname="Renamed")
    stand_in.archive(email(6))
    report = apply(varied, stand_in, path)
    assert (report.created, report.updated, report.archived, report.refused, report.failed) == (1, 0, 0, 0, 0)
    assert (report.already, report.was_applied) == (2, False)
    again = apply(varied, stand_in, path)
    assert (again.already, again.was_applied, again.done) == (3, True, 3)


def test_a_row_that_is_no_longer_what_was_reviewed_is_refused(
    sqlite_engine: Engine, stand_in: StandIn, tmp_path: Path
) -> None:
    path = tmp_path / "plan.jsonl"
    add_names(sqlite_engine, 9)
    for number in (1, 2, 3):
        stand_in.seed({"email": email(number), "firstname": "Somebody"})
    plan(sqlite_engine, stand_in, path)
    stand_in.edit(email(1), firstname="Else")
    stand_in.archive(email(2))
    stand_in.merge(email(3), email(1))
    rename(sqlite_engine, 4, "Renamed")
    forget(sqlite_engine, 5)
    stand_in.seed({"email": email(6), "firstname": "New there"})
    before = stand_in.contacts()
    report = apply(sqlite_engine, stand_in, path)
    assert (report.created, report.updated, report.refused) == (3, 0, 6)
    why = {item.row.email: item.why for item in report.first_refused}
    assert why[email(4)] == "its name or the mapping has changed"
    assert why[email(5)] == "its name is gone, or no longer meant"
    assert "today it is create" in why[email(2)]
    assert "today it is blocked" in why[email(1)]
    assert "today it is update" in why[email(6)]
    after = stand_in.contacts()
    assert {key: after[key] for key in before} == before
    assert after.keys() - before.keys() == {email(number) for number in (7, 8, 9)}


def test_another_mapping_refuses_every_row(sqlite_engine: Engine, stand_in: StandIn, tmp_path: Path) -> None:
    add_names(sqlite_engine, 4)
    plan(sqlite_engine, stand_in, tmp_path / "plan.jsonl")
    report = apply(sqlite_engine, stand_in, tmp_path / "plan.jsonl", hubspot_email_domain="other.com")
    assert (report.created, report.refused) == (0, 4)
    assert stand_in.contacts() == {}


def test_an_orphan_that_is_meant_again_is_refused(varied: Engine, stand_in: StandIn, tmp_path: Path) -> None:
    path = tmp_path / "plan.jsonl"
    plan(varied, stand_in, path, hubspot_mirror="archive")
    add_names(varied, 1, first=6)
    report = apply(varied, stand_in, path)
    assert (report.archived, report.refused, report.already) == (0, 1, 0)
    assert email(6) in stand_in.contacts()


def test_an_orphan_that_became_a_customer_is_refused(varied: Engine, stand_in: StandIn, tmp_path: Path) -> None:
    path = tmp_path / "plan.jsonl"
    plan(varied, stand_in, path, hubspot_mirror="archive")
    stand_in.merge(BOSS, email(6))
    report = apply(varied, stand_in, path)
    assert (report.archived, report.refused) == (0, 1)
    assert BOSS in stand_in.contacts()


def test_a_plan_belongs_to_a_portal(sqlite_engine: Engine, stand_in: StandIn, tmp_path: Path) -> None:
    add_names(sqlite_engine, 2)
    plan(sqlite_engine, stand_in, tmp_path / "plan.jsonl")
    stand_in.change(portal_id=777)
    with pytest.raises(PipelineError, match="was made for portal 4242") as caught:
        apply(sqlite_engine, stand_in, tmp_path / "plan.jsonl")
    assert caught.value.code is ErrorCode.PLAN_OF_ANOTHER_PORTAL


def test_a_row_that_users_take_right_before_it_is_written_is_counted_as_refused(
    sqlite_engine: Engine, stand_in: StandIn, tmp_path: Path
) -> None:
    path = tmp_path / "plan.jsonl"
    stand_in.seed({"email": BOSS})
    add_names(sqlite_engine, 3)
    sync(sqlite_engine, stand_in)
    plan(sqlite_engine, stand_in, path, SyncOptions(full_refresh=True), hubspot_extra_properties={"company": "B"})
    stand_in.set_faults({"kind": "slow", "path": "/update", "seconds": 1.5})
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(apply, sqlite_engine, stand_in, path, hubspot_extra_properties={"company": "B"})
        until = time.monotonic() + 20
        while not stand_in.writes()[1:]:
            assert time.monotonic() < until
        stand_in.merge(BOSS, email(1))
        report = run.result()
    assert (report.updated, report.refused, report.done) == (2, 1, 3)
    assert "since the look right before it was written to" in report.first_refused[0].why


def test_a_plan_of_which_hubspot_refuses_every_row_is_not_held_against_the_rows(
    sqlite_engine: Engine, stand_in: StandIn, tmp_path: Path
) -> None:
    path = tmp_path / "plan.jsonl"
    add_names(sqlite_engine, 120)
    plan(sqlite_engine, stand_in, path)
    stand_in.set_faults({"kind": "refused_batch", "path": "/create"})
    report = apply(sqlite_engine, stand_in, path)
    assert report.stopped is not None
    assert "refused all 120 contacts that were sent" in report.stopped.what
    assert "VALIDATION_ERROR: The batch is not valid." in report.stopped.what
    stand_in.set_faults()
    assert sync(sqlite_engine, stand_in).total.created == 120


def test_a_contact_that_was_archived_since_the_plan_is_not_made_again(
    sqlite_engine: Engine, stand_in: StandIn, tmp_path: Path
) -> None:
    path = tmp_path / "plan.jsonl"
    add_names(sqlite_engine, 2)
    plan(sqlite_engine, stand_in, path)
    sync(sqlite_engine, stand_in)
    settings = stand_in.settings(sqlite_engine)
    with open_client(settings.account, sqlite_engine) as client:
        undo_names(sqlite_engine, client, settings)
    report = apply(sqlite_engine, stand_in, path)
    assert (report.created, [item.why for item in report.first_refused]) == (0, ["it has been archived"] * 2)
    assert stand_in.contacts() == {}
