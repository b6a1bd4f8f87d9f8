"""A plan by run config: nothing is written, and the rows are in a file and in the metadata."""

from pathlib import Path
from typing import Any

import dagster as dg

from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster_tests.support.pipeline import run_graph, write_csv
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn


def test_a_run_can_plan_and_write_nothing(sandbox: Sandbox, tmp_path: Path, instance: dg.DagsterInstance) -> None:
    dataset = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1)])
    config: dict[str, dict[str, Any]] = {"raw_zip": {"path": str(dataset)}, "hubspot_contacts": {"plan": True}}
    result = run_graph(instance, config=config)
    assert result.success
    (observation,) = result.get_asset_observation_events()
    metadata = observation.asset_observation_data.asset_observation.metadata
    assert metadata["planned_create"].value == 2
    path = Path(str(metadata["plan"].value))
    assert len(path.read_text(encoding="utf-8").splitlines()) == 4
    assert StandIn(sandbox.hubspot_url).stats()["contacts"] == 0
