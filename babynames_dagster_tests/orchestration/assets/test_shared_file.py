"""Steps of one run, and runs of one instance, on machines that share a database and a store, and no folder."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from babynames_dagster_tests.support.pipeline import run_graph
from babynames_dagster_tests.support.servers.object_store import BUCKET, ObjectStore, running_object_store


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    with running_object_store() as served:
        for name, value in {**served.environment, "DATASET_STORE": f"s3://{BUCKET}/names"}.items():
            monkeypatch.setenv(name, value)
        yield served


@pytest.mark.usefixtures("chromium", "sandbox")
def test_a_table_is_loaded_where_the_file_never_was(
    store: ObjectStore,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "one"))
    monkeypatch.delenv("DOWNLOAD_DIR", raising=False)
    assert run_graph(instance, assets=["raw_zip"]).success
    assert len(store.objects()) == 3
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "two"))
    loaded = run_graph(instance, assets=["baby_names_table"])
    assert loaded.success
    assert loaded.asset_materializations_for_node("baby_names_table")[0].metadata["rows_inserted"].value


@pytest.mark.usefixtures("chromium", "sandbox", "store")
def test_an_empty_machine_asks_the_store_before_kaggle(
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.delenv("DOWNLOAD_DIR", raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "one"))
    assert run_graph(instance, assets=["raw_zip"]).success
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "two"))
    monkeypatch.setenv("KAGGLE_BASE_URL", "http://127.0.0.1:9")
    again = run_graph(instance, assets=["raw_zip"])
    assert again.success
    assert again.asset_materializations_for_node("raw_zip")[0].metadata["how"].value == "kept"
