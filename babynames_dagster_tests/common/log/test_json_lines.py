"""LOG_FORMAT=json: what a line holds, and that the command's stderr and Dagster's stdout hold no other lines."""

import io
import json
import logging
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from babynames_dagster.common.log.json_lines import log_as_json
from babynames_dagster.common.log.masking import Mask
from babynames_dagster.settings import load_settings
from babynames_dagster_tests.support.command import run_babynames, run_script
from babynames_dagster_tests.support.pipeline import write_csv

SECRET = 'hush "hush"'


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def logged() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logger(logged: io.StringIO) -> logging.Logger:
    made = logging.getLogger(f"test-{uuid.uuid4().hex}")
    mask = Mask([("DB_PASSWORD", SecretStr(SECRET))])
    log_as_json(load_settings(log_format="json").files, mask, made, stream=logged)
    log_as_json(load_settings(log_format="json").files, mask, made, stream=logged)
    return made


def test_a_record_is_one_line_without_secrets_whatever_is_in_it(logger: logging.Logger, logged: io.StringIO) -> None:
    logger.warning("Loading %s", f'a\n{{"level": "forged"}} {SECRET}')
    try:
        raise ValueError(f"the password is {SECRET}")  # noqa: TRY301 - an exception to log
    except ValueError:
        logger.exception("[DB_ERROR] It failed")
    logger.debug("below LOG_LEVEL")
    first, second = lines(logged.getvalue())
    assert first.keys() == {"time", "level", "logger", "message"}
    assert (first["level"], first["message"]) == ("WARNING", 'Loading a\n{"level": "forged"} ********')
    assert (second["level"], second["code"]) == ("ERROR", "DB_ERROR")
    assert second["exception"].endswith("ValueError: the password is ********")
    assert "hush" not in logged.getvalue()


def test_text_is_the_default_and_writes_nothing(logged: io.StringIO) -> None:
    made = logging.getLogger(f"test-{uuid.uuid4().hex}")
    log_as_json(load_settings().files, Mask([]), made, stream=logged)
    assert made.handlers == []


def test_the_commands_stderr_is_json_and_its_stdout_the_result(
    tmp_path: Path, json_environment: Mapping[str, str]
) -> None:
    broken = write_csv(tmp_path / "names.csv", [(1990, "Jim", "X", 1), (1990, "Ann", "F", 1)])
    done = run_script(
        "babynames", "run", "--path", str(broken), "--json", folder=tmp_path, environment=json_environment
    )
    assert done.returncode == 1
    result = json.loads(done.stdout)
    reported = lines(done.stderr)
    assert {"babynames_dagster.command", "dagster"} <= {line["logger"] for line in reported}
    (step,) = [line for line in reported if line.get("code") == "TOO_MANY_REJECTS" and "step" in line]
    assert (step["level"], step["step"], step["job"]) == ("ERROR", "baby_names_table", "babynames")
    assert (step["run_id"], step["partition"]) == (result["run_id"], "A...other")
    assert any("TOO_MANY_REJECTS" in line.get("exception", "") for line in reported)
    assert reported[-1]["message"] == "Exit status 1."
    notes = [line["message"] for line in reported if line["level"] == "WARNING"]
    assert any(note.startswith("new data folder") for note in notes)


def test_a_command_that_was_quiet_in_json_speaks_again_in_text(
    tmp_path: Path, json_environment: Mapping[str, str]
) -> None:
    assert lines(run_babynames("check", "db", folder=tmp_path, environment=json_environment).stderr)
    (tmp_path / "other").mkdir()
    said = run_babynames("migrate", folder=tmp_path / "other").stderr
    assert said.startswith("Note: new data folder")


def test_dagsters_processes_write_them_to_stdout(tmp_path: Path, json_environment: Mapping[str, str]) -> None:
    command = ("asset", "materialize", "-m", "babynames_dagster.definitions", "--select", "raw_zip")
    done = run_script(
        "dagster", *command, folder=tmp_path, environment={**json_environment, "KAGGLE_METHOD": "browser"}
    )
    assert done.returncode != 0
    reported = lines(done.stdout)
    assert {"MISSING_CONFIG"} == {line["code"] for line in reported if "code" in line}
    assert all(line["step"] == "raw_zip" for line in reported)
    assert "RUN_FAILURE" in done.stderr


@pytest.fixture
def json_environment() -> Mapping[str, str]:
    return {
        "LOG_FORMAT": "json",
        "HUBSPOT_ACCESS_TOKEN": "pat-na1-5ecret",
        "REJECT_LIMIT": "10%",
    }
