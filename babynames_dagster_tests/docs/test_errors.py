"""The documents that list the errors say what the errors are."""

import re

from babynames_dagster.errors import ErrorCode
from babynames_dagster_tests.docs.errors import errors_table
from babynames_dagster_tests.docs.markdown import CHECKOUT, with_text


def test_the_page_is_up_to_date() -> None:
    page = (CHECKOUT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert with_text(page, "errors", errors_table()) == page, "run `make docs`"


def test_the_table_names_every_code_once() -> None:
    assert re.findall(r"^\| `([A-Z_0-9]+)` \|", errors_table(), flags=re.MULTILINE) == [code.name for code in ErrorCode]


def test_codes_that_the_operations_manual_explains_exist() -> None:
    manual = (CHECKOUT / "docs" / "operations.md").read_text(encoding="utf-8")
    # A code stands in backquotes at the head of its paragraph, in bold.
    explained = re.findall(r"^\*\*`([A-Z_0-9]+)`", manual, flags=re.MULTILINE)
    assert explained
    assert set(explained) <= {code.name for code in ErrorCode}
