"""Asset checks pass on a sound pipeline, and each fails where its own matter is wrong."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from babynames_dagster.database.tables import baby_name_years, baby_names, hubspot_contacts, loads
from babynames_dagster.definitions import resources_of
from babynames_dagster.orchestration.assets.checks import (
    births_belong_to_names,
    few_rows_are_rejected,
    rows_add_up,
    rows_match_last_load,
    zip_matches_its_record,
)
from babynames_dagster.orchestration.assets.hubspot_checks import contacts_reconciled
from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster.settings import load_settings
from babynames_dagster_tests.support.command import run_babynames
from babynames_dagster_tests.support.pipeline import run_graph, write_csv
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn

ALL_CHECKS = {
    "zip_matches_its_record",
    "rows_add_up",
    "few_rows_are_rejected",
    "births_belong_to_names",
    "rows_match_last_load",
    "ledger_matches_table",
    "sample_reads_back",
    "contacts_reconciled",
}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1)])


def failed_checks(result: dg.ExecuteInProcessResult) -> set[str]:
    return {check.check_name for check in result.get_asset_check_evaluations() if not check.passed}


def evaluate(check: dg.AssetChecksDefinition) -> dg.AssetCheckEvaluation:
    """Execute one check alone, as the button of the UI does."""
    definitions = dg.Definitions(asset_checks=[check], resources=resources_of(load_settings()))
    job = definitions.resolve_implicit_global_asset_job_def()
    (evaluation,) = job.execute_in_process(raise_on_error=False).get_asset_check_evaluations()
    return evaluation


def numbers(evaluation: dg.AssetCheckEvaluation) -> dict[str, Any]:
    return {key: value.value for key, value in evaluation.metadata.items()}


@pytest.fixture
def year_filter(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that makes `baby_name_years` part of the job."""
    del sandbox  # which forgets the settings of before, and so has to come first
    monkeypatch.setenv("MIN_YEAR", "1900")


def load_both_tables(instance: dg.DagsterInstance, dataset: Path) -> None:
    tables = ["raw_zip", "baby_names_table", "baby_name_years"]
    assert run_graph(instance, assets=tables, config={"raw_zip": {"path": str(dataset)}}).success


@pytest.mark.usefixtures("year_filter")
def test_all_checks_pass_after_a_sound_run(dataset: Path, instance: dg.DagsterInstance) -> None:
    result = run_graph(instance, config={"raw_zip": {"path": str(dataset)}})
    assert {check.check_name for check in result.get_asset_check_evaluations()} == ALL_CHECKS
    assert failed_checks(result) == set()


def test_a_contact_changed_in_hubspot_is_a_warning_with_both_values(
    sandbox: Sandbox, dataset: Path, instance: dg.DagsterInstance
) -> None:
    run_graph(instance, config={"raw_zip": {"path": str(dataset)}})
    StandIn(sandbox.hubspot_url).edit("john.m@babynamesdemo.com", firstname="Somebody else")
    result = run_graph(instance, assets=["hubspot_contacts"])
    (check,) = [check for check in result.get_asset_check_evaluations() if not check.passed]
    assert (check.check_name, check.severity) == ("sample_reads_back", dg.AssetCheckSeverity.WARN)
    assert check.description == "John (M) changed: firstname: John -> Somebody else"
    (record,) = numbers(check)["differences"].records
    assert record.data == {
        "name": "John (M)",
        "email": "john.m@babynamesdemo.com",
        "found": "changed",
        "property": "firstname",
        "ours": "John",
        "theirs": "Somebody else",
    }


def test_what_sales_does_with_leads_is_no_news(sandbox: Sandbox, dataset: Path, instance: dg.DagsterInstance) -> None:
    run_graph(instance, config={"raw_zip": {"path": str(dataset)}})
    values = {"hs_lead_status": "CONNECTED", "lifecyclestage": "customer"}
    StandIn(sandbox.hubspot_url).edit("john.m@babynamesdemo.com", **values)
    assert failed_checks(run_graph(instance, assets=["hubspot_contacts"])) == set()


