"""Kaggle's own credentials are found where its client finds them, in its order."""

from pathlib import Path

import pytest

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.rest.credentials import Credentials, find_credentials
from babynames_dagster.settings import load_settings

KAGGLE_JSON = '{"username": "filed", "key": "filed-key"}'
ENVIRONMENT = {"KAGGLE_USERNAME": "named", "KAGGLE_KEY": "named-key"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of Kaggle's client, empty."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".kaggle"
    folder.mkdir()
    return folder


def found(**environment: str) -> Credentials | None:
    return find_credentials(load_settings(environment).kaggle)


def test_the_order_is_kaggles_own(home: Path) -> None:
    assert found() is None
    (home / "kaggle.json").write_text(KAGGLE_JSON)
    assert found() == Credentials(str(home / "kaggle.json"), "filed-key", "filed")
    assert found(**ENVIRONMENT) == Credentials("KAGGLE_USERNAME and KAGGLE_KEY", "named-key", "named")
    (home / "access_token.txt").write_text("filed-token\n")
    assert found(**ENVIRONMENT) == Credentials(str(home / "access_token.txt"), "filed-token")
    (home / "access_token").write_text("other-token\n")
    assert found(**ENVIRONMENT) == Credentials(str(home / "access_token"), "other-token")
    assert found(**ENVIRONMENT, KAGGLE_API_TOKEN="given") == Credentials("KAGGLE_API_TOKEN", "given")


def test_a_token_may_be_a_files_name_and_the_folder_another_one(home: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("in-a-file\n")
    assert found(KAGGLE_API_TOKEN=str(tmp_path / "token")) == Credentials("KAGGLE_API_TOKEN", "in-a-file")
    (tmp_path / "kaggle.json").write_text(KAGGLE_JSON)
    assert found(KAGGLE_CONFIG_DIR=str(tmp_path)) == Credentials(str(tmp_path / "kaggle.json"), "filed-key", "filed")
    assert not list(home.iterdir())


def test_kaggles_files_are_for_kaggles_address_alone(home: Path) -> None:
    (home / "access_token").write_text("filed-token")
    (home / "kaggle.json").write_text(KAGGLE_JSON)
    assert found(KAGGLE_BASE_URL="http://127.0.0.1:1") is None


@pytest.mark.parametrize("text", ["", "{}", "[]", "user:key"])
def test_a_file_without_a_key_is_named(home: Path, text: str) -> None:
    (home / "kaggle.json").write_text(text)
    with pytest.raises(PipelineError, match=r"kaggle\.json holds no user name and key") as caught:
        found()
    assert caught.value.code is ErrorCode.INVALID_CONFIG


def test_no_representation_shows_the_secret() -> None:
    assert "5ecret" not in repr(Credentials("KAGGLE_KEY", "5ecret", "somebody"))
