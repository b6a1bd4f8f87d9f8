"""The documents that list the settings say what the settings are."""

import re
from pathlib import Path

from babynames_dagster.settings import load_settings
from babynames_dagster.settings.docs import END, START, env_example, settings_table, with_table
from babynames_dagster.settings.model import VARIABLES

CHECKOUT = Path(__file__).resolve().parents[2]


def test_the_example_file_is_up_to_date() -> None:
    assert (CHECKOUT / ".env.example").read_text(encoding="utf-8") == env_example()


def test_the_readmes_table_is_up_to_date() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert with_table(readme) == readme


def test_the_example_file_shows_every_variable_with_its_default() -> None:
    switched_on = re.sub(r"^#([A-Z0-9_]+=)", r"\1", env_example(), flags=re.MULTILINE)
    unset = load_settings()
    Path(".env").write_text(switched_on, encoding="utf-8")
    assert load_settings().model_dump() == unset.model_dump()
    assert {line.partition("=")[0] for line in switched_on.splitlines() if re.match(r"[A-Z]", line)} == set(VARIABLES)


def test_the_table_names_every_variable_once() -> None:
    assert re.findall(r"^\| `([A-Z0-9_]+)` \|", settings_table(), flags=re.MULTILINE) == list(VARIABLES)


def test_a_document_gets_the_table_between_its_markers_and_keeps_the_rest() -> None:
    updated = with_table(f"before\n{START}\nold\n{END}\nafter\n")
    assert updated == f"before\n{START}\n{settings_table()}{END}\nafter\n"
    assert with_table(updated) == updated
    assert with_table("no place for it\n") == "no place for it\n"
