"""When two writings are one value."""

import pytest

from babynames_dagster.hubspot.reconcile.judging import same_writing


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("1", "1.0", True),
        ("1e3", "1000", True),
        ("007", "7", False),
        ("true", "True", True),
        ("2026-01-31", "2026-01-31T00:00:00Z", True),
        ("2026-01-31", "1769817600000", True),
        ("2026-01-31T12:00:00.000Z", "2026-01-31T13:00:00+01:00", True),
        ("2026-01-31", "2026-01-30", False),
        ("2026-99-99", "2026-99-98", False),
        ("+1 (415) 555-0100", "+14155550100", True),
        ("1.234567", "1234567", False),
        ("1.234567", "12.34567", False),
        ("2026-11-1", "2026-1-11", False),
    ],
)
def test_a_value_in_another_form_is_the_same_value(ours: str, theirs: str, *, same: bool) -> None:
    assert (same_writing(ours, theirs), same_writing(theirs, ours)) == (same, same)
