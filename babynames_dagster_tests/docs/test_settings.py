"""The documents that list the settings say what the settings are."""

import re
from pathlib import Path

from babynames_dagster.settings import load_settings
from babynames_dagster.settings.model import VARIABLES
from babynames_dagster_tests.docs.markdown import CHECKOUT, with_text
from babynames_dagster_tests.docs.settings import env_example, settings_table


def test_the_example_file_is_up_to_date() -> None:
    assert (CHECKOUT / ".env.example").read_text(encoding="utf-8") == env_example(), "run `make docs`"


def test_the_page_is_up_to_date() -> None:
    page = (CHECKOUT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert with_text(page, "settings", settings_table()) == page, "run `make docs`"


def test_the_example_file_shows_every_variable_with_its_default() -> None:
    switched_on = re.sub(r"^#([A-Z0-9_]+=)", r"\1", env_example(), flags=re.MULTILINE)
    unset = load_settings()
    Path(".env").write_text(switched_on, encoding="utf-8")
    assert load_settings().model_dump() == unset.model_dump()
    assert {line.partition("=")[0] for line in switched_on.splitlines() if re.match(r"[A-Z]", line)} == set(VARIABLES)


def test_the_table_names_every_variable_once() -> None:
    assert re.findall(r"^\| `([A-Z0-9_]+)` \|", settings_table(), flags=re.MULTILINE) == list(VARIABLES)
