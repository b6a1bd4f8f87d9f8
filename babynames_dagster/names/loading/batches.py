"""Gathering stream rows into the batches that are committed one transaction each.

What belongs here: batch borders, the resume point, what is gathered. What does not: writing a batch.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from babynames_dagster.database.loading.loads import RowCounts
from babynames_dagster.names.rejects import RejectedRow
from babynames_dagster.names.stream import Chunk

_EIGHTHS = 8
_MOST_READ_PER_ROW = 50

Pick = Callable[[pa.RecordBatch], Sequence[int]]
"""Chooses the rows of a chunk that the database has to see; is shown all rows of the stream once, in order."""


@dataclass(frozen=True)
class Batch:
    """Consecutive stream rows, and what is left of them to be written.

    Attributes:
        rows: Rows to be written.
        counts: Rows of the file that the batch covers, and how many of those are rejected.
        rejects: The first of them.
        end: About how far into the text it goes, in bytes.
    """

    rows: pa.Table
    counts: RowCounts
    rejects: Sequence[RejectedRow]
    end: int


def gather(  # noqa: PLR0913 - each is one fact about the stream or the batches
    chunks: Iterable[Chunk], *, schema: pa.Schema, pick: Pick, skip: int, size: int, keep_rejects: int
) -> Iterator[Batch]:
    """Yield batches of about `size` rows each, from where an earlier load stopped.

    The first batches are smaller, also after rows that are skipped, so that the server has something to do while a
    file that makes no more than one batch is still being read. A batch may end between any two rows of the stream:
    no count of the load depends on where.

    Args:
        chunks: The stream.
        schema: The schema of its rows.
        pick: Chooses what is written; rows that are skipped are shown to it, too.
        skip: Rows of the file that were committed before; always a border between stream rows.
        size: Rows of a batch.
        keep_rejects: Most rejects to hand on with a batch.
    """
    sizes = _sizes(size)
    pending = _Pending(schema, next(sizes), keep_rejects)
    before = 0
    for whole in chunks:
        chunk, skip = _after(whole, skip, pick)
        rows = chunk.rows
        picked = pick(rows)
        start = 0
        while len(picked) >= pending.room:
            stop = picked[pending.room] if len(picked) > pending.room else len(rows)
            taken, picked = picked[: pending.room], picked[pending.room :]
            pending.add(rows, start, stop, taken)
            yield pending.batch(before + (chunk.end - before) * stop // (len(rows) + len(chunk.rejects)))
            pending = _Pending(schema, next(sizes), keep_rejects)
            start = stop
        pending.add(rows, start, len(rows), picked)
        pending.reject(chunk.rejects)
        before = chunk.end
        if pending.counts.read >= _MOST_READ_PER_ROW * size:
            yield pending.batch(before)
            pending = _Pending(schema, next(sizes), keep_rejects)
    if pending.counts.read:
        yield pending.batch(before)


def _sizes(size: int) -> Iterator[int]:
    for _ in range(_EIGHTHS):
        yield max(1, size // _EIGHTHS)
    while True:
        yield size


def _after(chunk: Chunk, skip: int, pick: Pick) -> tuple[Chunk, int]:
    """Return what of a chunk comes after the rows to skip, and how many are still to be skipped."""
    if not skip:
        return chunk, 0
    behind = pc.cumulative_sum(chunk.rows["occurrences"])
    skipped = pc.sum(pc.less_equal(behind, skip)).as_py() or 0
    pick(chunk.rows.slice(0, skipped))
    left = skip - (behind[skipped - 1].as_py() if skipped else 0)
    # The rejects come behind all rows of their chunk.
    passed = min(left, len(chunk.rejects)) if skipped == len(chunk.rows) else 0
    return replace(chunk, rows=chunk.rows.slice(skipped), rejects=chunk.rejects[passed:]), left - passed


class _Pending:
    """A batch that is being gathered."""

    def __init__(self, schema: pa.Schema, size: int, keep_rejects: int) -> None:
        self.counts = RowCounts()
        self.room = size
        self._schema = schema
        self._parts: list[pa.RecordBatch] = []
        self._rejects: list[RejectedRow] = []
        self._keep = keep_rejects

    def add(self, rows: pa.RecordBatch, start: int, stop: int, taken: Sequence[int]) -> None:
        """Cover the rows from `start` to `stop`, and take those with the given indices among them."""
        covered = rows.slice(start, stop - start)
        self.counts += RowCounts(read=pc.sum(covered["occurrences"]).as_py() or 0)
        self.room -= len(taken)
        if len(taken) == len(covered):
            self._parts.append(covered)
        elif taken:
            self._parts.append(rows.take(pa.array(taken, pa.int64())))

    def reject(self, rejects: Sequence[RejectedRow]) -> None:
        """Cover rejected rows."""
        self.counts += RowCounts(read=len(rejects), rejected=len(rejects))
        self._rejects.extend(rejects[: self._keep - len(self._rejects)])

    def batch(self, end: int) -> Batch:
        """Return what was gathered, up to a byte of the text."""
        rows = pa.Table.from_batches(self._parts, schema=self._schema)
        return Batch(rows, self.counts, self._rejects, end)
