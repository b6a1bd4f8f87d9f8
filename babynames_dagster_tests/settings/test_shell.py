"""One rule for `.env`, whoever starts the run: the shell wins, and the file means what it says."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import load_settings
from babynames_dagster.settings.ancestry import is_of_dagster
from babynames_dagster.settings.env_file import CHOICE
from babynames_dagster.settings.shell import restored
from babynames_dagster_tests.support.command import run_script
from babynames_dagster_tests.support.ui.server import launch_and_wait, running_dagster_dev

ENV_FILE = """\
DEMO_MODE=false
MAX_RECORDS=7
DB_NAME=from_the_file
DB_PASSWORD="pa${HOME}ss #1"
KAGGLE_PASSWORD=`quoted by backticks`
SMTP_HOST=mail.example.com
"""
EXPORTED = {"DEMO_MODE": "true", "SMTP_HOST": ""}
MEANT = {
    "demo_mode": True,
    "max_records": 7,
    "db_name": "from_the_file",
    "db_password": "pa${HOME}ss #1",
    "kaggle_password": "quoted by backticks",
    "smtp_host": None,
}
PROBE = '''\
"""Writes down the settings that a run finds."""

import json
from pathlib import Path

import dagster as dg

from babynames_dagster.settings import load_settings


@dg.asset
def probe() -> None:
    found = load_settings()
    Path("found.json").write_text(json.dumps({
        "demo_mode": found.hubspot.demo_mode,
        "max_records": found.hubspot.max_records,
        "db_name": found.database.name,
        "db_password": found.database.password.get_secret_value(),
        "kaggle_password": found.kaggle.password.get_secret_value(),
        "smtp_host": found.alerts.smtp_host,
    }))


defs = dg.Definitions(assets=[probe], jobs=[dg.define_asset_job("probing")])
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / ".env").write_text(ENV_FILE + f"DAGSTER_HOME={tmp_path / 'home'}\n", encoding="utf-8")
    (tmp_path / "probe.py").write_text(PROBE, encoding="utf-8")
    return tmp_path


def found_in(folder: Path) -> Mapping[str, object]:
    found: Mapping[str, object] = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    "command",
    [
        ("asset", "materialize", "-f", "probe.py", "--select", "probe"),
        ("job", "execute", "-f", "probe.py", "-j", "probing"),
    ],
)
def test_dagsters_own_commands_find_what_is_meant(folder: Path, command: tuple[str, ...]) -> None:
    done = run_script("dagster", *command, folder=folder, environment=EXPORTED)
    assert done.returncode == 0, done.stderr
    assert found_in(folder) == MEANT


def test_dagsters_own_commands_find_what_the_chosen_file_says(folder: Path) -> None:
    (folder / "other.env").write_text(ENV_FILE, encoding="utf-8")
    (folder / ".env").write_text("DB_NAME=another\nDB_PASSWORD=another\nMIN_YEAR=many\n", encoding="utf-8")
    done = run_script(
        *("dagster", "asset", "materialize", "-f", "probe.py", "--select", "probe"),
        folder=folder,
        environment={**EXPORTED, CHOICE: "other.env"},
    )
    assert done.returncode == 0, done.stderr
    assert found_in(folder) == MEANT


def test_runs_that_the_ui_hands_to_the_daemon_find_what_is_meant(folder: Path) -> None:
    with running_dagster_dev(folder, EXPORTED, "-f", "probe.py") as url:
        launch_and_wait(url, "probing")
    assert found_in(folder) == MEANT


def test_the_babynames_command_finds_what_is_meant(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for name, value in EXPORTED.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.hubspot.demo_mode, settings.alerts.smtp_host) == (True, None)
    assert settings.files.records == folder / "home"
    status = run_script("babynames", "status", "--json", folder=folder, environment={"DB_DIALECT": "sqlite"})
    assert json.loads(status.stdout)["dagster_home"] == str(folder / "home")


def test_two_folders_for_dagsters_records_are_refused(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    done = run_script(
        *("dagster", "asset", "materialize", "-f", "probe.py", "--select", "probe"),
        folder=folder,
        environment={"DAGSTER_HOME": str(folder / "elsewhere")},
    )
    assert done.returncode != 0
    assert "runs would be recorded in two places" in done.stderr
    assert not (folder / "found.json").exists()


def test_what_dagster_took_from_the_file_is_distinguished_from_what_was_exported() -> None:
    current = {"A": "file", "B": "file", "C": "shell", "PATH": "/bin"}
    assert restored(current, {"B": "shell", "PATH": "/old"}, ["A", "B"]) == {"B": "shell", "C": "shell", "PATH": "/bin"}
    assert restored(current, None, ["A", "B"]) == current


def test_one_folder_for_dagsters_records_is_no_mistake() -> None:
    same = {"DAGSTER_HOME": "/one"}
    assert restored(same, same, ["DAGSTER_HOME"]) == same
    with pytest.raises(PipelineError) as caught:
        restored(same, {"DAGSTER_HOME": "/other"}, ["DAGSTER_HOME"])
    assert caught.value.code is ErrorCode.INVALID_CONFIG


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (["/v/bin/python", "/v/bin/dagster", "dev"], True),
        (["/v/bin/python", "-m", "dagster", "api", "grpc"], True),
        (["/v/bin/python", "-m", "dagster._daemon", "run"], True),
        (["/v/bin/python", "/v/bin/dg", "launch"], True),
        (["/v/bin/python", "-c", "from multiprocessing.spawn import spawn_main; spawn_main()", "--x"], True),
        (["/v/bin/python", "/v/bin/babynames", "run"], False),
        (["-bash"], False),
        ([], False),
    ],
)
def test_dagsters_processes_are_known_by_their_command_line(command: list[str], *, answer: bool) -> None:
    assert is_of_dagster(command) is answer


def test_reading_the_environment_leaves_it_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    before = dict(os.environ)
    load_settings()
    assert dict(os.environ) == before
