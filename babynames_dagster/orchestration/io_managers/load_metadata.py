"""What the UI shows of a load: its counts and rejects, and a look at the table.

What belongs here: Dagster's form of it. What does not: the load, and the chart's drawing (`charts.py`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg
from sqlalchemy.engine import Engine

from babynames_dagster.database.births import births_by_year, top_names
from babynames_dagster.database.loading.loads import KeptReject
from babynames_dagster.database.loading.names_table import sample_names
from babynames_dagster.names.loading.report import LoadReport
from babynames_dagster.names.stream import NAMES, YEARS
from babynames_dagster.orchestration.io_managers.charts import NAMES_SHOWN, as_markdown, births_chart
from babynames_dagster.orchestration.io_managers.tables import RESUMED_AT

REJECTS_SHOWN = 10
PREVIEW_ROWS = 10


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


def picture(table: str, engine: Engine) -> dict[str, Any]:
    """Return what the UI shows of a table itself: the names' first rows, or the chart of births by year."""
    return _PICTURES[table](engine)


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
