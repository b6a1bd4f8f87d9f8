"""The compose file: valid by the specification's own schema, hardened, and complete with what lies beside it."""

import json
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from sqlalchemy.engine import make_url

from babynames_dagster.settings.model import VARIABLES
from babynames_dagster_tests.deploy.deployment import DEPLOY, loaded, ran

COMPOSE = DEPLOY / "compose.yaml"


@pytest.fixture
def compose() -> dict[str, Any]:
    found: dict[str, Any] = loaded(COMPOSE)
    return found


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The folder that secrets.sh makes, beside a copy of it."""
    shutil.copy(DEPLOY / "secrets.sh", tmp_path)
    subprocess.run([tmp_path / "secrets.sh"], check=True, capture_output=True)  # noqa: S603 - our own script
    return tmp_path / "secrets"


def test_the_file_is_valid_by_the_compose_specification() -> None:
    checked = ran("check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)
    assert checked.returncode == 0, checked.stdout


def test_the_schema_would_have_found_a_mistake(tmp_path: Path, compose: dict[str, Any]) -> None:
    compose["services"]["code"]["depend_on"] = compose["services"]["code"].pop("depends_on")
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(yaml.safe_dump(compose), encoding="utf-8")
    checked = ran("check-jsonschema", "--builtin-schema", "vendor.compose-spec", wrong)
    assert checked.returncode != 0
    assert "depend_on" in checked.stdout


def test_every_service_is_limited_and_its_log_rotated(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["deploy"]["resources"]["limits"]["memory"], name
        assert service["logging"]["options"]["max-size"], name
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped"), name
        assert "no-new-privileges:true" in service["security_opt"], name
        if name != "mariadb":
            assert service["user"] == {"prometheus": "65534:65534", "grafana": "472:0"}.get(name, "10001:10001"), name
            assert service["read_only"], name
            assert service["cap_drop"] == ["ALL"], name


def test_nothing_is_published_beyond_loopback(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_only_what_drives_a_browser_runs_under_the_profile_that_lets_it(compose: dict[str, Any]) -> None:
    with_profile = {name for name, service in compose["services"].items() if _profile(service)}
    assert with_profile == {
        name for name, service in compose["services"].items() if service["image"].endswith("worker")
    }
    assert with_profile == {"code", "worker"}
    for name in with_profile:
        assert (DEPLOY / _profile(compose["services"][name])).is_file()


def test_every_file_and_secret_that_is_named_is_there(compose: dict[str, Any], secrets: Path) -> None:
    for config in compose["configs"].values():
        assert (DEPLOY / re.sub(r"\$\{\w+:-(.*)\}", r"\1", config["file"])).is_file()
    assert {entry["file"] for entry in compose["secrets"].values()} == {
        f"./secrets/{path.name}" for path in secrets.iterdir()
    }
    for service in compose["services"].values():
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        for config in service.get("configs", []):
            assert config["source"] in compose["configs"]


def test_secrets_are_random_private_and_made_once(secrets: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_text(encoding="utf-8") for path in secrets.iterdir()}
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert len(before["DB_PASSWORD"]) == 48
    assert len({before[name] for name in ("MARIADB_ROOT_PASSWORD", "DB_PASSWORD", "DAGSTER_DB_PASSWORD")}) == 3
    assert before["HUBSPOT_ACCESS_TOKEN"] == ""
    subprocess.run([tmp_path / "secrets.sh"], check=True, capture_output=True)  # noqa: S603 - our own script
    assert before == {path.name: path.read_text(encoding="utf-8") for path in secrets.iterdir()}


def test_the_addresses_name_the_users_that_are_made(secrets: Path) -> None:
    pipeline = make_url((secrets / "DATABASE_URL").read_text(encoding="utf-8"))
    dagster = make_url((secrets / "DAGSTER_MYSQL_URL").read_text(encoding="utf-8"))
    made = re.findall(r"^make_database (\w+) /run/secrets/(\w+)$", _databases_script(), re.MULTILINE)
    for url, (name, secret) in zip([pipeline, dagster], made, strict=True):
        assert url.host == "mariadb"
        assert url.username == url.database == name
        assert url.password == (secrets / secret).read_text(encoding="utf-8")
    assert set(dagster.query) == {"connect_timeout", "read_timeout", "write_timeout", "ssl_disabled"}


def test_the_users_that_are_made_may_do_what_the_tables_need(mariadb_server: str, secrets: Path) -> None:
    """The statements of databases.sh, as the server's administrator, and then a table as the new user."""
    statements = re.findall(r"<<SQL\n(.*?)\nSQL", _databases_script(), re.DOTALL)[0]
    password = (secrets / "DB_PASSWORD").read_text(encoding="utf-8")
    name = "deploy_babynames"
    administrator = sa.create_engine(mariadb_server, isolation_level="AUTOCOMMIT")
    with administrator.connect() as connection:
        for statement in statements.replace("$name", name).replace("$password", password).split(";"):
            if statement.strip():
                connection.execute(sa.text(statement.replace(":", r"\:")))
    try:
        own = sa.create_engine(make_url(mariadb_server).set(username=name, password=password, database=name))
        with own.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE a (id INT PRIMARY KEY)")
            connection.exec_driver_sql("CREATE TABLE b (id INT, FOREIGN KEY (id) REFERENCES a (id))")
            connection.exec_driver_sql("ALTER TABLE b ADD COLUMN note TEXT")
        own.dispose()
    finally:
        with administrator.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}")
            connection.exec_driver_sql(f"DROP USER {name}")
        administrator.dispose()


