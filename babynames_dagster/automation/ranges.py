"""Runs of neighbouring partitions, so that few runs cover what has work."""

from collections.abc import Iterable, Sequence


def neighbouring(wanted: Iterable[str], order: Sequence[str]) -> list[tuple[str, str]]:
    """Return the fewest (first, last) ranges that cover `wanted` and nothing else.

    Args:
        wanted: Partition keys, in any order.
        order: All partition keys in their order.
    """
    marked = set(wanted)
    ranges: list[tuple[str, str]] = []
    previous_wanted = False
    for key in order:
        if key in marked:
            ranges = [*ranges[:-1], (ranges[-1][0], key)] if previous_wanted else [*ranges, (key, key)]
        previous_wanted = key in marked
    return ranges
