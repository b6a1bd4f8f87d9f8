"""The documents that list the errors say what the errors are."""

import re
from pathlib import Path

from babynames_dagster.errors import ErrorCode
from babynames_dagster.errors_docs import END, START, errors_table, with_errors

CHECKOUT = Path(__file__).resolve().parents[1]


def test_the_readmes_table_is_up_to_date() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert START in readme
    assert with_errors(readme) == readme


def test_the_table_names_every_code_once() -> None:
    assert re.findall(r"^\| `([A-Z_0-9]+)` \|", errors_table(), flags=re.MULTILINE) == [code.name for code in ErrorCode]


def test_a_document_gets_the_table_between_its_markers_and_keeps_the_rest() -> None:
    updated = with_errors(f"before\n{START}\nold\n{END}\nafter\n")
    assert updated == f"before\n{START}\n{errors_table()}{END}\nafter\n"
    assert with_errors(updated) == updated
    assert with_errors("no place for it\n") == "no place for it\n"


def test_codes_that_the_operations_manual_explains_exist() -> None:
    manual = (CHECKOUT / "docs" / "operations.md").read_text(encoding="utf-8")
    # A code stands in backquotes at the head of its paragraph, in bold.
    explained = re.findall(r"^\*\*`([A-Z_0-9]+)`", manual, flags=re.MULTILINE)
    assert explained
    assert set(explained) <= {code.name for code in ErrorCode}
