"""The environment and `.env`, the TypeScript version's included."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import load_settings
from babynames_dagster.settings.model import VARIABLES
from babynames_dagster_tests.settings.values import value_of

TYPESCRIPT_ENV = """\
# Database configuration
DB_HOST=localhost
DB_PORT=3306
DB_NAME=baby_names
DB_USER=root
DB_PASSWORD='p@ss #1'   # the root password
DB_DIALECT=mysql
DB_LOGGING=false

# Kaggle
export KAGGLE_EMAIL="someone@example.com"
KAGGLE_PASSWORD="correct horse"
KAGGLE_BASE_URL=https://www.kaggle.com
KAGGLE_DATASET=thedevastator/us-baby-names-by-year-of-birth
KAGGLE_FILE=babyNamesUSYOB-full.csv
KAGGLE_HEADLESS=TRUE

HUBSPOT_API_KEY=pat-na1-0000
HUBSPOT_BASE_URL=https://api.hubapi.com/
HUBSPOT_BATCH_DELAY=2000 # ms between batches
HUBSPOT_REQUESTS_PER_BATCH=10

NODE_ENV=development
LOG_LEVEL=silly
LOG_DIR=./logs
DOWNLOAD_DIR=./downloads
BATCH_SIZE=1000
MAX_RETRIES=3
RETRY_DELAY=5000
DEMO_MODE=true
MAX_RECORDS=
MIN_YEAR=
MAX_YEAR=
"""


def secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value is not None else None


def write_env(text: str, encoding: str = "utf-8", newline: str = "\n") -> None:
    Path(".env").write_bytes(text.replace("\n", newline).encode(encoding))


@pytest.mark.parametrize(("encoding", "newline"), [("utf-8", "\n"), ("utf-8", "\r\n"), ("utf-8-sig", "\r\n")])
def test_the_env_file_of_the_typescript_version_works_unchanged(encoding: str, newline: str) -> None:
    write_env(TYPESCRIPT_ENV.removeprefix("# Database configuration\n"), encoding, newline)
    settings = load_settings()
    url = settings.database_address()
    assert (url.drivername, url.host, url.port, url.database) == ("mysql+pymysql", "localhost", 3306, "baby_names")
    assert (url.username, url.password) == ("root", "p@ss #1")
    assert settings.kaggle.email == "someone@example.com"
    assert secret(settings.kaggle.password) == "correct horse"
    assert settings.kaggle.headless is True
    assert secret(settings.hubspot.access_token) == "pat-na1-0000"
    assert settings.hubspot.base_url == "https://api.hubapi.com"
    assert settings.hubspot.batch_delay == 2000
    assert settings.hubspot.requests_per_batch == 10
    assert settings.files.log_level == "DEBUG"
    assert settings.files.logs == Path.cwd() / "logs"
    assert settings.files.downloads == Path.cwd() / "downloads"
    assert settings.load.batch_size == 1000
    assert settings.retries.max_retries == 3
    assert settings.retries.delay_seconds == 5.0
    assert settings.hubspot.demo_mode is True
    assert settings.hubspot.max_records == 50
    assert settings.hubspot.min_year is None


def test_nothing_set_is_a_sqlite_file_below_the_data_folder() -> None:
    settings = load_settings()
    assert not settings.database.uses_server
    assert settings.database_address().database == str(Path.cwd() / "data" / "babynames.db")
    assert settings.files.downloads == Path.cwd() / "data" / "downloads"
    assert settings.files.logs == Path.cwd() / "data" / "logs"


def test_code_wins_over_the_environment_which_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write_env("DB_HOST=file\nDB_NAME=file\nDB_USER=file\n")
    monkeypatch.setenv("DB_NAME", "environment")
    monkeypatch.setenv("DB_USER", "environment")
    settings = load_settings(db_user="code")
    assert (settings.database.host, settings.database.name, settings.database.user) == ("file", "environment", "code")


@pytest.mark.parametrize("name", ["HUBSPOT_ACCESS_TOKEN", "HUBSPOT_API_KEY"])
def test_the_environments_token_wins_over_the_files_under_either_name(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    write_env("HUBSPOT_ACCESS_TOKEN=file\nHUBSPOT_API_KEY=older-file\n")
    assert secret(load_settings().hubspot.access_token) == "file"
    monkeypatch.setenv(name, "environment")
    assert secret(load_settings().hubspot.access_token) == "environment"
    assert secret(load_settings(hubspot_access_token=SecretStr("code")).hubspot.access_token) == "code"


def test_an_empty_newer_name_leaves_the_older_one_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "")
    monkeypatch.setenv("HUBSPOT_API_KEY", "older")
    assert secret(load_settings().hubspot.access_token) == "older"


def test_blank_values_count_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    write_env("DB_PORT=3307\nDB_HOST=\nKAGGLE_EMAIL=''\n")
    for name in ("DB_PASSWORD", "DB_USER", "DATABASE_URL", "LOG_LEVEL", "DEMO_MODE"):
        monkeypatch.setenv(name, "  ")
    settings = load_settings()
    assert settings.database.port == 3307
    assert settings.kaggle.email is None
    assert not settings.database.uses_server


def test_a_blank_variable_leaves_out_what_the_file_says(monkeypatch: pytest.MonkeyPatch) -> None:
    write_env("DB_HOST=real\nDB_NAME=real\nDB_USER=real\nSMTP_HOST=mail.example.com\nHUBSPOT_API_KEY=real\n")
    for name in ("DB_HOST", "DB_NAME", "DB_USER", "smtp_host", "HUBSPOT_ACCESS_TOKEN"):
        monkeypatch.setenv(name, "")
    settings = load_settings()
    assert not settings.database.uses_server
    assert settings.alerts.smtp_host is None
    assert settings.hubspot.access_token is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("plain#word", "plain#word"),
        ("plain # comment", "plain"),
        ("'single # no comment'", "single # no comment"),
        ('"double # no comment"', "double # no comment"),
        ("`back 'tick'`", "back 'tick'"),
        ("cash$HOME${HOME}", "cash$HOME${HOME}"),
        ("equal=sign=", "equal=sign="),
        ("' kept space '", " kept space "),
        ("pässwörd", "pässwörd"),
    ],
)
def test_passwords_are_read_from_the_file_as_node_reads_them(written: str, read: str) -> None:
    write_env(f"DB_PASSWORD={written}\n")
    assert secret(load_settings().database.password) == read


def test_space_around_values_of_the_environment_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_MODE", " true ")
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "pat-1\n")
    monkeypatch.setenv("DB_PASSWORD", " kept ")
    settings = load_settings()
    assert settings.hubspot.demo_mode is True
    assert secret(settings.hubspot.access_token) == "pat-1"
    assert secret(settings.database.password) == " kept "


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_that_is_not_utf8_is_reported(encoding: str) -> None:
    write_env("DB_PASSWORD=pässwörd\n", encoding)
    with pytest.raises(PipelineError, match=r"\.env is not UTF-8 text") as caught:
        load_settings()
    assert caught.value.code is ErrorCode.INVALID_CONFIG
    assert "sswörd" not in str(caught.value)


def test_a_folder_in_the_files_place_is_reported() -> None:
    Path(".env").mkdir()
    with pytest.raises(PipelineError, match=r"\.env can't be read: Is a directory") as caught:
        load_settings()
    assert caught.value.code is ErrorCode.INVALID_CONFIG


def test_settings_that_are_read_again_have_what_their_sources_have_by_then(monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_settings(db_host="given")
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "rotated")
    assert first.hubspot.access_token is None
    again = first.reread()
    assert secret(again.hubspot.access_token) == "rotated"
    assert again.database.host == "given"


def test_a_given_environment_stands_for_the_processs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_HOST", "mine")
    settings = load_settings({"DB_PORT": "3307"})
    assert (settings.database.host, settings.database.port) == ("localhost", 3307)
    assert settings.reread() == settings


def test_reading_the_settings_leaves_the_environment_alone() -> None:
    write_env("DB_PASSWORD=word\n")
    before = dict(os.environ)
    load_settings()
    assert dict(os.environ) == before


def test_every_setting_can_be_set_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    unset = load_settings()
    for name in VARIABLES:
        with monkeypatch.context() as patch:
            patch.setenv(name, "?")
            try:
                changed = value_of(load_settings(), name) != value_of(unset, name)
            except PipelineError as error:
                changed = f"{name}=" in error.what
            assert changed, name


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as Kubernetes mounts one: links into a hidden folder, which a rotation exchanges."""
    folder = tmp_path / "secrets"
    (folder / "..data").mkdir(parents=True)
    (folder / "..data" / "HUBSPOT_ACCESS_TOKEN").write_text("in-a-file\n")
    (folder / "HUBSPOT_ACCESS_TOKEN").symlink_to(folder / "..data" / "HUBSPOT_ACCESS_TOKEN")
    (folder / "db_password").write_text(" with space \r\n")
    (folder / "README").write_text("not a setting")
    monkeypatch.setenv("SECRETS_DIR", str(folder))
    return folder