def test_contacts_that_reconciling_found_changed_are_counted_to_the_last(
    sandbox: Sandbox, instance: dg.DagsterInstance, tmp_path: Path, url: str
) -> None:
    names = [f"Ann{chr(ord('a') + number)}" for number in range(12)]
    path = write_csv(tmp_path / "names.csv", [(1990, name, "F", 1) for name in names])
    assert run_graph(instance, config={"raw_zip": {"path": str(path)}}).success
    for name in names:
        StandIn(sandbox.hubspot_url).edit(f"{name.lower()}.f@babynamesdemo.com", firstname="Other")
    environment = {**sandbox.environment, "DATABASE_URL": url}
    assert run_babynames("reconcile", folder=tmp_path, environment=environment).returncode == 0
    found = evaluate(contacts_reconciled)
    assert not found.passed
    assert (found.description or "").endswith("; and 7 more")


def test_a_contact_whose_name_is_gone_is_counted_and_no_error(
    sandbox: Sandbox, dataset: Path, instance: dg.DagsterInstance, url: str
) -> None:
    del sandbox
    run_graph(instance, config={"raw_zip": {"path": str(dataset)}})
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.delete(baby_names).where(baby_names.c.name == "John"))
    result = run_graph(instance, assets=["hubspot_contacts"])
    assert failed_checks(result) == set()
    (check,) = [check for check in result.get_asset_check_evaluations() if check.check_name == "ledger_matches_table"]
    assert numbers(check)["contacts_orphaned"] == 1
    with engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(hubspot_contacts)).scalar_one() == 2
    engine.dispose()


def test_counts_that_do_not_add_up_are_found(
    sandbox: Sandbox, dataset: Path, instance: dg.DagsterInstance, url: str
) -> None:
    del sandbox
    run_graph(instance, assets=["raw_zip", "baby_names_table"], config={"raw_zip": {"path": str(dataset)}})
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.update(loads).values(rows_duplicate=5))
    engine.dispose()
    assert failed_checks(run_graph(instance, assets=["baby_names_table"])) == {"rows_add_up"}


def test_too_many_rejects_block_the_sync(
    sandbox: Sandbox, dataset: Path, instance: dg.DagsterInstance, url: str
) -> None:
    run_graph(instance, assets=["raw_zip", "baby_names_table"], config={"raw_zip": {"path": str(dataset)}})
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.update(loads).values(rows_rejected=2, rows_inserted=0))
    engine.dispose()
    result = run_graph(instance, assets=["baby_names_table", "hubspot_contacts"])
    assert "few_rows_are_rejected" in failed_checks(result)
    assert not result.success
    assert StandIn(sandbox.hubspot_url).stats()["contacts"] == 0


def test_a_file_that_changed_after_it_was_recorded_is_found(
    sandbox: Sandbox, dataset: Path, instance: dg.DagsterInstance
) -> None:
    del sandbox
    run_graph(instance, assets=["raw_zip"], config={"raw_zip": {"path": str(dataset)}})
    dataset.write_text("YearOfBirth,Name,Sex,Number\n1990,Eve,F,1\n")
    result = run_graph(instance, assets=["baby_names_table"])
    assert not result.success
    failure = result.get_step_failure_events()[0].step_failure_data.user_failure_data
    assert failure is not None
    assert failure.metadata["code"].value == "FILE_CHANGED"


@pytest.mark.usefixtures("year_filter")
def test_births_of_a_name_that_is_gone_are_found(dataset: Path, instance: dg.DagsterInstance, url: str) -> None:
    load_both_tables(instance, dataset)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.delete(baby_names).where(baby_names.c.name == "John"))
    engine.dispose()
    gone = evaluate(births_belong_to_names)
    assert (gone.passed, numbers(gone)) == (False, {"names_missing": 1})
    assert evaluate(rows_match_last_load).passed


@pytest.mark.usefixtures("year_filter")
def test_births_that_were_deleted_are_missed(dataset: Path, instance: dg.DagsterInstance, url: str) -> None:
    load_both_tables(instance, dataset)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.delete(baby_name_years).where(baby_name_years.c.name_id == 1))
    engine.dispose()
    missed = evaluate(rows_match_last_load)
    assert (missed.passed, numbers(missed)) == (
        False,
        {"load_id": "2", "rows_counted": 2, "rows_found": 1, "rows_of_loads_beside": 0},
    )
    assert evaluate(births_belong_to_names).passed


