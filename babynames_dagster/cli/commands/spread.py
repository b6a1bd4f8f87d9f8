"""`babynames spread`: the contacts as several runs, for several workers."""

from typing import Annotated
from urllib.parse import urlsplit

import typer
from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError

from babynames_dagster.cli.command_log import log_command
from babynames_dagster.cli.options import settings_of
from babynames_dagster.cli.terminal import out
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.orchestration.assets.partitions import CONTACT_PARTITIONS
from babynames_dagster.orchestration.automation.jobs import SYNC_JOB, partition_range_tags
from babynames_dagster.orchestration.automation.ranges import slices

_PARTITIONS = CONTACT_PARTITIONS.get_partition_keys()


def spread(
    context: typer.Context,
    *,
    runs: Annotated[
        int, typer.Option(help="Runs to launch; each has its share of the partitions.", min=1, max=len(_PARTITIONS))
    ] = len(_PARTITIONS),
    ui: Annotated[str | None, typer.Option(help="Address of Dagster's webserver (DAGSTER_UI_URL).")] = None,
) -> None:
    """Launch the sync of the names as several runs, so that several workers share it.

    The limit of HubSpot stays one for all of them. The webserver queues the runs; this command does not wait for them.

    Example: `babynames spread --runs 9`
    """
    settings = settings_of(context)
    log_command(context, settings)
    address = urlsplit(ui or settings.alerts.ui_url)
    shown = f"{address.scheme}://{address.netloc}"
    try:
        client = DagsterGraphQLClient(
            address.hostname or "", port_number=address.port, use_https=address.scheme == "https", timeout=60
        )
        for first, last in slices(_PARTITIONS, runs):
            run_id = client.submit_job_execution(SYNC_JOB, tags=partition_range_tags(first, last))
            out.print(f"{first} to {last}: run {run_id}" if first != last else f"{first}: run {run_id}", markup=False)
    except DagsterGraphQLClientError as error:
        raise PipelineError(
            ErrorCode.RUN_NOT_LAUNCHED, f"Dagster's webserver at {shown} did not take a run: {str(error)[:500]}"
        ) from error
