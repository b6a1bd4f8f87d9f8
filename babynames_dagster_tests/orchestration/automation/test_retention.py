"""Old runs go, those behind the present state stay."""

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import dagster as dg
import pytest

from babynames_dagster.definitions import build_definitions
from babynames_dagster.orchestration.automation.retention import TIDY_JOB, delete_old_runs
from babynames_dagster.settings import load_settings

LETTERS = dg.StaticPartitionsDefinition(["A", "B"])


@dg.asset
def file() -> None:
    """Something that is materialized."""


@dg.asset(partitions_def=LETTERS)
def contacts() -> None:
    """Something in partitions."""


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


def test_runs_of_before_go_with_their_events_but_not_those_behind_what_is_there(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    def materialize(asset: dg.AssetsDefinition, partition: str | None = None) -> str:
        return dg.materialize([asset], instance=instance, partition_key=partition).run_id

    first, second = materialize(file), materialize(file)
    of_a, of_b, of_b_again = materialize(contacts, "A"), materialize(contacts, "B"), materialize(contacts, "B")
    job = dg.Definitions(assets=[file]).resolve_implicit_global_asset_job_def()
    under_way = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED).run_id
    limit = datetime.now(timezone.utc)
    later = materialize(file)
    again = materialize(file)
    assert delete_old_runs(instance, [file.key, contacts.key], [], before=limit) == 3
    assert {run.run_id for run in instance.get_runs()} == {of_a, of_b_again, under_way, later, again}
    assert not [path for path in tmp_path.rglob("*") for gone in (first, second, of_b) if gone in path.name]
    left = instance.fetch_materializations(dg.AssetRecordsFilter(asset_key=file.key), limit=10).records
    assert [record.run_id for record in left] == [again, later]
    assert instance.get_materialized_partitions(contacts.key) == {"A", "B"}


def test_runs_of_other_code_locations_stay(instance: dg.DagsterInstance) -> None:
    @dg.asset
    def theirs() -> None:
        """An asset that this project knows nothing of."""

    @dg.job(name="theirs_daily")
    def job() -> None:
        """A job of the same kind."""

    others = [dg.materialize([theirs], instance=instance).run_id for _ in range(2)]
    others += [dg.materialize([file, theirs], instance=instance).run_id]
    others += [job.execute_in_process(instance=instance).run_id]
    ours = dg.define_asset_job("ours", [file])
    resolved = dg.Definitions(assets=[file], jobs=[ours]).resolve_job_def("ours")
    for _ in range(2):
        last = resolved.execute_in_process(instance=instance).run_id
    limit = datetime.now(timezone.utc)
    assert delete_old_runs(instance, [file.key], ["ours"], before=limit) == 1
    assert {run.run_id for run in instance.get_runs()} == {*others, last}


def test_the_job_keeps_runs_of_the_last_days_and_all_where_that_is_asked_for(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days in ("90", "0"):
        monkeypatch.setenv("RUNS_KEPT_DAYS", days)
        job = build_definitions(load_settings()).resolve_job_def(TIDY_JOB)
        assert job.execute_in_process(instance=instance).success
    assert len(instance.get_runs()) == 2