@pytest.mark.usefixtures("year_filter")
def test_births_that_a_load_beside_the_last_one_met_are_there(
    dataset: Path, instance: dg.DagsterInstance, url: str
) -> None:
    load_both_tables(instance, dataset)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        [last] = connection.execute(sa.select(loads).where(loads.c.target == "baby_name_years")).mappings()
        beside = {**last, "id": 99, "started_at": last["started_at"] - timedelta(hours=1), "finished_at": None}
        connection.execute(sa.insert(loads).values(**{**beside, "state": "failed"}))
        connection.execute(sa.update(baby_name_years).where(baby_name_years.c.name_id == 1).values(load_id=99))
    assert evaluate(rows_match_last_load).passed
    with engine.begin() as connection:
        connection.execute(sa.delete(baby_name_years).where(baby_name_years.c.name_id == 2))
    engine.dispose()
    assert not evaluate(rows_match_last_load).passed


def test_the_checks_of_a_load_say_what_they_compared(
    sandbox: Sandbox, dataset: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    del sandbox
    monkeypatch.setenv("REJECT_LIMIT", "0.5")
    dataset.write_text(dataset.read_text(encoding="utf-8") + "1990,,F,1\n1991,Mary,F,2\n", encoding="utf-8")
    run_graph(instance, assets=["raw_zip", "baby_names_table"], config={"raw_zip": {"path": str(dataset)}})
    assert numbers(evaluate(rows_add_up)) == {
        "file": "names.csv",
        "rows_read": 4,
        "rows_inserted": 2,
        "rows_present": 0,
        "rows_duplicate": 1,
        "rows_rejected": 1,
        "rows_accounted_for": 4,
    }
    assert numbers(evaluate(few_rows_are_rejected)) == {
        "file": "names.csv",
        "rows_read": 4,
        "rows_rejected": 1,
        "rejected_share": 0.25,
        "reject_limit": 0.5,
    }


@pytest.mark.parametrize("check", [rows_add_up, few_rows_are_rejected, rows_match_last_load])
def test_a_check_of_a_load_fails_where_none_has_finished(sandbox: Sandbox, check: dg.AssetChecksDefinition) -> None:
    del sandbox
    assert not evaluate(check).passed


def test_a_file_with_another_content_than_recorded_is_found(
    sandbox: Sandbox, dataset: Path, instance: dg.DagsterInstance
) -> None:
    del sandbox
    run_graph(instance, assets=["raw_zip"], config={"raw_zip": {"path": str(dataset)}})
    assert evaluate(zip_matches_its_record).passed
    dataset.write_text("YearOfBirth,Name,Sex,Number\n1990,Eve,F,1\n")
    changed = evaluate(zip_matches_its_record)
    assert not changed.passed
    assert numbers(changed)["found"] != numbers(changed)["recorded"]
    dataset.unlink()
    assert not evaluate(zip_matches_its_record).passed


def test_the_check_of_the_file_fails_where_there_is_none(sandbox: Sandbox) -> None:
    del sandbox
    assert not evaluate(zip_matches_its_record).passed


def test_rejects_are_judged_of_the_file_of_this_run_and_not_of_the_last_one_that_was_loaded(
    sandbox: Sandbox, dataset: Path, instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del sandbox
    monkeypatch.setenv("REJECT_LIMIT", "0.6")
    bad = write_csv(tmp_path / "bad.csv", [(1990, "Ada", "F", 1), (1990, "", "F", 1)])
    tables = ["raw_zip", "baby_names_table"]
    for path in (dataset, bad):
        assert run_graph(instance, assets=tables, config={"raw_zip": {"path": str(path)}}).success
    monkeypatch.setenv("REJECT_LIMIT", "0.1")
    good_again = run_graph(instance, config={"raw_zip": {"path": str(dataset)}})
    assert good_again.success
    assert failed_checks(good_again) == set()
    bad_again = run_graph(instance, assets=tables, config={"raw_zip": {"path": str(bad)}})
    assert failed_checks(bad_again) == {"few_rows_are_rejected"}
