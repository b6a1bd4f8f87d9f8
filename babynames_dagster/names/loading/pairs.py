"""The memory of the pairs (name, sex) that a load has met."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

PAIRS_REMEMBERED = 150_000
"""Some 15 bytes each. What a file has beyond that is distinguished by the database."""


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
        self._slugs = pa.array([], pa.string())

    def new_among(self, slugs: pa.StringArray) -> Sequence[int]:
        """Return the indices of the slugs that are not remembered, and remember them while there is room.

        Args:
            slugs: Each once.
        """
        # Arrow hashes all that is remembered at each call, and still takes half as long as a set of Python's.
        is_new = pc.invert(pc.is_in(slugs, self._slugs))
        new = slugs.filter(is_new)
        room = self._most - len(self._slugs)
        if room and len(new):
            self._slugs = pa.concat_arrays([self._slugs, new.slice(0, room)])
        self.full = self.full or len(new) > room
        indices: list[int] = pc.indices_nonzero(is_new).to_pylist()
        return indices
