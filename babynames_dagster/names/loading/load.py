"""The course of a load: recognise, claim, take up, commit batch by batch, finish.

What belongs here: what happens in which order, and after an error. What does not: reading the file, SQL, and what
differs between the tables (`targets.py`).

Each batch is one transaction together with the load's resume point, so that a load killed at any moment resumes after
its last batch. A batch whose commit got no answer is looked up before it is sent again.
"""

import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict, replace

from sqlalchemy.engine import Engine

from babynames_dagster.common.progress import Progress, ProgressListener, ignore_progress
from babynames_dagster.common.retry import Policy, Retries, retried
from babynames_dagster.database.connection.engine import writing
from babynames_dagster.database.connection.retrying import of_database
from babynames_dagster.database.loading.load_claims import claimed_load
from babynames_dagster.database.loading.loaded_rows import count_rows, has_rows
from babynames_dagster.database.loading.loads import (
    DONE,
    LoadRow,
    RowCounts,
    advance_load,
    begin_load,
    fail_load,
    finish_load,
    keep_rejects,
    latest_load,
    load_by_id,
    rejects_of_load,
    take_up_load,
)
from babynames_dagster.database.loading.refused_names import taking_out
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.names.loading.batches import Batch, gather
from babynames_dagster.names.loading.prefetch import prefetched
from babynames_dagster.names.loading.report import FIRST_REJECTS, LoadReport, recognised_load
from babynames_dagster.names.loading.targets import NamesTarget, Target, YearsTarget
from babynames_dagster.names.stream import NAMES, YEARS, RowStream
from babynames_dagster.settings import LoadingSettings


def load_stream(
    stream: RowStream,
    engine: Engine,
    *,
    run_id: str | None,
    settings: LoadingSettings,
    on_progress: ProgressListener = ignore_progress,
) -> LoadReport:
    """Load a stream into its table.

    In `baby_names`, nothing that is there is changed or deleted. In `baby_name_years`, births of an earlier load are
    corrected; of several rows of one name, sex and year in the file the first counts, and the others are duplicates.

    Args:
        stream: The rows; its file is not even opened where it was loaded before.
        engine: The database, its schema at head.
        run_id: Whose load it is, for the ledger.
        settings: BATCH_SIZE, REJECT_LIMIT, REJECTS_KEPT, MAX_RETRIES and RETRY_DELAY.
        on_progress: Called with the rows read so far, and about how many there are, after each batch.

    Raises:
        PipelineError: TOO_MANY_REJECTS, where the good rows are kept all the same; NAMES_NOT_LOADED where births come
            before their names; TAKEN_OVER where another process took the load up meanwhile; any ZIP_*, CSV_* or DB_*
            code. The load is marked as failed, and the next one of the same file resumes after its last batch.
    """
    policy = _policy(settings)
    target: Target = NamesTarget(engine)
    if stream.header.target == YEARS:
        target = YearsTarget(engine, lambda look_up: retried(look_up, policy))
    return _Load(stream, engine, target, settings, on_progress).run(run_id)


# A lost connection may have entered the load all the same, and a second entry would stay unfinished.
_MEETING = of_database(lost=Retries(0, 0.0))


def _policy(settings: LoadingSettings) -> Policy:
    """Return what errors are worth: MAX_RETRIES and RETRY_DELAY are about lost connections."""
    return of_database(Retries(settings.retries.max_retries, settings.retries.delay_seconds))


