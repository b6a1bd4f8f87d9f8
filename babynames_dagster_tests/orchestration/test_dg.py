"""Dagster's newer command, `dg`, works in a checkout, and finds the settings that are meant."""

import json
import shutil
from pathlib import Path

import pytest

from babynames_dagster_tests.docs.markdown import CHECKOUT
from babynames_dagster_tests.support.command import run_script


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that `dg` takes for this project, with a `.env` and data of its own."""
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    (tmp_path / "babynames_dagster").symlink_to(CHECKOUT / "babynames_dagster")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "dagster.yaml").touch()
    (tmp_path / "downloads").mkdir()
    (tmp_path / ".env").write_text(
        f"DAGSTER_HOME={tmp_path / 'home'}\nDOWNLOAD_DIR={tmp_path / 'downloads'}\nKAGGLE_FILE=of-the-env-file.csv\n",
        encoding="utf-8",
    )
    return tmp_path


def test_the_definitions_are_sound_and_listed(checkout: Path) -> None:
    checked = run_script("dg", "check", "defs", folder=checkout)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    listed = run_script("dg", "list", "defs", "--json", folder=checkout)
    assert {asset["asset_key"] for asset in json.loads(listed.stdout)["assets"]} == {
        "raw_zip",
        "baby_names_table",
        "baby_name_years",
        "hubspot_contacts",
    }


def test_assets_are_launched_with_what_the_shell_says(checkout: Path) -> None:
    (checkout / "downloads" / "of-the-shell.csv").write_text("Name,Sex\nMary,F\n", encoding="utf-8")
    done = run_script(
        *("dg", "launch", "--assets", "raw_zip,baby_names_table"),
        folder=checkout,
        environment={"KAGGLE_FILE": "of-the-shell.csv"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    status = json.loads(run_script("babynames", "status", "--json", folder=checkout).stdout)
    assert status["tables"]["baby_names"] == 1
    assert [run["status"] for run in status["runs"]] == ["SUCCESS"]
