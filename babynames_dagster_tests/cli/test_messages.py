"""What the command says when something is wrong: one clear message, the right exit status, no traceback."""

import subprocess
from pathlib import Path

import pytest

from babynames_dagster.sandbox.server import HUBSPOT_TOKEN
from babynames_dagster.settings.model import VARIABLES
from babynames_dagster_tests.support.command import SCRIPTS, SECONDS, clean_environment, run_babynames
from babynames_dagster_tests.support.pipeline import write_csv
from babynames_dagster_tests.support.servers.mariadb import free_port

NOWHERE = {
    "HUBSPOT_ACCESS_TOKEN": HUBSPOT_TOKEN,
    "HUBSPOT_BASE_URL": "http://127.0.0.1:1",
    "KAGGLE_BASE_URL": "http://127.0.0.1:1",
    "MAX_RETRIES": "0",
}
SERVER = {"DB_HOST": "127.0.0.1", "DB_PORT": "1", "DB_NAME": "names", "DB_USER": "me"}
BY_REST = {"KAGGLE_METHOD": "api", "KAGGLE_USERNAME": "me", "KAGGLE_KEY": "hush-hush"}
BY_BROWSER = {"KAGGLE_EMAIL": "me@example.com", "KAGGLE_PASSWORD": "hush-hush"}
WHOLE = {**NOWHERE, **SERVER, **BY_REST}
STOPPED = (
    "nothing serves http://127.0.0.1:1",
    "the sandbox there is not running",
    "Start the sandbox again: `babynames",
)


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "said"),
    [
        (("run",), {}, 2, ("MISSING_CONFIG", "HUBSPOT_ACCESS_TOKEN")),
        (("run",), {"BATCH_SIZE": "many", "LOG_LEVEL": "loud"}, 2, ("INVALID_CONFIG", "BATCH_SIZE", "LOG_LEVEL")),
        (("run",), {**NOWHERE, "DB_HOST": "127.0.0.1"}, 2, ("MISSING_CONFIG", "DB_NAME", "DB_USER")),
        (("run",), {"DB_HOST": "127.0.0.1"}, 2, ("HUBSPOT_ACCESS_TOKEN", "DB_NAME", "DB_USER")),
        (("rejects", "--retry"), {**NOWHERE, "DAILY_CRON": "0 6 * * FOO"}, 2, ("INVALID_CONFIG", "DAILY_CRON")),
        (("clean", "--all", "--yes"), {"DATA_DIR": "."}, 2, ("INVALID_CONFIG", "left as it is")),
        (("demo",), {"DATA_DIR": "/proc/nowhere"}, 1, ("FILE_NOT_WRITABLE", "/proc/nowhere")),
        (("run", "--partition", "7"), {}, 2, ("'7'", "A..Z")),
        (("chek",), {}, 2, ("check",)),
        (
            ("check", "db"),
            {"DATABASE_URL": f"mysql+pymysql://me:hush-hush@127.0.0.1:{free_port()}/names"},
            1,
            ("DB_UNREACHABLE", "DB_HOST"),
        ),
        (("check", "db"), {"DATABASE_URL": "mysql+pymysql://me@no-such-host.invalid/names"}, 1, ("DB_UNREACHABLE",)),
        (
            ("check", "hubspot"),
            {**NOWHERE, "HUBSPOT_BASE_URL": "http://nowhere.invalid"},
            1,
            ("HUBSPOT_UNREACHABLE", "Check the network, the proxy and HUBSPOT_BASE_URL"),
        ),
        (("check", "hubspot"), NOWHERE, 1, ("HUBSPOT_UNREACHABLE", *STOPPED, "or correct HUBSPOT_BASE_URL")),
        (("run",), {**NOWHERE, **BY_REST}, 1, ("KAGGLE_UNREACHABLE", *STOPPED, "or correct KAGGLE_BASE_URL")),
    ],
)
def test_a_mistake_is_named_with_its_code_and_remedy(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], status: int, said: tuple[str, ...]
) -> None:
    answer = run_babynames(*arguments, folder=tmp_path, environment=environment)
    assert answer.returncode == status, answer.stderr
    report = answer.stdout if arguments[0] == "check" else answer.stderr
    for word in said:
        assert word in report
    assert "Traceback" not in answer.stderr + answer.stdout
    assert "hush-hush" not in answer.stderr + answer.stdout