class _Load:
    """One load, from the file's recognition to its report."""

    def __init__(
        self,
        stream: RowStream,
        engine: Engine,
        target: Target,
        settings: LoadingSettings,
        on_progress: ProgressListener,
    ) -> None:
        self._stream = stream
        self._header = stream.header
        self._engine = engine
        self._target = target
        self._settings = settings
        self._on_progress = on_progress
        self._policy = _policy(settings)
        self._started = time.monotonic()
        self._committed = 0
        self._all_new = False

    def run(self, run_id: str | None) -> LoadReport:
        latest = self._latest()
        if latest is not None and not self._header.full_reload and self._is_held(latest):
            known = recognised_load(latest, file_name=self._header.file_name, table_rows=self._count())
            return self._report(known, recognised=True)
        with ExitStack() as claims:
            load = self._take_up(latest, run_id, claims) or self._begin(run_id, claims)
            resumed_at = self._committed = load.rows_committed
            try:
                self._write(load.id)
                load = self._finish(load.id)
            except BaseException as error:
                self._give_up(load.id, error)
                raise
        return self._report(load, resumed_at=resumed_at)

    def _report(self, load: LoadRow, *, resumed_at: int = 0, recognised: bool = False) -> LoadReport:
        rejects = rejects_of_load(self._engine, load.id, FIRST_REJECTS)
        return LoadReport(load, time.monotonic() - self._started, resumed_at, recognised, rejects)

    def _is_held(self, load: LoadRow) -> bool:
        return load.state == DONE and self._target.holds(load)

    def _latest(self) -> LoadRow | None:
        header = self._header
        return latest_load(self._engine, target=header.target, sha256=header.sha256, options=header.options)

    def _take_up(self, latest: LoadRow | None, run_id: str | None, claims: ExitStack) -> LoadRow | None:
        """Resume the last load of this file if it is unfinished, no process works on it, and its rows are there."""
        if latest is None or latest.state == DONE:
            return None
        attempt = claims.enter_context(ExitStack())
        claimed = attempt.enter_context(claimed_load(self._engine, latest.id))
        load = load_by_id(self._engine, latest.id)
        if not claimed or load.state == DONE or not self._target.keeps(load):
            attempt.close()
            return None
        return retried(lambda: take_up_load(self._engine, load.id, run_id=run_id), self._policy)

    def _begin(self, run_id: str | None, claims: ExitStack) -> LoadRow:
        """Enter a new load and claim it; where another process is quicker to claim it, it is that one's."""
        header = self._header
        while True:
            load = retried(
                lambda: begin_load(
                    self._engine,
                    target=header.target,
                    file_name=header.file_name,
                    sha256=header.sha256,
                    options=header.options,
                    run_id=run_id,
                ),
                _MEETING,
            )
            attempt = claims.enter_context(ExitStack())
            if attempt.enter_context(claimed_load(self._engine, load.id)):
                return load
            attempt.close()

    def _tidy_once(self) -> bool:
        with writing(self._engine) as connection:
            return self._target.tidy(connection)

    def _write(self, load_id: int) -> None:
        while retried(self._tidy_once, self._policy):
            pass
        self._all_new = not has_rows(self._engine, self._header.target)
        with prefetched(self._batches(self._committed)) as batches:
            for batch in batches:
                self._commit(load_id, batch)
                self._on_progress(Progress("load", self._committed, self._expected_rows(batch.end), "rows"))
        self._on_progress(Progress("load", self._committed, self._committed, "rows"))

    def _expected_rows(self, end: int) -> int | None:
        """Estimate the file's rows from the length of those read so far."""
        return max(self._committed, round(self._committed * self._header.size / end)) if end else None

    def _batches(self, skip: int) -> Iterator[Batch]:
        """Yield prepared batches; runs in the producer's thread."""
        for batch in gather(
            self._stream,
            schema=self._stream.schema,
            pick=self._target.pick,
            skip=skip,
            size=self._settings.load.batch_size,
            keep_rejects=max(self._settings.load.rejects_kept, FIRST_REJECTS),
        ):
            yield replace(batch, rows=self._target.prepare(batch.rows))

    def _commit(self, load_id: int, batch: Batch) -> None:
        after = self._committed + batch.counts.read

        tried = False

        def attempt() -> None:
            # A commit whose answer was lost may have happened all the same.
            if not tried or load_by_id(self._engine, load_id).rows_committed != after:
                self._commit_once(load_id, batch)

        def after_failure(*_: object) -> None:
            nonlocal tried
            tried = True
            self._all_new = False

        retried(attempt, self._policy, on_failure=after_failure)
        self._committed = after

    def _commit_once(self, load_id: int, batch: Batch) -> None:
        with writing(self._engine) as connection:
            written = self._target.write(connection, batch.rows, load_id=load_id, all_new=self._all_new)
            counts = batch.counts + written
            counts += RowCounts(duplicate=counts.read - counts.accounted_for)
            rejects = [{**asdict(row), "reason": row.reason.value} for row in batch.rejects]
            keep_rejects(connection, load_id, rejects, most=self._settings.load.rejects_kept)
            if not advance_load(connection, load_id, before=self._committed, counts=counts):
                raise PipelineError(
                    ErrorCode.TAKEN_OVER, f"Another process has taken up load {load_id}, so this one stops."
                )

    def _finish(self, load_id: int) -> LoadRow:
        load = retried(lambda: load_by_id(self._engine, load_id), self._policy)
        if load.rows.rejected > self._settings.load.reject_limit * load.rows.read:
            raise self._too_many_rejects(load)
        rows = self._count()
        return retried(lambda: finish_load(self._engine, load_id, table_rows=rows), self._policy)

    def _count(self) -> int:
        return count_rows(self._engine, self._header.target)

    def _too_many_rejects(self, load: LoadRow) -> PipelineError:
        first = "".join(
            f"\n    {reject.place}: {reject.reason}: {reject.raw[:100]!r}"
            for reject in rejects_of_load(self._engine, load.id, FIRST_REJECTS)
        )
        stay = f", and later runs send them; `{taking_out(load.id)}` takes them out" if load.target == NAMES else ""
        return PipelineError(
            ErrorCode.TOO_MANY_REJECTS,
            f"{load.file_name}: {load.rows.rejected:,} of {load.rows.read:,} rows are rejected, more than REJECT_LIMIT "
            f"({self._settings.load.reject_limit:.2%}) allows. The other rows are in the table{stay}.{first}",
        )

    def _give_up(self, load_id: int, error: BaseException) -> None:
        """Mark the load as failed, if the database can be reached; else it stays `running` and is taken up as such."""
        known = error if isinstance(error, PipelineError) else None
        code = known.code if known else ErrorCode.UNEXPECTED if isinstance(error, Exception) else ErrorCode.INTERRUPTED
        message = known.what if known else f"{type(error).__name__}: {error}"
        # Where Ctrl-C met a transaction between its begin and its block, only these frames keep it open, and its locks.
        traceback.clear_frames(error.__traceback__)
        with suppress(PipelineError):
            fail_load(self._engine, load_id, committed=self._committed, code=code.name, message=message)