def test_the_instance_differs_from_the_packages_own_by_its_storage_alone() -> None:
    own = resources.files("babynames_dagster.orchestration") / "dagster.yaml"
    packaged = yaml.safe_load(own.read_text(encoding="utf-8"))
    instance = loaded(DEPLOY / "compose" / "dagster.yaml")
    assert instance.pop("storage") == {"mysql": {"mysql_url": {"env": "DAGSTER_MYSQL_URL"}}}
    assert instance == packaged


def test_what_asks_the_instance_beside_the_entry_point_has_the_secrets_too(compose: dict[str, Any]) -> None:
    probe = compose["services"]["daemon"]["healthcheck"]["test"]
    assert probe[:2] == ["CMD", "with-secrets"]
    # Dagster knows the command as it is written: asked for its help, it takes the options before it.
    known = ran(*probe[2:], "--help")
    assert known.returncode == 0, known.stderr


def test_every_service_that_stays_has_a_health_check(compose: dict[str, Any]) -> None:
    always = {name: service for name, service in compose["services"].items() if "profiles" not in service}
    without = {name for name, service in always.items() if "healthcheck" not in service}
    # The code server's is the image's own; the migration ends.
    assert without == {"code", "migrate"}


def test_images_of_others_are_pinned_to_one_version(compose: dict[str, Any]) -> None:
    others = [service["image"] for service in compose["services"].values() if "build" not in service]
    assert others
    assert all(re.fullmatch(r"docker\.io/[a-z/]+:v?\d+\.\d+\.\d+(-[a-z0-9.]+)?", image) for image in others)


def test_every_file_that_is_mounted_is_there(compose: dict[str, Any]) -> None:
    volumes = [volume for service in compose["services"].values() for volume in service.get("volumes", [])]
    sources = {volume.split(":")[0] for volume in volumes}
    files = {source for source in sources if source.startswith("./")}
    assert files
    assert all((DEPLOY / file).exists() for file in files)
    assert sources - files == set(compose["volumes"])


def test_prometheus_scrapes_the_exporter_where_it_listens(compose: dict[str, Any]) -> None:
    [job] = loaded(DEPLOY / "prometheus" / "prometheus.yaml")["scrape_configs"]
    [target] = job["static_configs"][0]["targets"]
    name, port = target.split(":")
    assert compose["services"][name]["command"][-2:] == ["--port", port]
    assert set(compose["services"][name]["networks"]) & set(compose["services"]["prometheus"]["networks"])
    known = ran("babynames", *compose["services"][name]["command"][1:], "--help")
    assert known.returncode == 0, known.stderr


def test_grafana_finds_prometheus_and_the_dashboard(compose: dict[str, Any]) -> None:
    provisioning = DEPLOY / "grafana" / "provisioning"
    [source] = loaded(provisioning / "datasources" / "prometheus.yaml")["datasources"]
    assert make_url(source["url"]).host == "prometheus"
    assert "prometheus" in compose["services"]
    assert source["isDefault"]
    dashboard = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text(encoding="utf-8"))
    [choice] = [item for item in dashboard["templating"]["list"] if item["type"] == "datasource"]
    assert choice["query"] == source["type"]
    [provider] = loaded(provisioning / "dashboards" / "babynames.yaml")["providers"]
    mounted = [volume.split(":")[1] for volume in compose["services"]["grafana"]["volumes"]]
    assert f"{provider['options']['path']}/babynames.json" in mounted


def test_the_queue_has_a_worker_for_each_run_and_all_who_open_its_instance_know_redis(
    compose: dict[str, Any], secrets: Path
) -> None:
    instance = loaded(DEPLOY / "queue" / "dagster.yaml")
    services = compose["services"]
    assert services["worker"]["deploy"]["replicas"] == instance["concurrency"]["runs"]["max_concurrent_runs"]
    opens = [service for service in services.values() if _configs(service)]
    assert len(opens) > 3
    assert all("DAGSTER_QUEUE_URL" in service["secrets"] for service in opens)
    address = make_url((secrets / "DAGSTER_QUEUE_URL").read_text(encoding="utf-8"))
    assert services[address.host or ""]["profiles"] == services["worker"]["profiles"]
    assert address.password == (secrets / "REDIS_PASSWORD").read_text(encoding="utf-8")


def test_the_demo_points_at_its_stand_ins(compose: dict[str, Any]) -> None:
    lines = (DEPLOY / "compose" / "demo.env").read_text(encoding="utf-8").splitlines()
    demo = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    stand_ins = compose["services"]["stand-ins"]
    assert stand_ins["network_mode"] == "service:code"
    for port in (stand_ins["command"][3], stand_ins["command"][5]):
        assert any(value == f"http://127.0.0.1:{port}" for value in demo.values())
    assert {"HUBSPOT_BASE_URL", "KAGGLE_BASE_URL"} <= set(demo)


def test_secrets_that_are_settings_have_their_names(compose: dict[str, Any]) -> None:
    own = {
        "MARIADB_ROOT_PASSWORD",
        "DAGSTER_DB_PASSWORD",
        "DAGSTER_MYSQL_URL",
        "GRAFANA_PASSWORD",
        "REDIS_PASSWORD",
        "DAGSTER_QUEUE_URL",
    }
    assert set(compose["secrets"]) - own <= set(VARIABLES)


def _configs(service: dict[str, Any]) -> dict[str, str]:
    return next((config for config in service.get("configs", []) if config["source"] == "instance"), {})


def _profile(service: dict[str, Any]) -> str:
    return next((option.split(":", 1)[1] for option in service["security_opt"] if option.startswith("seccomp:")), "")


def _databases_script() -> str:
    return (DEPLOY / "compose" / "databases.sh").read_text(encoding="utf-8")