def test_a_folder_of_secrets_is_below_the_environment_and_above_the_env_file(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_env("HUBSPOT_ACCESS_TOKEN=in-dotenv\nDB_PASSWORD=in-dotenv\nDB_HOST=from.dotenv\n")
    settings = load_settings()
    assert secret(settings.hubspot.access_token) == "in-a-file"
    assert secret(settings.database.password) == " with space "
    assert settings.database.host == "from.dotenv"
    (secrets / "..data" / "HUBSPOT_ACCESS_TOKEN").write_text("rotated")
    assert secret(settings.reread().hubspot.access_token) == "rotated"
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "exported")
    assert secret(load_settings().hubspot.access_token) == "exported"


def test_the_folder_may_be_named_in_the_env_file(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRETS_DIR")
    write_env(f"SECRETS_DIR={secrets}\n")
    assert secret(load_settings().hubspot.access_token) == "in-a-file"


def test_a_variable_may_name_the_file_that_holds_its_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("in-a-file\n")
    (tmp_path / "other").write_text("from-the-older-name\n")
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN_FILE", str(tmp_path / "token"))
    write_env(f"DB_USER_FILE={tmp_path / 'token'}\nKAGGLE_FILE=names.csv\n")
    settings = load_settings()
    assert secret(settings.hubspot.access_token) == "in-a-file"
    assert settings.database.user == "in-a-file"
    assert settings.kaggle.file == "names.csv"
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "exported")
    assert secret(load_settings().hubspot.access_token) == "exported"
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN")
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN_FILE")
    monkeypatch.setenv("HUBSPOT_API_KEY_FILE", str(tmp_path / "other"))
    assert secret(load_settings().hubspot.access_token) == "from-the-older-name"


