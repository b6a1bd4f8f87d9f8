"""A plan made and, where a file is named, written there."""

from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from babynames_dagster.common.progress import ProgressListener, ignore_progress
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.plan.files import PlanHead, plan_file
from babynames_dagster.hubspot.plan.making import PlanReport, Wanted, make_plan
from babynames_dagster.hubspot.plan.rows import PlannedRow


def save_plan(
    client: HubSpotClient,
    wanted: Wanted,
    path: Path | None,
    *,
    max_in_flight: int,
    on_progress: ProgressListener = ignore_progress,
) -> PlanReport:
    """Make a plan, and write it into a file; one that ended early is not written.

    Args:
        client: The account.
        wanted: What the plan is about.
        path: The file; None for none.
        max_in_flight: Most requests under way at once.
        on_progress: Called with how many contacts are done.

    Raises:
        PipelineError: FILE_NOT_WRITABLE; what `make_plan` raises or ended early with.
    """

    def make(take: Callable[[PlannedRow], None]) -> PlanReport:
        return make_plan(client, wanted, take, max_in_flight=max_in_flight, on_progress=on_progress)

    if path is None:
        return make(lambda _: None)
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    head = PlanHead(
        client.portal_id,
        wanted.source.sync,
        wanted.source.mapping.fingerprint,
        wanted.policy.value,
        now,
        initial_values=wanted.options.initial_values,
        full_refresh=wanted.options.full_refresh,
    )
    with plan_file(path, head) as writer:
        report = make(writer.write)
        if report.stopped is not None:
            raise report.stopped
        writer.close(report.totals)
    return report
