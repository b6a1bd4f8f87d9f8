"""A plan says row by row what a run would do, writes nothing, and comes true."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.guards import Guards
from babynames_dagster.hubspot.plan.rows import Planned
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster_tests.support.plans import OVERRIDDEN, apply, email, plan, rows_of
from babynames_dagster_tests.support.stand_ins.hubspot import TOKEN, StandIn
from babynames_dagster_tests.support.syncing import (
    add_names,
    expected_contacts,
    held_contacts,
    ledger,
    reconcile,
    sync,
    undo_names,
)


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
