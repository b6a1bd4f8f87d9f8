"""Asset checks pass on a sound pipeline, and each fails where its own matter is wrong."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import requests
import sqlalchemy as sa

from babynames_dagster.database.tables import baby_names, hubspot_contacts, loads
from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster_tests.support.pipeline import pointed_at_sandbox, run_graph, write_csv

ALL_CHECKS = {
    "zip_matches_its_record",
    "raw_zip_is_fresh",
    "rows_add_up",
    "few_rows_are_rejected",
    "slugs_are_unique",
    "sex_is_m_or_f",
    "ledger_matches_table",
    "sample_reads_back",
}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'names.db'}"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str) -> Iterator[Sandbox]:
    with pointed_at_sandbox(monkeypatch, tmp_path, url) as served:
        yield served


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1)])


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as made:
        yield made


def failed_checks(result: dg.ExecuteInProcessResult) -> set[str]:
    return {check.check_name for check in result.get_asset_check_evaluations() if not check.passed}


def test_all_checks_pass_after_a_sound_run(sandbox: Sandbox, dataset: Path, instance: dg.DagsterInstance) -> None:
    del sandbox
    result = run_graph(instance, config={"raw_zip": {"path": str(dataset)}})
    assert {check.check_name for check in result.get_asset_check_evaluations()} == ALL_CHECKS
    assert failed_checks(result) == set()


def test_a_contact_changed_in_hubspot_is_found_by_reading_back(
    sandbox: Sandbox, dataset: Path, instance: dg.DagsterInstance
) -> None:
    run_graph(instance, config={"raw_zip": {"path": str(dataset)}})
    answer = requests.post(
        f"{sandbox.hubspot_url}/crm/v3/objects/contacts/batch/upsert",
        headers={"Authorization": f"Bearer {sandbox.environment['HUBSPOT_ACCESS_TOKEN']}"},
        json={
            "inputs": [
                {
                    "id": "john.m@babynamesdemo.com",
                    "idProperty": "email",
                    "properties": {"email": "john.m@babynamesdemo.com", "firstname": "Somebody else"},
                }
            ]
        },
        timeout=10,
    )
    assert answer.status_code == 200
    assert failed_checks(run_graph(instance, assets=["hubspot_contacts"])) == {"sample_reads_back"}


def test_an_acknowledged_contact_without_a_name_is_found(
    sandbox: Sandbox, dataset: Path, instance: dg.DagsterInstance, url: str
) -> None:
    del sandbox
    run_graph(instance, config={"raw_zip": {"path": str(dataset)}})
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.delete(baby_names).where(baby_names.c.name == "John"))
    assert failed_checks(run_graph(instance, assets=["hubspot_contacts"])) == {"ledger_matches_table"}
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
    assert requests.get(f"{sandbox.hubspot_url}/_sandbox/stats", timeout=10).json()["contacts"] == 0


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