@pytest.mark.parametrize("arguments", [("--env-file", "other.env", "status"), ("status", "--env-file", "other.env")])
def test_a_setting_that_is_absent_is_missed_in_the_file_that_was_chosen(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / ".env").write_text("DB_NAME=names\nDB_USER=me\n")
    (tmp_path / "other.env").write_text("DB_HOST=127.0.0.1\n")
    answer = run_babynames(*arguments, folder=tmp_path)
    assert answer.returncode == 2
    assert f"neither in the environment nor in {tmp_path}/other.env, which is there" in " ".join(answer.stderr.split())
    assert "DB_NAME" in answer.stderr


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    answer = run_babynames("run", folder=tmp_path, environment=NOWHERE)
    assert answer.returncode == 1
    assert "FILE_NOT_WRITABLE" in answer.stderr
    assert str(tmp_path / "data") in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        *(({**WHOLE, name: ""}, {name}) for name in ("HUBSPOT_ACCESS_TOKEN", "DB_NAME", "DB_USER", "KAGGLE_USERNAME")),
        *(
            ({**WHOLE, **BY_BROWSER, "KAGGLE_METHOD": "browser", name: ""}, {name})
            for name in ("KAGGLE_EMAIL", "KAGGLE_PASSWORD")
        ),
        ({**WHOLE, "KAGGLE_METHOD": "auto", "KAGGLE_USERNAME": ""}, {"KAGGLE_USERNAME"}),
        ({}, {"HUBSPOT_ACCESS_TOKEN", "KAGGLE_EMAIL", "KAGGLE_PASSWORD"}),
        (
            {"HUBSPOT_ACESS_TOKEN": "hush-hush", "DB_HOST": "127.0.0.1"},
            {"HUBSPOT_ACCESS_TOKEN", "DB_NAME", "DB_USER", "KAGGLE_EMAIL", "KAGGLE_PASSWORD"},
        ),
    ],
)
def test_run_and_check_name_the_same_missing_settings(
    tmp_path: Path, environment: dict[str, str], missing: set[str]
) -> None:
    for command in ("run", "check"):
        done = run_babynames(command, folder=tmp_path, environment=environment)
        assert done.returncode == 2
        said = done.stdout + done.stderr
        assert {name for name in VARIABLES if f" {name}: " in said} == missing
        assert ("is no setting: did you mean HUBSPOT_ACCESS_TOKEN?" in said) == ("HUBSPOT_ACESS_TOKEN" in environment)
        assert "hush-hush" not in said


@pytest.mark.parametrize("command", ["plan", "reconcile", "undo"])
def test_commands_beside_a_run_name_all_that_is_missing_at_once(tmp_path: Path, command: str) -> None:
    said = run_babynames(command, folder=tmp_path, environment={"DB_HOST": "127.0.0.1"}).stderr
    assert {name for name in VARIABLES if f" {name}: " in said} == {"HUBSPOT_ACCESS_TOKEN", "DB_NAME", "DB_USER"}


def test_a_kept_file_spares_run_and_check_a_login(tmp_path: Path) -> None:
    downloads = tmp_path / "data" / "downloads"
    downloads.mkdir(parents=True)
    kept = write_csv(downloads / "names.csv", [(1990, "Mary", "F", 1)])
    done = run_babynames("check", "kaggle", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"not asked, without KAGGLE_EMAIL and KAGGLE_PASSWORD; a run takes {kept}" in done.stdout
    said = run_babynames("run", folder=tmp_path).stderr
    assert {name for name in VARIABLES if f" {name}: " in said} == {"HUBSPOT_ACCESS_TOKEN"}


def test_a_report_of_checks_is_on_one_stream(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    done = run_babynames("check", folder=tmp_path)
    assert (done.returncode, done.stderr) == (2, "")
    marks = [line.split()[:2] for line in done.stdout.splitlines() if line[0] in "✓✗"]
    assert marks == [["✓", "db:"], ["✓", "schedule:"], ["✗", "kaggle"], ["✗", "hubspot"]]
    assert done.stdout.count("What to do: ") == 2


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("{} status > /dev/full", 1, "Where standard output leads, nothing can be written"),
        ("mkdir gone && cd gone && rmdir ../gone && {} status", 1, "The working folder is no longer there"),
        ("{} migrate <&- >&-", 0, ""),
        ("{} migrate <&- >&- 2>&-", 0, ""),
    ],
)
def test_odd_surroundings_of_a_command_are_named_or_do_not_matter(
    tmp_path: Path, line: str, status: int, said: str
) -> None:
    done = subprocess.run(  # noqa: S602 - the shell is what is tested
        line.format(SCRIPTS / "babynames"),
        shell=True,
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, said in done.stderr, "UNEXPECTED" in done.stderr) == (status, True, False), done.stderr
    assert (tmp_path / "data" / "babynames.db").exists() is (status == 0)
