"""What `babynames status` shows: tables, ledger, last loads and runs at a glance.

What belongs here: gathering. What does not: drawing.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from sqlalchemy.engine import Engine

from babynames_dagster.cli.checks import describe_database
from babynames_dagster.database.connection.engine import opened_engine
from babynames_dagster.database.ledger.entries import outcome_counts
from babynames_dagster.database.loading.loaded_rows import count_rows
from babynames_dagster.database.loading.loads import LoadRow, last_loads
from babynames_dagster.database.loading.refused_names import names_of_refused_loads
from babynames_dagster.database.schema.state import look_at
from babynames_dagster.names.stream import NAMES, YEARS
from babynames_dagster.settings import Settings

LOADS_SHOWN = 5
RUNS_SHOWN = 5


def overview(settings: Settings) -> dict[str, Any]:
    """Return everything but the last runs at a glance, as plain values; no database is made or changed.

    Args:
        settings: Which database, and which data folder.

    Raises:
        PipelineError: Any DB_* code.
    """
    url = settings.database_address()
    found = look_at(url)
    shown: dict[str, Any] = {
        "database": describe_database(found),
        "data_dir": str(settings.files.data),
        "dagster_home": str(settings.files.records),
        "tables": {},
        "ledger": [],
        "loads": [],
        "refused": [],
    }
    if found.schema.is_newest:
        with opened_engine(url) as engine:
            shown |= _contents(engine)
    return shown


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with its moments as text, fit for JSON and for tables."""
    return {key: _text(value) if isinstance(value, datetime) else value for key, value in row.items()}


def _contents(engine: Engine) -> dict[str, Any]:
    return {
        "tables": {table: count_rows(engine, table) for table in (NAMES, YEARS)},
        "ledger": [{**asdict(row), "portal_id": str(row.portal_id)} for row in outcome_counts(engine)],
        "loads": [_load(load) for load in last_loads(engine, LOADS_SHOWN)],
        "refused": [asdict(names) for names in names_of_refused_loads(engine)],
    }


def _load(load: LoadRow) -> dict[str, Any]:
    others = {name: value for name, value in asdict(load).items() if name != "rows"}
    return plain({**others, **load.rows.by_column()})


def last_runs(settings: Settings) -> list[dict[str, Any]]:
    """Return the last runs, newest first, as plain values.

    Dagster's instance is opened only where it has records already; no `dagster.yaml` is written.

    Args:
        settings: Which records.

    Raises:
        PipelineError: As `opened_instance`.
    """
    home = settings.files.records
    # Without a dagster.yaml, Dagster's own commands keep their records in SQLite files of these names.
    if not ((home / "dagster.yaml").is_file() or (home / "history" / "runs.db").is_file()):
        return []
    from babynames_dagster.cli.runs.instance import opened_instance  # noqa: PLC0415 - as above
    from babynames_dagster.orchestration.automation.jobs import is_dry, run_title  # noqa: PLC0415 - Dagster takes a second to import

    with opened_instance(home, settings.env_file) as instance:
        records = instance.get_run_records(limit=RUNS_SHOWN)
    return [
        {
            "run_id": record.dagster_run.run_id,
            "run": run_title(record.dagster_run),
            "job": record.dagster_run.job_name,
            "dry_run": is_dry(record.dagster_run),
            "status": record.dagster_run.status.value,
            "started": _moment(record.start_time),
            "seconds": round(record.end_time - record.start_time, 2) if record.start_time and record.end_time else None,
        }
        for record in records
    ]


def _moment(timestamp: float | None) -> str | None:
    return _text(datetime.fromtimestamp(timestamp, timezone.utc).replace(tzinfo=None)) if timestamp else None


def _text(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="minutes")
