"""Which ranges of partitions a sensor asks for."""

import itertools
import string

import pytest

from babynames_dagster.automation.ranges import neighbouring

ORDER = [*string.ascii_uppercase, "other"]


@pytest.mark.parametrize(
    ("wanted", "ranges"),
    [
        ([], []),
        (["J"], [("J", "J")]),
        (["C", "A", "B"], [("A", "C")]),
        (["A", "C", "D", "Z", "other"], [("A", "A"), ("C", "D"), ("Z", "other")]),
        (ORDER, [("A", "other")]),
        (["A", "unknown"], [("A", "A")]),
    ],
)
def test_ranges_cover_what_is_wanted(wanted: list[str], ranges: list[tuple[str, str]]) -> None:
    assert neighbouring(wanted, ORDER) == ranges


def test_ranges_cover_exactly_what_is_wanted_for_every_subset_of_six_partitions() -> None:
    order = ORDER[:6]
    for size in range(7):
        for wanted in itertools.combinations(order, size):
            covered = [
                key
                for first, last in neighbouring(wanted, order)
                for key in order[order.index(first) : order.index(last) + 1]
            ]
            assert covered == list(wanted)
