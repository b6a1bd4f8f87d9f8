"""`babynames metrics` serves figures until it is stopped, and says what keeps it from serving."""

import json
import signal
import socket
from pathlib import Path

import requests

from babynames_dagster_tests.support.command import run_babynames, start_script


def test_it_serves_until_it_is_stopped(tmp_path: Path) -> None:
    with start_script("babynames", "metrics", "--port", "0", folder=tmp_path) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if not line.startswith("Note: "))
        answer = requests.get(line.split()[1], timeout=60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0

    assert answer.status_code == 200
    assert "babynames_dagster_up 1.0" in answer.text


def test_a_database_that_is_not_there_is_down_until_it_is_made(tmp_path: Path) -> None:
    file = tmp_path / "later" / "names.db"
    environment = {"DATABASE_URL": f"sqlite:///{file}"}
    with start_script("babynames", "metrics", "--port", "0", folder=tmp_path, environment=environment) as process:
        assert process.stderr is not None
        address = next(line for line in process.stderr if not line.startswith("Note: ")).split()[1]
        before = requests.get(address, timeout=60).text
        said = process.stderr.readline()
        was_made = file.parent.exists()
        assert run_babynames("migrate", folder=tmp_path, environment=environment).returncode == 0
        after = requests.get(address, timeout=60).text
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert "babynames_database_up 0.0" in before
    assert ("is not there yet" in said, was_made) == (True, False), said
    assert "babynames_database_up 1.0" in after


def test_in_json_the_log_says_where_it_serves(tmp_path: Path) -> None:
    environment = {"LOG_FORMAT": "json"}
    with start_script("babynames", "metrics", "--port", "0", folder=tmp_path, environment=environment) as process:
        assert process.stderr is not None
        said = next(line for line in process.stderr if "Serving http://127.0.0.1:" in line)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert json.loads(said)["level"] == "INFO"


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run_babynames("metrics", "--port", str(port), folder=tmp_path)

    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr
