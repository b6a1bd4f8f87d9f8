"""The image's parts that run without an image: its entry point, its health check, its requirements, its profile."""

import configparser
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from babynames_dagster_tests.deploy.deployment import CHART, DEPLOY, loaded
from babynames_dagster_tests.docs.markdown import CHECKOUT

IMAGE = DEPLOY / "image"


def _with_secrets(folder: Path, environment: dict[str, str], *command: str) -> str:
    return subprocess.run(  # noqa: S603 - our own script
        [IMAGE / "with-secrets.sh", *command],
        capture_output=True,
        check=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "SECRETS_DIR": str(folder), **environment},
    ).stdout


def test_only_dagsters_own_secrets_become_variables(tmp_path: Path) -> None:
    (tmp_path / "DAGSTER_MYSQL_URL").write_text("mysql://u:$(id) 'x'@h/d\n", encoding="utf-8")
    (tmp_path / "DAGSTER_POSTGRES_URL").write_text("from the file", encoding="utf-8")
    (tmp_path / "DAGSTER_EMPTY").write_text("", encoding="utf-8")
    (tmp_path / "DAGSTER_ca.crt").write_text("not a variable", encoding="utf-8")
    (tmp_path / "HUBSPOT_ACCESS_TOKEN").write_text("pat-secret", encoding="utf-8")
    (tmp_path / "..data").mkdir()
    shown = _with_secrets(tmp_path, {"DAGSTER_POSTGRES_URL": "from the environment"}, "env")
    variables = dict(line.split("=", 1) for line in shown.splitlines())
    assert variables["DAGSTER_MYSQL_URL"] == "mysql://u:$(id) 'x'@h/d"
    assert variables["DAGSTER_POSTGRES_URL"] == "from the environment"
    assert variables["SECRETS_DIR"] == str(tmp_path)
    assert not {"DAGSTER_EMPTY", "HUBSPOT_ACCESS_TOKEN"} & set(variables)
    assert "not a variable" not in shown


def test_the_instances_ask_for_no_variable_that_is_not_made_of_its_file() -> None:
    asked = {
        name
        for file in ("compose/dagster.yaml", "queue/dagster.yaml")
        for name in re.findall(r"\{env: (\w+)\}", (DEPLOY / file).read_text(encoding="utf-8"))
    }
    assert asked == {"DAGSTER_MYSQL_URL", "DAGSTER_QUEUE_URL"}


def test_a_secret_that_is_rotated_counts_for_a_process_that_runs(tmp_path: Path) -> None:
    """The first reading, then a rotation, then the next reading of the same process."""
    token = tmp_path / "HUBSPOT_ACCESS_TOKEN"
    token.write_text("pat-before", encoding="utf-8")
    program = (
        "import sys; from pathlib import Path; from babynames_dagster.settings import load_settings\n"
        "settings = load_settings()\n"
        "Path(sys.argv[1]).write_text('pat-after', encoding='utf-8')\n"
        "for read in (settings, settings.reread()): print(read.hubspot.access_token.get_secret_value())"
    )
    read = _with_secrets(tmp_path, {}, sys.executable, "-c", program, str(token))
    assert read.split() == ["pat-before", "pat-after"]


def test_a_folder_that_is_named_and_absent_is_left_to_the_settings(tmp_path: Path) -> None:
    absent = tmp_path / "none"
    read = "from babynames_dagster.settings import load_settings; load_settings()"
    with pytest.raises(subprocess.CalledProcessError) as refused:
        _with_secrets(absent, {}, sys.executable, "-c", read)
    assert f"SECRETS_DIR={absent} is no folder" in refused.value.stderr


@pytest.fixture
def grpc_server() -> Iterator[tuple[str, health.HealthServicer]]:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
    servicer = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}", servicer
    server.stop(0).wait()


@pytest.mark.parametrize(
    ("state", "status"),
    [(health_pb2.HealthCheckResponse.SERVING, 0), (health_pb2.HealthCheckResponse.NOT_SERVING, 1)],
)
def test_the_health_check_says_by_the_code_servers_own_word(
    grpc_server: tuple[str, health.HealthServicer], state: int, status: int
) -> None:
    target, servicer = grpc_server
    servicer.set("DagsterApi", state)
    checked = subprocess.run([sys.executable, IMAGE / "healthy.py", "grpc", target], check=False, capture_output=True)  # noqa: S603
    assert checked.returncode == status


def test_the_requirements_are_setup_cfgs() -> None:
    config = configparser.ConfigParser()
    config.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    printed = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, IMAGE / "requirements.py", CHECKOUT / "setup.cfg", "kubernetes"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.splitlines()
    assert "dagster-k8s" in printed
    assert [line for line in config["options"]["install_requires"].splitlines() if line] == printed[:-1]


def test_the_profile_lets_chromium_make_its_sandbox_and_not_mount() -> None:
    profile = json.loads((DEPLOY / "seccomp.json").read_text(encoding="utf-8"))
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    allowed = {name for rule in profile["syscalls"] for name in rule["names"]}
    assert {"clone", "unshare", "chroot", "execve"} <= allowed
    assert not {"mount", "umount2", "pivot_root", "setns", "bpf", "ptrace_attach", "keyctl", "reboot"} & allowed


def test_chart_and_package_have_one_version() -> None:
    config = configparser.ConfigParser()
    config.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    chart = loaded(CHART / "Chart.yaml")
    assert chart["appVersion"] == config["metadata"]["version"]
