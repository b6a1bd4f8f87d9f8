"""The tables' IO manager: loads a lazy stream of rows in batched inserts, and hands on the names table unread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from sqlalchemy.engine import Engine

from babynames_dagster.database.loading.loaded_rows import has_rows
from babynames_dagster.database.loading.loads import KeptReject
from babynames_dagster.database.loading.names_table import sample_names
from babynames_dagster.database.loading.years_table import births_by_year, top_names
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.names.loading.load import load_stream
from babynames_dagster.names.loading.report import LoadReport
from babynames_dagster.names.stream import NAMES, YEARS, RowStream
from babynames_dagster.orchestration.io_managers.charts import NAMES_SHOWN, as_markdown, births_chart
from babynames_dagster.orchestration.resources.database import DatabaseResource
from babynames_dagster.orchestration.resources.files import FilesResource
from babynames_dagster.orchestration.resources.loading import LoadingResource
from babynames_dagster.orchestration.resources.reporting import progress_events

RESUMED_AT = "rows_skipped_on_resume"
REJECTS_SHOWN = 10
PREVIEW_ROWS = 10


@dataclass(frozen=True)
class LoadedTable:
    """The names table as a later step gets it: nothing is read until that step asks for it.

    Attributes:
        engine: The database that holds it.
    """

    engine: Engine


class TableIOManager(dg.ConfigurableIOManager):
    """Loads a stream of rows into a table of the resource `database`: MySQL, MariaDB or SQLite."""

    database: DatabaseResource
    files: FilesResource
    loading: LoadingResource

    def handle_output(self, context: dg.OutputContext, obj: RowStream) -> None:
        """Load the stream, and publish what happened to each of its rows."""
        with self.files.failures(context.log):
            report = load_stream(
                obj,
                self.database.engine,
                run_id=context.run_id,
                settings=self.loading.settings,
                on_progress=progress_events(context.log),
            )
            context.add_output_metadata(load_metadata(report))
            context.add_output_metadata(_PICTURES[obj.header.target](self.database.engine))

    def load_input(self, context: dg.InputContext) -> LoadedTable:
        """Hand on the table.

        Raises:
            Failure: NAMES_NOT_LOADED where it is empty: its readers would take nothing for success.
        """
        with self.files.failures(context.log):
            engine = self.database.engine
            if not has_rows(engine, NAMES):
                raise PipelineError(ErrorCode.NAMES_NOT_LOADED, "The table baby_names is empty.")
            return LoadedTable(engine)


def load_metadata(report: LoadReport) -> dict[str, Any]:
    """Return what the UI shows of a load: counts that can be plotted, rates, and the first rejects.

    The counts are those of the whole load, whichever runs brought it; the rate is this run's, and there is none where
    the file was not read again.
    """
    load = report.load
    read = 0 if report.recognised else load.rows.read - report.resumed_at
    metadata: dict[str, Any] = {
        "dagster/row_count": load.table_rows,
        "dagster/table_name": load.target,
        **load.rows.by_column(),
        RESUMED_AT: report.resumed_at,
        "seconds": round(report.seconds, 3),
        **({"rows_per_second": round(read / report.seconds)} if read and report.seconds else {}),
        "file": load.file_name,
        "sha256": load.sha256,
        "loaded_before": report.recognised,
        "load_id": str(load.id),  # a number would be plotted
    }
    if report.first_rejects:
        metadata["first_rejects"] = _rejects_table(report.first_rejects[:REJECTS_SHOWN])
    return metadata


def _rejects_table(rejects: Sequence[KeptReject]) -> dg.TableMetadataValue:
    records = [dg.TableRecord({"place": row.place, "reason": row.reason, "raw": row.raw[:200]}) for row in rejects]
    return dg.MetadataValue.table(records)


def _preview(engine: Engine) -> dict[str, Any]:
    rows = sample_names(engine, limit=PREVIEW_ROWS)
    records = [
        dg.TableRecord({"id": row.id, "slug": row.slug, "name": row.name, "sex": row.sex, "initial": row.initial})
        for row in rows
    ]
    return {"preview": dg.MetadataValue.table(records)} if records else {}


def _chart(engine: Engine) -> dict[str, Any]:
    years = {row.year: row.births for row in births_by_year(engine)}
    names = [(row.name, row.births) for row in top_names(engine, limit=NAMES_SHOWN)]
    return {"chart": dg.MetadataValue.md(as_markdown(births_chart(years, names)))}


_PICTURES: dict[str, Callable[[Engine], dict[str, Any]]] = {NAMES: _preview, YEARS: _chart}
