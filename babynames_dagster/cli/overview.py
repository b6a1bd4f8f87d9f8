"""What `babynames status` tells: tables, ledger, last loads and runs at a glance.

What belongs here: gathering. What does not: drawing.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

import dagster as dg
from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger import outcome_counts
from babynames_dagster.database.loads import last_loads
from babynames_dagster.database.names_table import count_names
from babynames_dagster.database.years_table import count_years

LOADS_SHOWN = 5
RUNS_SHOWN = 5


def overview(engine: Engine, instance: dg.DagsterInstance) -> dict[str, Any]:
    """Return everything at a glance, as plain values.

    Args:
        engine: The database.
        instance: Where the runs are recorded.

    Raises:
        PipelineError: Any DB_* code.
    """
    return {
        "tables": {"baby_names": count_names(engine), "baby_name_years": count_years(engine)},
        "ledger": [{**asdict(row), "portal_id": str(row.portal_id)} for row in outcome_counts(engine)],
        "loads": [_plain(asdict(load)) for load in last_loads(engine, LOADS_SHOWN)],
        "runs": _runs(instance.get_run_records(limit=RUNS_SHOWN)),
    }


def _runs(records: Sequence[dg.RunRecord]) -> list[dict[str, Any]]:
    return [
        {
            "run_id": record.dagster_run.run_id,
            "job": record.dagster_run.job_name,
            "status": record.dagster_run.status.value,
            "started": _moment(record.start_time),
            "seconds": round(record.end_time - record.start_time, 1) if record.start_time and record.end_time else None,
        }
        for record in records
    ]


def _moment(timestamp: float | None) -> str | None:
    return _text(datetime.fromtimestamp(timestamp, timezone.utc).replace(tzinfo=None)) if timestamp else None


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {key: _text(value) if isinstance(value, datetime) else value for key, value in row.items()}


def _text(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="minutes")