@pytest.mark.parametrize("name", ["DB_PASSWORD_FILE", "SECRETS_DIR"])
def test_a_file_or_folder_that_is_not_there_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "/nowhere/at/all")
    with pytest.raises(PipelineError, match=name) as caught:
        load_settings()
    assert caught.value.code is ErrorCode.INVALID_CONFIG


def test_what_is_wrong_with_a_secret_in_a_file_does_not_show_it(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "db_password").write_bytes(b"5ecret\xff")
    with pytest.raises(PipelineError, match="not UTF-8") as caught:
        load_settings()
    assert "5ecret" not in str(caught.value)
    monkeypatch.delenv("SECRETS_DIR")
    assert load_settings().database.password is None


def test_a_folder_that_leads_to_itself_is_left_for_whoever_opens_it() -> None:
    Path("loop").symlink_to("loop")
    files = load_settings(data_dir=Path("loop")).files
    assert files.logs == Path("loop/logs").absolute()


def test_a_text_with_nul_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("wide").mkdir()
    Path("wide", "DB_PASSWORD").write_bytes("password".encode("utf-16-le"))
    monkeypatch.setenv("SECRETS_DIR", "wide")
    with pytest.raises(PipelineError, match="DB_PASSWORD: holds a NUL character"):
        load_settings()
