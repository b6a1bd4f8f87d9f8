"""A plan as the UI shows it: its totals, its first rows, and where the file is."""

from pathlib import Path
from typing import Any

import dagster as dg

from babynames_dagster.hubspot.plan.making import PlanReport
from babynames_dagster.hubspot.plan.rows import Planned, PlannedRow
from babynames_dagster.orchestration.assets.contacts.config import DRY_RUN_KEY
from babynames_dagster.orchestration.io_managers.files import WARNING_KEY


def plan_path(data: Path, run_id: str) -> Path:
    """Return the file that a run's plan is written to."""
    return data / "plans" / f"plan-{run_id[:8]}.jsonl"


def plan_metadata(report: PlanReport, path: Path) -> dict[str, Any]:
    """Return what the UI shows of a plan."""
    metadata: dict[str, Any] = {
        DRY_RUN_KEY: True,
        "portal_id": str(report.portal_id),
        **{f"planned_{action.value}": report.totals[action] for action in Planned},
        "contacts_orphaned": report.orphaned,
        **({WARNING_KEY: report.notice} if report.notice else {}),
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
        "plan": dg.MetadataValue.path(str(path)),
        "apply_it_with": f"babynames apply {path}",
    }
    if report.first:
        metadata["first_rows"] = dg.MetadataValue.table([_record(row) for row in report.first])
    return metadata


def _record(row: PlannedRow) -> dg.TableRecord:
    return dg.TableRecord(
        {
            "action": row.action.value,
            "name": row.name,
            "email": row.email,
            "what": "; ".join(filter(None, (row.reason, row.said)))[:300],
        }
    )
