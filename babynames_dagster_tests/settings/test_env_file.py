"""Which file of settings is read, what is said of it, and that what is written is read the same way everywhere."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import load_settings
from babynames_dagster.settings.env_file import CHOICE, env_file, env_line, env_texts


def test_the_chosen_file_is_read_in_place_of_env(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("MAX_RECORDS=1\nMIN_YEAR=1990\n")
    Path("other.env").write_text("MAX_RECORDS=2\n")
    assert load_settings().hubspot.max_records == 1
    monkeypatch.setenv(CHOICE, "other.env")
    settings = load_settings()
    assert (settings.hubspot.max_records, settings.hubspot.min_year) == (2, None)
    assert settings.overruled == []


def test_the_environment_wins_over_the_chosen_file_and_that_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("other.env").write_text("MAX_RECORDS=2\nDB_NAME=\nDB_USER=same\nPATH=/nowhere\n")
    for name, value in {CHOICE: "other.env", "MAX_RECORDS": "3", "DB_NAME": "real", "DB_USER": "same"}.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.hubspot.max_records == 3
    assert settings.overruled == ["DB_NAME", "MAX_RECORDS"]


def test_what_the_environment_overrules_in_env_itself_is_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("MAX_RECORDS=2\n")
    monkeypatch.setenv("MAX_RECORDS", "3")
    assert load_settings().overruled == []


def test_a_file_may_not_choose_another() -> None:
    Path(".env").write_text(f"MAX_RECORDS=1\n{CHOICE}=other.env\n")
    assert load_settings().hubspot.max_records == 1


def test_a_chosen_file_that_is_not_there_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOICE, "other.env")
    with pytest.raises(PipelineError, match=f"{tmp_path}/other.env: there is no such file") as caught:
        load_settings()
    assert caught.value.code is ErrorCode.INVALID_CONFIG


@pytest.mark.parametrize("there", [True, False])
def test_errors_name_the_file_that_was_looked_at(tmp_path: Path, *, there: bool) -> None:
    if there:
        Path(".env").write_text("DB_PORT=many\n")
    said = f"{tmp_path}/.env, which is {'there' if there else 'not there'}"
    with pytest.raises(PipelineError) as caught:
        load_settings(**({} if there else {"db_port": "many"}))
    assert said in caught.value.what
    with pytest.raises(PipelineError) as missing:
        load_settings({}, db_port=1).hubspot.require("access_token")
    assert said in missing.value.what


def line_or_refusal(value: str) -> str | None:
    """Return the line of a value; None where it is refused."""
    try:
        return env_line("NAME", value)
    except PipelineError:
        return None


@given(value=st.text(st.sampled_from("ab /:=#'\"\\$`\n\t~é!;&"), max_size=12))
def test_a_line_that_is_written_means_the_same_to_dotenv_and_to_a_shell(value: str) -> None:
    line = line_or_refusal(value)
    if line is None:
        assert not set(value).isdisjoint("'\\`\n")
        return
    shell = subprocess.run(["sh", "-c", f'{line}\nprintf %s "$NAME"'], capture_output=True, text=True, check=True)  # noqa: S603, S607 - the shell is what is asked
    assert shell.stdout == value
    Path("written.env").write_text(line + "\n", encoding="utf-8")
    assert env_file(Path("written.env")) == env_texts({CHOICE: "written.env"}) == {"NAME": value}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("DB_HOST=a\nDB_NAME: b\n", 2),
        ("\n# a note\n\nDB_PASSWORD='open\nDB_HOST=a\n", 4),
        ("DB_PASSWORD='a'b\n", 1),
        ("<<<<<<< HEAD\nDB_HOST=a\n", 1),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_not_passed_over(text: str, line: int) -> None:
    Path("odd.env").write_text(text, encoding="utf-8")
    with pytest.raises(PipelineError, match=rf"^\S*\W*INVALID_CONFIG\W*odd.env, line {line}, ") as caught:
        env_file(Path("odd.env"))
    assert "open" not in str(caught.value)


def test_backticks_inside_other_quotes_belong_to_the_value() -> None:
    Path("ticks.env").write_text("A='`a`'\nB=`b`\nC=`c\n", encoding="utf-8")
    assert env_file(Path("ticks.env")) == {"A": "`a`", "B": "b", "C": "`c"}
