"""How a table's rows are shared out among partitions.

What belongs here: the three ways, as values. What does not: Dagster's partitions (`assets/`).
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from babynames_dagster.errors import ErrorCode, PipelineError

ALL = "all"
"""The one partition of a table that has none."""
OTHER = "other"
"""The partition of every row whose column has none of the listed values: no row is left out."""
MOST_BUCKETS = 1000


@dataclass(frozen=True)
class Partitioning:
    """Which partitions there are, and how a row finds its own.

    Attributes:
        column: The column that says it; None where none does.
        values: The values of it that are partitions.
        buckets: In how many buckets rows are put by their key; 0 for none.
        names: Every partition, in order.
    """

    column: str | None = None
    values: Sequence[str] = ()
    buckets: int = 0
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Check the configuration.

        Raises:
            PipelineError: SOURCE_INVALID where it is none of the three ways.
        """
        problem = ""
        if self.column is not None and self.buckets:
            problem = "The partitions are by a column or by buckets, not both."
        elif (self.column is None) is not (not self.values):
            problem = "Partitions by a column take both the column and its values."
        elif len(set(self.values)) != len(self.values) or OTHER in self.values or "" in self.values:
            problem = f"The values of the partitions' column are each listed once, and none is empty or {OTHER!r}."
        elif not 0 <= self.buckets <= MOST_BUCKETS:
            problem = f"There can be up to {MOST_BUCKETS:,} buckets."
        if problem:
            raise PipelineError(ErrorCode.SOURCE_INVALID, problem)
        digits = len(str(self.buckets - 1))
        names = tuple(f"{number:0{digits}}" for number in range(self.buckets))
        if not names:
            names = (*self.values, OTHER) if self.column is not None else (ALL,)
        object.__setattr__(self, "names", names)

    def of(self, key: str, column_says: str) -> str:
        """Return a row's partition.

        Args:
            key: The row's key.
            column_says: The partition by its column.
        """
        if self.buckets:
            return self.names[zlib.crc32(key.encode()) % self.buckets]
        return column_says if self.column is not None else ALL
