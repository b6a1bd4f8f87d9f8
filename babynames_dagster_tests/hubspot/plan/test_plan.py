"""A plan says row by row what a run would do, and applying it does just that, or refuses the row."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import writing
from babynames_dagster.database.tables import baby_names
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.guards import Guards
from babynames_dagster.hubspot.plan.apply_report import ApplyReport
from babynames_dagster.hubspot.plan.applying import Applier
from babynames_dagster.hubspot.plan.making import PlanReport, Wanted
from babynames_dagster.hubspot.plan.rows import Planned
from babynames_dagster.hubspot.plan.saving import save_plan
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster.names.contacts.source import NameSource
from babynames_dagster.settings import Settings
from babynames_dagster_tests.support.stand_ins.hubspot import (
    PARTITIONS,
    TOKEN,
    StandIn,
    add_names,
    expected_contacts,
    held_contacts,
    ledger,
    reconcile,
    sync,
    undo_names,
)

OVERRIDDEN = Guards(overridden=True)


def email(number: int, domain: str = "babynamesdemo.com") -> str:
    return f"name{number}.{'mf'[number % 2]}@{domain}"


NOTHING_ELSE = SyncOptions()


def wanted(engine: Engine, settings: Settings, options: SyncOptions = NOTHING_ELSE) -> Wanted:
    return Wanted.from_settings(
        settings.hubspot, NameSource.from_settings(engine, settings.hubspot), PARTITIONS, options
    )


def plan(
    engine: Engine,
    stand_in: StandIn,
    path: Path | None = None,
    options: SyncOptions = NOTHING_ELSE,
    **overrides: Any,  # noqa: ANN401 - the settings' own types
) -> PlanReport:
    settings = stand_in.settings(engine, **overrides)
    with open_client(settings.account, engine) as client:
        return save_plan(client, wanted(engine, settings, options), path, max_in_flight=4)


def apply(
    engine: Engine,
    stand_in: StandIn,
    path: Path,
    guards: Guards = OVERRIDDEN,
    **overrides: Any,  # noqa: ANN401 - the settings' own types
) -> ApplyReport:
    settings = stand_in.settings(engine, **overrides)
    with open_client(settings.account, engine) as client:
        return Applier(client, engine, path, wanted(engine, settings), guards, max_in_flight=4, wait_seconds=0).run()


def rows_of(path: Path) -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {line["email"]: line for line in lines[1:-1]}


def rename(engine: Engine, number: int, name: str) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(baby_names).where(baby_names.c.id == number).values(name=name))


def forget(engine: Engine, number: int) -> None:
    with writing(engine) as connection:
        connection.execute(sa.delete(baby_names).where(baby_names.c.id == number))


@pytest.fixture
def varied(engine: Engine, stand_in: StandIn) -> Engine:
    """An account with a contact of each kind: 1 is new, 2 renamed, 3 as it is, 4 merged, 5 archived, 6 orphaned."""
    add_names(engine, 5, first=2)
    sync(engine, stand_in)
    add_names(engine, 1)
    rename(engine, 2, "Renamed")
    stand_in.seed({"email": "boss@customer.com", "firstname": "Boss"})
    stand_in.merge("boss@customer.com", email(4))
    rename(engine, 4, "Changed, too")
    forget(engine, 6)
    return engine


def test_a_plan_is_exact_and_writes_nothing(varied: Engine, stand_in: StandIn, tmp_path: Path) -> None:
    before, entries, writes = stand_in.contacts(), ledger(varied), len(stand_in.writes())
    report = plan(varied, stand_in, tmp_path / "plan.jsonl", hubspot_mirror="archive")
    assert (stand_in.contacts(), ledger(varied), len(stand_in.writes())) == (before, entries, writes)
    assert report.totals == {
        Planned.CREATE: 1,
        Planned.UPDATE: 1,
        Planned.UNCHANGED: 2,
        Planned.BLOCKED: 1,
        Planned.ARCHIVE: 1,
    }
    rows = rows_of(tmp_path / "plan.jsonl")
    assert rows[email(1)]["action"] == "create"
    assert rows[email(1)]["changes"]["lifecyclestage"] == {"hubspot": None, "ours": "subscriber"}
    assert rows[email(2)]["action"] == "update"
    assert rows[email(2)]["changes"] == {"firstname": {"hubspot": "Name2", "ours": "Renamed"}}
    assert (rows[email(4)]["action"], "secondary one of boss@customer.com" in rows[email(4)]["reason"]) == (
        "blocked",
        True,
    )
    assert (rows[email(6)]["action"], rows[email(6)]["reason"]) == ("archive", "its name is no longer meant")
    assert TOKEN not in (tmp_path / "plan.jsonl").read_text(encoding="utf-8")


def test_without_the_mirror_orphans_are_counted_and_not_planned(varied: Engine, stand_in: StandIn) -> None:
    report = plan(varied, stand_in)
    assert (report.orphaned, report.totals[Planned.ARCHIVE]) == (1, 0)


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
    assert after["boss@customer.com"] == before["boss@customer.com"]
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
    stand_in.merge("boss@customer.com", email(6))
    report = apply(varied, stand_in, path)
    assert (report.archived, report.refused) == (0, 1)
    assert "boss@customer.com" in stand_in.contacts()


def test_a_plan_belongs_to_a_portal(sqlite_engine: Engine, stand_in: StandIn, tmp_path: Path) -> None:
    add_names(sqlite_engine, 2)
    plan(sqlite_engine, stand_in, tmp_path / "plan.jsonl")
    stand_in.change(portal_id=777)
    with pytest.raises(PipelineError, match="was made for portal 4242") as caught:
        apply(sqlite_engine, stand_in, tmp_path / "plan.jsonl")
    assert caught.value.code is ErrorCode.PLAN_OF_ANOTHER_PORTAL


@pytest.mark.parametrize(
    "spoil", [lambda text: text[: len(text) // 2], lambda _: "", lambda _: "{}\n", lambda _: "[1]"]
)
def test_a_plan_that_is_not_whole_is_refused(
    sqlite_engine: Engine,
    stand_in: StandIn,
    tmp_path: Path,
    spoil: Any,  # noqa: ANN401 - a lambda
) -> None:
    path = tmp_path / "plan.jsonl"
    add_names(sqlite_engine, 4)
    plan(sqlite_engine, stand_in, path)
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(PipelineError) as caught:
        apply(sqlite_engine, stand_in, path)
    assert caught.value.code is ErrorCode.PLAN_INVALID
    assert stand_in.contacts() == {}


def test_guards_hold_a_plan_back(sqlite_engine: Engine, stand_in: StandIn, tmp_path: Path) -> None:
    add_names(sqlite_engine, 4)
    plan(sqlite_engine, stand_in, tmp_path / "plan.jsonl")
    with pytest.raises(PipelineError, match="4 contacts to create, at most 3 allowed"):
        apply(sqlite_engine, stand_in, tmp_path / "plan.jsonl", Guards(creates="3"))
    assert stand_in.contacts() == {}


@pytest.mark.parametrize("policy", ["overwrite", "fill_empty", "create_only", "update_only"])
def test_a_plan_under_any_policy_comes_true(
    sqlite_engine: Engine, stand_in: StandIn, tmp_path: Path, policy: str
) -> None:
    path = tmp_path / "plan.jsonl"
    add_names(sqlite_engine, 6)
    stand_in.seed(
        {"email": email(1), "firstname": "Theirs"},
        {"email": email(2), "firstname": "Name2", "lastname": "Male"},
    )
    planned = plan(sqlite_engine, stand_in, path, hubspot_write_policy=policy)
    report = apply(sqlite_engine, stand_in, path, hubspot_write_policy=policy)
    assert (report.created, report.updated) == (planned.totals[Planned.CREATE], planned.totals[Planned.UPDATE])
    assert (report.refused, report.failed) == (0, 0)
    if policy == "overwrite":
        assert held_contacts(stand_in) == expected_contacts(sqlite_engine, stand_in.settings(sqlite_engine))


def test_what_hubspot_does_not_answer_for_is_neither_planned_nor_written(
    sqlite_engine: Engine, stand_in: StandIn, tmp_path: Path
) -> None:
    path = tmp_path / "plan.jsonl"
    add_names(sqlite_engine, 3)
    stand_in.set_faults({"kind": "pending", "path": "/read"})
    assert plan(sqlite_engine, stand_in, path).totals == {Planned.UNANSWERED: 3}
    stand_in.set_faults()
    assert apply(sqlite_engine, stand_in, path).done == 0


@pytest.mark.parametrize(("full_refresh", "planned"), [(False, {email(2)}), (True, {email(1), email(2)})])
def test_a_plan_that_resends_initial_values_is_applied_as_it_was_reviewed(
    engine: Engine, stand_in: StandIn, tmp_path: Path, *, full_refresh: bool, planned: set[str]
) -> None:
    add_names(engine, 1)
    sync(engine, stand_in, hubspot_lead_status="OPEN")
    add_names(engine, 1, first=2)
    sync(engine, stand_in)
    stand_in.edit(email(1), hs_lead_status="CONNECTED")
    options = SyncOptions(initial_values=True, full_refresh=full_refresh)
    path = tmp_path / "plan.jsonl"
    report = plan(engine, stand_in, path, options, hubspot_lead_status="OPEN")
    rows = rows_of(path)
    assert {address for address, row in rows.items() if row["action"] == "update"} == planned
    assert rows[email(2)]["changes"]["hs_lead_status"] == {"hubspot": "NEW", "ours": "OPEN"}
    applied = apply(engine, stand_in, path, hubspot_lead_status="OPEN")
    assert (applied.updated, applied.refused) == (report.totals[Planned.UPDATE], 0)
    held = {address: contact["hs_lead_status"] for address, contact in stand_in.contacts().items()}
    assert held == {email(1): "OPEN" if full_refresh else "CONNECTED", email(2): "OPEN"}


def test_a_plan_says_of_an_archived_contact_what_makes_it_again(
    engine: Engine, stand_in: StandIn, tmp_path: Path
) -> None:
    add_names(engine, 3)
    sync(engine, stand_in)
    stand_in.archive(email(1))
    stand_in.delete(email(2))
    reconcile(engine, stand_in)
    settings = stand_in.settings(engine)
    with open_client(settings.account, engine) as client:
        undo_names(engine, client, settings)
    report = plan(engine, stand_in, tmp_path / "plan.jsonl")
    assert report.totals == {Planned.BLOCKED: 3}
    rows = rows_of(tmp_path / "plan.jsonl")
    assert [rows[email(number)]["reason"].partition(";")[2] for number in (1, 2, 3)] == [
        " `babynames reconcile --recreate` makes it again",
        " `babynames reconcile --recreate` makes it again",
        " --full-refresh makes it again",
    ]
    assert reconcile(engine, stand_in, recreate=True, guards=OVERRIDDEN).recreated == 2
    assert sync(engine, stand_in, options=SyncOptions(full_refresh=True)).total.created == 1
    assert held_contacts(stand_in) == expected_contacts(engine, settings)


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text + "\n\n",
        lambda text: "\ufeff" + text,
        lambda text: text.replace('"totals": {"create": 4', '"totals": {"create": 0'),
        lambda text: "".join(line for line in text.splitlines(keepends=True) if email(2) not in line),
    ],
)
def test_a_plan_that_a_person_had_in_an_editor_is_what_its_rows_say(
    sqlite_engine: Engine, stand_in: StandIn, tmp_path: Path, edit: Callable[[str], str]
) -> None:
    path = tmp_path / "plan.jsonl"
    add_names(sqlite_engine, 4)
    plan(sqlite_engine, stand_in, path)
    path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8", newline="")
    rows = path.read_text(encoding="utf-8").count('"action": "create"')
    with pytest.raises(PipelineError, match=f"{rows} contacts to create, at most 2 allowed"):
        apply(sqlite_engine, stand_in, path, Guards(creates="2"))
    assert (apply(sqlite_engine, stand_in, path).created, len(stand_in.contacts())) == (rows, rows)


def test_a_row_that_users_take_right_before_it_is_written_is_counted_as_refused(
    sqlite_engine: Engine, stand_in: StandIn, tmp_path: Path
) -> None:
    path = tmp_path / "plan.jsonl"
    stand_in.seed({"email": "boss@customer.com"})
    add_names(sqlite_engine, 3)
    sync(sqlite_engine, stand_in)
    plan(sqlite_engine, stand_in, path, SyncOptions(full_refresh=True), hubspot_extra_properties={"company": "B"})
    stand_in.set_faults({"kind": "slow", "path": "/update", "seconds": 1.5})
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(apply, sqlite_engine, stand_in, path, hubspot_extra_properties={"company": "B"})
        until = time.monotonic() + 20
        while not stand_in.writes()[1:]:
            assert time.monotonic() < until
        stand_in.merge("boss@customer.com", email(1))
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
