"""`babynames sandbox`: what it exports keeps everything in its own folder, and it serves until Ctrl-C."""

import json
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from babynames_dagster.sandbox.home import own_variables, sandbox_name
from babynames_dagster.settings import load_settings
from babynames_dagster.settings.env_file import env_file
from babynames_dagster.settings.model import VARIABLES
from babynames_dagster_tests.settings.values import value_of
from babynames_dagster_tests.support.command import run_babynames, start_script

REAL_ENV = """\
DATABASE_URL=sqlite:///{folder}/real.db
DB_HOST=db.example.com
DB_NAME=real
DB_USER=real
DB_PASSWORD=real
DATA_DIR={folder}/real
DOWNLOAD_DIR={folder}/real/downloads
LOG_DIR={folder}/real/logs
KAGGLE_EMAIL=real@example.com
HUBSPOT_API_KEY=pat-real
ALERT_WEBHOOK_URL=https://hooks.example.com/real
ALERT_EMAIL_TO=real@example.com
SMTP_HOST=mail.example.com
SMTP_PASSWORD=real
BATCH_SIZE=1000
"""


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[Mapping[str, str]]:
    """Run `babynames sandbox` until the block ends, and then end it as Ctrl-C does."""
    process = start_script("babynames", "sandbox", *arguments, folder=folder)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("Serving"):
            break
    assert process.stdout is not None
    exported: dict[str, str] = {}
    while not exported.keys() >= own_variables(folder).keys() | {"KAGGLE_BASE_URL", "HUBSPOT_BASE_URL"}:
        name, _, value = process.stdout.readline().removeprefix("export ").partition("=")
        exported[name] = "".join(shlex.split(value))
    yield exported
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert errors.splitlines()[-1] == "Stopped."
    assert "Traceback" not in errors


def test_a_run_with_its_variables_leaves_alone_all_that_the_env_file_names(tmp_path: Path, dataset: Path) -> None:
    own_data = "".join(line + "\n" for line in REAL_ENV.splitlines() if not line.startswith("DATA_DIR"))
    (tmp_path / ".env").write_text(own_data.format(folder=tmp_path))
    with serving(tmp_path, "--dataset", str(dataset)) as exported:
        assert requests.get(exported["KAGGLE_BASE_URL"], timeout=10).status_code == 200
        environment = {**exported, "KAGGLE_METHOD": "api", "REJECT_LIMIT": "50%"}
        answer = run_babynames("run", "--json", folder=tmp_path, environment=environment)
        assert answer.returncode == 0, answer.stderr
        assert json.loads(answer.stdout)["contacts_created"] == 3
        name = sandbox_name(dataset)
        left = json.loads(run_babynames("status", "--demo", name, "--json", folder=tmp_path).stdout)
    assert left["tables"]["baby_names"] == 3
    assert [run["status"] for run in left["runs"]] == ["SUCCESS"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", "data", "dataset.csv"]
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["demo"]


def test_its_file_of_settings_points_a_command_and_a_shell_at_it(tmp_path: Path, dataset: Path) -> None:
    (tmp_path / ".env").write_text(REAL_ENV.format(folder=tmp_path))
    file = tmp_path / "sandbox.env"
    process = start_script("babynames", "sandbox", "--env-file", file.name, "--dataset", str(dataset), folder=tmp_path)
    assert process.stdout is not None
    reported = [process.stdout.readline(), process.stdout.readline()]
    assert reported[0] == f"In another shell: babynames --env-file {file} run\n"
    more = {"KAGGLE_METHOD": "api", "REJECT_LIMIT": "50%"}
    answer = run_babynames("--env-file", file.name, "run", "--json", folder=tmp_path, environment=more)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["contacts_created"] == 3
    assert "and wins" not in answer.stderr
    in_shell = run_babynames("status", "--json", folder=tmp_path, environment=sourced(file))
    behind = run_babynames("status", "--json", "--env-file", str(file), folder=tmp_path)
    assert json.loads(in_shell.stdout) == json.loads(behind.stdout)
    assert json.loads(behind.stdout)["tables"]["baby_names"] == 3
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path}/real.db"}
    careful = run_babynames("check", "db", "--env-file", file.name, folder=tmp_path, environment=environment)
    assert f"the environment sets DATABASE_URL otherwise than {file}, and wins" in careful.stderr
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"{file} stays: the same command serves at its addresses again." in said
    assert [path.name for path in (tmp_path / "real").iterdir()] == ["demo"]
    stopped = run_babynames(
        "check", "hubspot", "--env-file", file.name, folder=tmp_path, environment={"MAX_RETRIES": "0"}
    )
    again = f"babynames sandbox --env-file {file} --dataset {dataset}"
    assert f"Start the sandbox again: `{again}`" in stopped.stdout
    ports, text = env_file(file), file.read_text()
    restarted = start_script(*shlex.split(again), folder=tmp_path)
    assert restarted.stdout is not None
    restarted.stdout.readline()
    found = run_babynames("check", "hubspot", folder=tmp_path, environment=ports)
    assert found.returncode == 0, found.stdout
    second = run_babynames(*shlex.split(again)[1:], folder=tmp_path)
    assert (second.returncode, "FILE_NOT_WRITABLE" in second.stderr) == (1, True), second.stderr
    assert f"serves {ports['HUBSPOT_BASE_URL']} at this moment" in " ".join(second.stderr.split())
    assert file.read_text() == text
    restarted.send_signal(signal.SIGINT)
    assert restarted.wait(timeout=60) == 0


