"""The systemd units: they agree with each other, with what deployment.md installs, and with the package's commands."""

import configparser
import re
from pathlib import Path

import pytest

from babynames_dagster.settings.model import VARIABLES
from babynames_dagster_tests.deploy.deployment import DEPLOY, loaded, ran
from babynames_dagster_tests.docs.markdown import CHECKOUT

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def _lines(unit: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_runs_as_its_own_user_and_writes_only_its_state(unit: Path) -> None:
    assert _lines(unit, "User") == ["babynames"]
    assert _lines(unit, "ProtectSystem") == ["strict"]
    assert _lines(unit, "NoNewPrivileges") == ["yes"]
    assert _lines(unit, "CapabilityBoundingSet") == [""]
    assert _lines(unit, "EnvironmentFile") == ["/etc/babynames/babynames.env"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_units_command_is_one_of_the_environments(unit: Path) -> None:
    for command in _lines(unit, "ExecStart"):
        program, *arguments = command.split()
        assert program.startswith("/opt/babynames/bin/")
        known = ran(Path(program).name, *arguments, "--help")
        assert known.returncode == 0, known.stderr


def test_webserver_and_daemon_find_the_code_server_where_it_listens() -> None:
    [server] = loaded(DEPLOY / "systemd" / "workspace.yaml")["load_from"]
    [command] = _lines(DEPLOY / "systemd" / "babynames-code.service", "ExecStart")
    assert f"--host {server['grpc_server']['host']} --port {server['grpc_server']['port']}" in command


def test_the_target_starts_every_service_that_stays() -> None:
    target = configparser.ConfigParser()
    target.read(DEPLOY / "systemd" / "babynames.target", encoding="utf-8")
    assert set(target["Unit"]["wants"].split()) == {unit.name for unit in UNITS} - {"babynames-migrate.service"}


def test_the_example_of_the_settings_names_settings() -> None:
    text = (DEPLOY / "systemd" / "babynames.env.example").read_text(encoding="utf-8")
    names = set(re.findall(r"^(\w+)=", text, re.MULTILINE))
    assert names - {"DAGSTER_MYSQL_URL"} <= set(VARIABLES)


def test_the_page_names_only_files_that_are_there() -> None:
    page = (CHECKOUT / "docs" / "deployment.md").read_text(encoding="utf-8")
    named = {name.rstrip(".") for name in re.findall(r"(?:deploy|\.github|scripts)/[\w./-]+", page)}
    missing = {name for name in named if not (CHECKOUT / name).exists()}
    assert missing <= {
        "deploy/secrets",
        "deploy/prometheus/local.yaml",
        "deploy/secrets/GRAFANA_PASSWORD",
        "deploy/secrets/HUBSPOT_ACCESS_TOKEN",
        "deploy/babynames.env",
        "deploy/systemd/",
    }
