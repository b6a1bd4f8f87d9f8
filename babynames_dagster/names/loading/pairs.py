"""The memory of the pairs (name, sex) that a load has met."""

from collections.abc import Sequence

PAIRS_REMEMBERED = 150_000
"""Some 100 bytes each. What a file has beyond that is distinguished by the database."""


class PairMemory:
    """Remembers the first pairs of a file, by slug.

    Which ones depends on the file alone, so a load that is taken up again remembers the same.

    Attributes:
        full: Whether pairs were met that are not remembered.
    """

    def __init__(self, most: int = PAIRS_REMEMBERED) -> None:
        """Remember nothing yet, and never more than `most` pairs."""
        self.full = False
        self._most = most
        self._slugs: set[str] = set()

    def new_among(self, slugs: Sequence[str]) -> list[int]:
        """Return the indices of the slugs that are not remembered, and remember them while there is room."""
        known = self._slugs
        new = [index for index, slug in enumerate(slugs) if slug not in known]
        room = self._most - len(known)
        known.update(slugs[index] for index in new[:room])
        self.full = self.full or len(new) > room
        return new
