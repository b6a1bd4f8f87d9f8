"""`babynames sandbox --ui`: stand-ins and UI by one command, with settings that fit."""

import signal
from pathlib import Path

from babynames_dagster_tests.support.command import start_script
from babynames_dagster_tests.support.pipeline import write_csv
from babynames_dagster_tests.support.servers.mariadb import free_port
from babynames_dagster_tests.support.ui.server import DagsterUI, launch_and_wait

LOCATIONS = """
{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus locationOrLoadError { __typename } } } } }
"""
CHECKS = """
query ($asset: AssetKeyInput!) {
  assetNodeOrError(assetKey: $asset) { ... on AssetNode { assetChecksOrError { ... on AssetChecks { checks {
    name executionForLatestMaterialization { status }
  } } } } }
}
"""
REAL_ENV = """\
DATABASE_URL=sqlite:///{folder}/real.db
DAGSTER_HOME={folder}/real
HUBSPOT_ACCESS_TOKEN=pat-real
KAGGLE_METHOD=api
REJECT_LIMIT=50%
"""


def test_one_command_serves_a_ui_whose_runs_and_checks_are_green(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(REAL_ENV.format(folder=tmp_path))
    dataset = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1)])
    process = start_script(
        *("babynames", "sandbox", "--ui", "--ui-port", str(free_port()), "--dataset", str(dataset)), folder=tmp_path
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        assert line.startswith("Dagster's UI: http://127.0.0.1:"), line + process.communicate()[1]
        served = DagsterUI(line.split()[-1], {}, tmp_path)
        (location,) = served.graphql(LOCATIONS)["workspaceOrError"]["locationEntries"]
        assert location == {
            "name": "babynames_dagster.definitions",
            "loadStatus": "LOADED",
            "locationOrLoadError": {"__typename": "RepositoryLocation"},
        }
        launch_and_wait(served.url, "babynames")
        for asset in ("raw_zip", "baby_names_table"):
            node = served.graphql(CHECKS, asset={"path": [asset]})["assetNodeOrError"]
            results = [check["executionForLatestMaterialization"] for check in node["assetChecksOrError"]["checks"]]
            assert results
            assert [result["status"] for result in results] == ["SUCCEEDED"] * len(results)
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert errors.splitlines()[-1] == "Stopped."
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", "data", "names.csv"]
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["demo"]
