"""How a property's value is shown to people."""

import pytest

from babynames_dagster.hubspot.api.differences import shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "(empty)"),
        ("", "(empty)"),
        ("O'Brien & Sons", "O'Brien & Sons"),
        ("Zoë", "Zoë"),
        ("Mary ", "'Mary '"),
        ("\x1b[2J", r"'\x1b[2J'"),
    ],
)
def test_a_value_is_quoted_only_where_it_could_not_be_read(value: str | None, text: str) -> None:
    assert shown(value) == text
