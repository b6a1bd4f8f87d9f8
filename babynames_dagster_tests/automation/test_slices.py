"""How the partitions are cut for several runs."""

import pytest

from babynames_dagster.automation.ranges import slices

KEYS = [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "other"]


@pytest.mark.parametrize("parts", [1, 2, 5, 9, 26, 27])
def test_every_key_is_in_one_range_and_ranges_are_alike(parts: int) -> None:
    bounds = [(KEYS.index(first), KEYS.index(last)) for first, last in slices(KEYS, parts)]
    covered = [index for first, last in bounds for index in range(first, last + 1)]
    assert covered == list(range(27))
    lengths = {last - first + 1 for first, last in bounds}
    assert max(lengths) - min(lengths) <= 1


def test_as_many_runs_as_keys_have_one_key_each() -> None:
    assert slices(KEYS, 27) == [(key, key) for key in KEYS]
