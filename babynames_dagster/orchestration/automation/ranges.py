"""Runs of neighbouring partitions, so that few runs cover what has work."""

from collections.abc import Iterable, Sequence
from itertools import pairwise


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


def slices(order: Sequence[str], parts: int) -> list[tuple[str, str]]:
    """Return (first, last) of so many ranges that cover all keys, each as long as the next, or by one longer.

    Args:
        order: All partition keys in their order.
        parts: From 1 to their number.
    """
    bounds = [len(order) * part // parts for part in range(parts + 1)]
    return [(order[start], order[end - 1]) for start, end in pairwise(bounds)]
