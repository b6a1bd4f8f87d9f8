"""Kaggle's settings."""

import pytest

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import load_settings


def test_settings_take_the_zips_name_for_the_files_and_one_locator_for_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_FILE", "names.csv.zip")
    monkeypatch.setenv("KAGGLE_LOCATORS", '{"banner": "text=Go away", "submit": ["text=Enter", "text=Go"]}')

    settings = load_settings()

    assert settings.kaggle.file == "names.csv"
    assert settings.kaggle.locators == {"banner": ("text=Go away",), "submit": ("text=Enter", "text=Go")}


@pytest.mark.parametrize(
    ("name", "value"), [("KAGGLE_FILE", "../names.csv"), ("KAGGLE_FILE", ".."), ("KAGGLE_LOCATORS", "[1]")]
)
def test_settings_refuse_what_is_no_file_name_and_no_table(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(PipelineError) as caught:
        load_settings()

    assert caught.value.code is ErrorCode.INVALID_CONFIG
    assert name in caught.value.what
