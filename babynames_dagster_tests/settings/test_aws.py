"""Variables in AWS Secrets Manager, as moto serves it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import load_settings
from babynames_dagster_tests.support.command import run_babynames

pytestmark = pytest.mark.slow

SECRET = "babynames/production"


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of a Secrets Manager on loopback, which boto3's own variables name."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, text in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "moto",
        "AWS_SECRET_ACCESS_KEY": "moto",
    }.items():
        monkeypatch.setenv(name, text)
    client = boto3.client("secretsmanager")
    yield client
    server.stop()


def stored(client: Any, value: str, name: str) -> None:  # noqa: ANN401 - boto3 has no types
    client.create_secret(Name=name, SecretString=value)


def token() -> str | None:
    found = load_settings().hubspot.access_token
    return found.get_secret_value() if found else None


def test_the_secret_is_below_environment_and_folder_and_above_the_env_file(
    manager: Any,  # noqa: ANN401
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = f"{SECRET}/{tmp_path.name}"
    stored(manager, json.dumps({"hubspot_api_key": "managed", "DB_PORT": 3307, "PATH": "/nowhere"}), name)
    (tmp_path / ".env").write_text(f"HUBSPOT_ACCESS_TOKEN=filed\nAWS_SECRET={name}\n", encoding="utf-8")
    assert token() == "managed"
    assert load_settings().database.port == 3307

    settings = load_settings()
    manager.put_secret_value(SecretId=name, SecretString=json.dumps({"HUBSPOT_ACCESS_TOKEN": "rotated"}))
    again = settings.reread().hubspot.access_token
    assert again is not None
    assert again.get_secret_value() == "rotated"

    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "HUBSPOT_ACCESS_TOKEN").write_text("mounted\n", encoding="utf-8")
    monkeypatch.setenv("SECRETS_DIR", str(folder))
    assert token() == "mounted"
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "exported")
    assert token() == "exported"
    monkeypatch.setenv("AWS_SECRET", "")
    assert token() == "exported"


@pytest.mark.parametrize("value", ["not json, pass-word", '["pass-word"]', None])
def test_a_secret_that_cannot_be_used_is_named_without_its_value(
    value: str | None,
    manager: Any,  # noqa: ANN401
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = f"{SECRET}/{tmp_path.name}"
    if value is not None:
        stored(manager, value, name)
    monkeypatch.setenv("AWS_SECRET", name)
    with pytest.raises(PipelineError, match="AWS_SECRET") as caught:
        load_settings()
    assert caught.value.code is ErrorCode.INVALID_CONFIG
    assert name in str(caught.value)
    assert "pass-word" not in str(caught.value)


def test_a_manager_out_of_reach_ends_the_command_with_a_remedy(tmp_path: Path) -> None:
    names = {
        "AWS_SECRET": SECRET,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }
    done = run_babynames("check", "db", folder=tmp_path, environment=names)
    assert done.returncode == 2
    assert "INVALID_CONFIG" in done.stderr
    assert "GetSecretValue" in done.stderr
