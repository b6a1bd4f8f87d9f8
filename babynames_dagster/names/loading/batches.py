"""Gathering stream rows into the batches that are committed one transaction each.

What belongs here: batch borders, the resume point, what is gathered. What does not: writing a batch.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from babynames_dagster.names.rejects import RejectedRow

_EIGHTHS = 8
_MOST_READ_PER_ROW = 50

Pick = Callable[[pa.RecordBatch], Sequence[int]]
"""Chooses the rows of a block that the database has to see; called once for each block, in order."""


@dataclass(frozen=True)
class Batch:
    """Consecutive stream rows, and what is left of them to be written.

    Attributes:
        rows: Rows to be written.
        read: Rows of the file that the batch covers.
        rejected: How many of those are rejected.
        rejects: The first of them.
        end: About how far into the text it goes, in bytes.
    """

    rows: pa.Table
    read: int
    rejected: int
    rejects: Sequence[RejectedRow]
    end: int


def gather(  # noqa: PLR0913 - each is one fact about the stream or the batches
    blocks: Iterator[pa.RecordBatch], *, schema: pa.Schema, pick: Pick, skip: int, size: int, keep_rejects: int
) -> Iterator[Batch]:
    """Yield batches of about `size` rows each; their borders depend on the stream and `size` alone.

    The first batches are smaller, so that the server has something to do while a file that makes no more than one
    batch is still being read.

    Args:
        blocks: The stream.
        schema: Its schema.
        pick: Chooses what is written; rows that are skipped are shown to it, too.
        skip: Rows of the file that were committed before; always a border between stream rows.
        size: Rows of a batch.
        keep_rejects: Most rejects to hand on with a batch.
    """
    sizes = _sizes(size)
    pending = _Pending(schema, next(sizes), keep_rejects)
    before = 0
    for whole in blocks:
        after = whole["end"][0].as_py()
        block, skip = _after(whole, skip, pick)
        groups = block.slice(0, len(block) - block["slug"].null_count)
        picked = pick(groups)
        start = 0
        while len(picked) >= pending.room:
            stop = picked[pending.room] if len(picked) > pending.room else len(groups)
            taken, picked = picked[: pending.room], picked[pending.room :]
            pending.add(groups, start, stop, taken)
            yield pending.batch(before + (after - before) * stop // len(block))
            pending = _Pending(schema, next(sizes), keep_rejects)
            start = stop
        pending.add(groups, start, len(groups), picked)
        pending.reject(block.slice(len(groups)))
        before = after
        if pending.read >= _MOST_READ_PER_ROW * size:
            yield pending.batch(after)
            pending = _Pending(schema, next(sizes), keep_rejects)
    if pending.read:
        yield pending.batch(before)


def _sizes(size: int) -> Iterator[int]:
    for _ in range(_EIGHTHS):
        yield max(1, size // _EIGHTHS)
    while True:
        yield size


def _after(block: pa.RecordBatch, skip: int, pick: Pick) -> tuple[pa.RecordBatch, int]:
    """Return what of a block lies behind the rows to skip, and how many are still to be skipped."""
    if not skip:
        return block, 0
    behind = pc.cumulative_sum(block["occurrences"])
    skipped = pc.sum(pc.less_equal(behind, skip)).as_py()
    head = block.slice(0, skipped)
    pick(head.slice(0, skipped - head["slug"].null_count))
    left = skip - (behind[skipped - 1].as_py() if skipped else 0)
    return block.slice(skipped), left


class _Pending:
    """A batch that is being gathered."""

    def __init__(self, schema: pa.Schema, size: int, keep_rejects: int) -> None:
        self.read = 0
        self.room = size
        self._schema = schema
        self._parts: list[pa.RecordBatch] = []
        self._rejected = 0
        self._rejects: list[RejectedRow] = []
        self._keep = keep_rejects

    def add(self, groups: pa.RecordBatch, start: int, stop: int, taken: Sequence[int]) -> None:
        """Cover the groups from `start` to `stop`, and take those with the given indices among them."""
        covered = groups.slice(start, stop - start)
        self.read += pc.sum(covered["occurrences"]).as_py() or 0
        self.room -= len(taken)
        if len(taken) == len(covered):
            self._parts.append(covered)
        elif taken:
            self._parts.append(groups.take(pa.array(taken, pa.int64())))

    def reject(self, rejects: pa.RecordBatch) -> None:
        """Cover rejected rows."""
        self.read += len(rejects)
        self._rejected += len(rejects)
        kept = rejects.slice(0, self._keep - len(self._rejects))
        self._rejects.extend(
            RejectedRow(line, reason, raw)
            for line, reason, raw in zip(*(kept[name].to_pylist() for name in ("line", "reason", "raw")), strict=True)
        )

    def batch(self, end: int) -> Batch:
        """Return what was gathered, up to a byte of the text."""
        rows = pa.Table.from_batches(self._parts, schema=self._schema)
        return Batch(rows, self.read, self._rejected, self._rejects, end)
