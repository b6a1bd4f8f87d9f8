"""What each kind of setting accepts, and how mistakes are reported."""

import json
import pickle
from pathlib import Path

import pytest

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import load_settings
from babynames_dagster.settings.model import VARIABLES
from babynames_dagster_tests.settings.values import value_of

SECRET = "Sup3r-s3cret"


def mistakes(monkeypatch: pytest.MonkeyPatch, **variables: str) -> PipelineError:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(PipelineError) as caught:
        load_settings()
    return caught.value


def value(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> object:
    monkeypatch.setenv(name, text)
    return value_of(load_settings(), name)


def test_every_mistake_is_reported_at_once_with_variable_value_and_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    error = mistakes(
        monkeypatch,
        DB_PORT="99999",
        DEMO_MODE="perhaps",
        HUBSPOT_REQUESTS_PER_BATCH="101",
        LOG_LEVEL="loud",
        MIN_YEAR="2000",
        MAX_YEAR="1990",
        HUBSPOT_ACCESS_TOKEN="pat 1",
    )
    assert error.code is ErrorCode.INVALID_CONFIG
    lines = error.what.splitlines()
    assert lines[0].startswith("The settings, from the environment and ")
    assert lines[0].endswith(".env, which is not there, have mistakes:")
    assert len(lines) == 7
    assert "DB_PORT='99999': must be at most 65535. Database server's port" in error.what
    assert "DEMO_MODE='perhaps': must be true or false" in error.what
    assert "HUBSPOT_REQUESTS_PER_BATCH='101': must be at most 100" in error.what
    assert "LOG_LEVEL='LOUD': must be DEBUG, INFO, WARNING" in error.what
    assert "MAX_YEAR='1990': is before MIN_YEAR (2000)" in error.what
    assert "HUBSPOT_ACCESS_TOKEN=(hidden): must be ASCII without spaces" in error.what
    assert error.remedy


def test_what_a_step_needs_is_reported_as_missing_all_at_once() -> None:
    settings = load_settings(kaggle_email="someone@example.com")
    settings.kaggle.require("email")
    with pytest.raises(PipelineError) as caught:
        settings.kaggle.require("email", "password", "key")
    assert caught.value.code is ErrorCode.MISSING_CONFIG
    assert "KAGGLE_PASSWORD: Kaggle password" in caught.value.what
    assert "KAGGLE_KEY: Kaggle API key" in caught.value.what
    assert "KAGGLE_EMAIL" not in caught.value.what


def test_a_server_without_database_and_user_is_reported_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_DIALECT", "mysql")
    with pytest.raises(PipelineError, match=r"(?s)DB_NAME.*DB_USER") as caught:
        load_settings().database_address()
    assert caught.value.code is ErrorCode.MISSING_CONFIG


@pytest.mark.parametrize(
    ("text", "level"),
    [("info", "INFO"), ("warn", "WARNING"), ("http", "INFO"), ("verbose", "DEBUG"), ("Error", "ERROR")],
)
def test_log_levels_of_winston_are_understood(monkeypatch: pytest.MonkeyPatch, text: str, level: str) -> None:
    assert value(monkeypatch, "LOG_LEVEL", text) == level


@pytest.mark.parametrize(("text", "share"), [("0.05", 0.05), ("5%", 0.05), ("0", 0.0), ("100%", 1.0)])
def test_a_share_may_be_a_percentage(monkeypatch: pytest.MonkeyPatch, text: str, share: float) -> None:
    assert value(monkeypatch, "REJECT_LIMIT", text) == share


@pytest.mark.parametrize(
    "text",
    [
        "a/b",
        "a/b/",
        "https://www.kaggle.com/datasets/a/b",
        "https://www.kaggle.com/datasets/a/b/data?x",
        "www.kaggle.com/datasets/a/b",
        "kaggle.com/datasets/a/b?select=c.csv",
        "datasets/a/b",
        "/datasets/a/b",
    ],
)
def test_a_dataset_may_be_given_by_its_address(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert value(monkeypatch, "KAGGLE_DATASET", text) == "a/b"


@pytest.mark.parametrize(("text", "delimiter"), [(";", ";"), ("\\t", "\t"), ("tab", "\t"), ("\t", "\t"), ("|", "|")])
def test_a_delimiter_is_one_character(monkeypatch: pytest.MonkeyPatch, text: str, delimiter: str) -> None:
    if not text.strip():  # a blank variable is one that is not set
        assert value(monkeypatch, "CSV_DELIMITER", text) is None
    else:
        assert value(monkeypatch, "CSV_DELIMITER", text) == delimiter


def test_a_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOWNLOAD_DIR", "~/files")
    assert load_settings().files.downloads == tmp_path / "files"


def test_json_settings_are_read_from_json(monkeypatch: pytest.MonkeyPatch) -> None:
    assert value(monkeypatch, "HUBSPOT_EXTRA_PROPERTIES", '{"source": "babynames"}') == {"source": "babynames"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("KAGGLE_DATASET", "no-owner"),
        ("KAGGLE_DATASET", "https://example.com/datasets/a/b"),
        ("KAGGLE_DATASET", "a/.."),
        ("KAGGLE_DATASET", "a/b@2"),
        ("KAGGLE_DATASET", "a/b/versions/2"),
        ("KAGGLE_DATASET", "https://www.kaggle.com/datasets/a/b/versions/2"),
        ("KAGGLE_DATASET", "kaggle.com/a/b"),
        ("KAGGLE_DATASET", "https://kaggle.com/a"),
        ("DAILY_TIME_ZONE", "Mars/Olympus"),
        ("KAGGLE_FILE", "../etc/passwd.csv"),
        ("KAGGLE_BASE_URL", "kaggle.com"),
        ("HUBSPOT_BASE_URL", "https://"),
        ("HUBSPOT_EMAIL_DOMAIN", "@example.com"),
        ("HUBSPOT_EXTRA_PROPERTIES", "source=x"),
        ("HUBSPOT_EXTRA_PROPERTIES", '["x"]'),
        ("CSV_ENCODING", "klingon"),
        ("CSV_ENCODING", "idna"),
        ("DATA_DIR", "s3://bucket/folder"),
        ("CSV_ENCODING", "rot13"),
        ("CSV_DELIMITER", "--"),
        ("KAGGLE_TIMEOUT", "inf"),
        ("KAGGLE_TIMEOUT", "nan"),
        ("MAX_RETRIES", "-1"),
        ("BATCH_SIZE", "0"),
        ("MIN_YEAR", "98"),
        ("DATA_DIR", "~nobody-of-that-name/x"),
        ("DB_DIALECT", "postgres"),
        ("ALERT_WEBHOOK_URL", "hooks.slack.com/services/x"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    said = mistakes(monkeypatch, **{name: text}).what
    assert f"{name}=" in said
    assert "Input should" not in said


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("HUBSPOT_ACESS_TOKEN", "HUBSPOT_ACCESS_TOKEN"),
        ("HUBSPOT_TOKEN", None),
        ("hubspot_acces_token", "HUBSPOT_ACCESS_TOKEN"),
        ("KAGGLE_PASWORD", "KAGGLE_PASSWORD"),
        ("DBHOST", "DB_HOST"),
        ("DB_PASWORD_FILE", "DB_PASSWORD"),
        ("DB_PASSWORD_FILE", None),
        ("DB_LOGGING", None),
        ("NODE_ENV", None),
        ("PATH", None),
    ],
)
def test_a_misspelt_name_is_known_by_what_it_looks_like(tmp_path: Path, given: str, meant: str | None) -> None:
    (tmp_path / "file").write_text("x")
    settings = load_settings({given: str(tmp_path / "file")})
    assert settings.misspelt == ({given.upper(): meant} if meant else {})


def test_a_misspelt_name_in_the_env_file_is_known_and_one_that_is_set_was_not_meant() -> None:
    Path(".env").write_text("HUBSPOT_ACESS_TOKEN=x\n", encoding="utf-8")
    assert load_settings({}).misspelt == {"HUBSPOT_ACESS_TOKEN": "HUBSPOT_ACCESS_TOKEN"}
    assert load_settings({"HUBSPOT_ACCESS_TOKEN": "x"}).misspelt == {}


@pytest.mark.parametrize(
    "address",
    [
        f"mysql://root:{SECRET}/name",
        f"mysql://root:{SECRET}@host:port/name",
        f"mysql://root:{SECRET}@host/",
        f"postgresql://root:{SECRET}@host/name",
        f"{SECRET}",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_a_database_address_that_makes_no_sense_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    error = mistakes(monkeypatch, DATABASE_URL=address)
    assert "DATABASE_URL=(hidden): must" in error.what
    assert SECRET not in str(error)
    assert "Sup3r" not in str(error)


@pytest.mark.parametrize("scheme", ["mysql", "mysql+pymysql", "mysql+mysqldb", "mariadb", "mariadb+pymysql"])
def test_every_mysql_like_address_is_reached_through_pymysql(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://user:p%40ss@host:3307/name")
    settings = load_settings(db_host="ignored")
    url = settings.database_address()
    assert (url.drivername, url.password, url.port) == ("mysql+pymysql", "p@ss", 3307)
    assert settings.database.uses_server


def test_secrets_are_in_no_representation_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = [
        "DB_PASSWORD",
        "KAGGLE_PASSWORD",
        "KAGGLE_KEY",
        "HUBSPOT_ACCESS_TOKEN",
        "SMTP_PASSWORD",
    ]
    for name in secrets:
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("DATABASE_URL", f"mysql://root:{SECRET}@host/name")
    monkeypatch.setenv("ALERT_WEBHOOK_URL", f"https://hooks.example/{SECRET}")
    settings = load_settings()
    for shown in (repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())):
        assert SECRET not in shown
        assert "example" not in shown


def test_secrets_are_in_no_mistakes_message(monkeypatch: pytest.MonkeyPatch) -> None:
    error = mistakes(
        monkeypatch,
        HUBSPOT_ACCESS_TOKEN=f"{SECRET} x",
        KAGGLE_KEY=f"{SECRET} y",
        ALERT_WEBHOOK_URL=f"hooks.example/{SECRET}",
        DB_PASSWORD=SECRET,
        HUBSPOT_BASE_URL=f"ftp://user:{SECRET}@host",
    )
    assert len(error.what.splitlines()) == 5
    assert SECRET not in str(error)
    assert SECRET not in repr(error.__cause__)


def test_settings_cannot_be_changed() -> None:
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.database.host = "elsewhere"  # type: ignore[misc]  # the point of the test


def test_settings_cross_process_boundaries_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    settings = load_settings(db_host="a")
    again = pickle.loads(pickle.dumps(settings))  # noqa: S301 - our own bytes
    assert again == settings


def test_every_setting_has_a_description_and_a_default() -> None:
    for name, field in VARIABLES.items():
        assert field.description, name
        assert not field.is_required(), name
    assert json.loads(load_settings().model_dump_json())


@pytest.mark.parametrize(
    ("given", "columns"),
    [("name,sex,births", "name,sex,births"), (" State , Gender, YEAR ,Name,count", "-,sex,year,name,births")],
)
def test_columns_are_ours_or_do_not_matter(given: str, columns: str) -> None:
    assert load_settings(csv_columns=given).files.csv_columns == columns


@pytest.mark.parametrize("given", ["name", "name,sex,name", "name,sex,number,births", "nmae,sex"])
def test_columns_without_name_and_sex_or_with_doubles_are_refused(given: str) -> None:
    with pytest.raises(PipelineError, match="CSV_COLUMNS"):
        load_settings(csv_columns=given)