def sourced(file: Path) -> dict[str, str]:
    """Return the variables that a POSIX shell has after it read a file."""
    names = " ".join(env_file(file))
    script = f'set -a; . "$1"; set +a; for name in {names}; do eval "printf \'%s=%s\\n\' $name \\"\\$$name\\""; done'
    shell = subprocess.run(["sh", "-c", script, "sh", str(file)], capture_output=True, text=True, check=True)  # noqa: S603, S607 - the shell is what is asked
    return dict(line.split("=", maxsplit=1) for line in shell.stdout.splitlines())


def test_it_overwrites_no_file_that_it_did_not_write(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HUBSPOT_ACCESS_TOKEN=pat-real\n")
    answer = run_babynames("sandbox", "--env-file", ".env", folder=tmp_path)
    assert answer.returncode == 1
    assert "FILE_NOT_WRITABLE" in answer.stderr
    assert (tmp_path / ".env").read_text() == "HUBSPOT_ACCESS_TOKEN=pat-real\n"


def test_no_secret_database_or_receiver_of_the_env_file_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".env").write_text(REAL_ENV.format(folder=tmp_path))
    for name, value in own_variables(tmp_path / "own").items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    left = {
        name
        for name in VARIABLES
        if "real" in str(value_of(settings, name)) or "example.com" in str(value_of(settings, name))
    }
    assert left == {"KAGGLE_EMAIL"}  # the stand-ins set it
    assert str(settings.database_address()) == f"sqlite:///{tmp_path / 'own' / 'babynames.db'}"
    assert (settings.alerts.smtp_host, settings.alerts.webhook_url, settings.hubspot.access_token) == (None, None, None)
    assert settings.load.batch_size == 1000


@pytest.mark.parametrize(
    ("file", "stem"),
    [("babyNamesUSYOB-full.csv.zip", "babyNamesUSYOB-full"), ("Namen 2024.CSV", "Namen-2024"), ("é", "dataset")],
)
def test_a_sandbox_is_named_after_its_file(tmp_path: Path, file: str, stem: str) -> None:
    (tmp_path / file).write_text("Name,Sex\n")
    assert sandbox_name(tmp_path / file).rpartition("-")[0] == stem
    assert sandbox_name(None) == "sample"
