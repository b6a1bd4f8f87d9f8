"""Which ranges of partitions a sensor asks for, and how they are cut for several runs."""

import itertools
import string

import pytest

from babynames_dagster.orchestration.automation.ranges import neighbouring, slices

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


@pytest.mark.parametrize("parts", [1, 2, 5, 9, 26, 27])
def test_every_key_is_in_one_range_and_ranges_are_of_one_length(parts: int) -> None:
    bounds = [(ORDER.index(first), ORDER.index(last)) for first, last in slices(ORDER, parts)]
    covered = [index for first, last in bounds for index in range(first, last + 1)]
    assert covered == list(range(27))
    lengths = {last - first + 1 for first, last in bounds}
    assert max(lengths) - min(lengths) <= 1


def test_as_many_runs_as_keys_have_one_key_each() -> None:
    assert slices(ORDER, 27) == [(key, key) for key in ORDER]
