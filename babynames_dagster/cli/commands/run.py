"""`babynames run`: the whole graph, for real."""

from pathlib import Path
from typing import Annotated, Any

import typer

from babynames_dagster.cli.command_log import log_command
from babynames_dagster.cli.options import Json, OverrideGuards, Partition, settings_of, verbosity_of
from babynames_dagster.cli.runs.pipeline import WantedRun
from babynames_dagster.cli.runs.running import run_and_show
from babynames_dagster.common.paths import path_to_text
from babynames_dagster.orchestration.assets.partitions import DRY_RUN_TAG


def run(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    path: Annotated[
        Path | None, typer.Option(help="Another zip or CSV to load.", exists=True, resolve_path=True)
    ] = None,
    partition: Partition = None,
    force_download: Annotated[bool, typer.Option("--force-download", help="Fetch the file again.")] = False,
    full_reload: Annotated[
        bool, typer.Option("--full-reload", help="Load a file again that was loaded before.")
    ] = False,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Send every contact, changed or not.")] = False,
    retry_rejected: Annotated[bool, typer.Option("--retry-rejected", help="Send rejected contacts again.")] = False,
    resend_initial: Annotated[
        bool,
        typer.Option(
            "--resend-initial",
            help="Send HUBSPOT_INITIAL_PROPERTIES again to contacts that were given other values; with --full-refresh, "
            "to all.",
        ),
    ] = False,
    override_guards: OverrideGuards = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what HubSpot would get.")] = False,
    json: Json = False,
) -> None:
    """Run the whole graph for real: Kaggle to table to HubSpot.

    Examples: `babynames run`, `babynames run --dry-run`, `babynames run --partition J --json`
    """
    op_config: dict[str, dict[str, Any]] = {
        "raw_zip": {"force_download": force_download} | ({"path": path_to_text(path)} if path else {}),
        "baby_names_table": {"full_reload": full_reload},
        "baby_name_years": {"full_reload": full_reload},
        "hubspot_contacts": {
            "full_refresh": full_refresh,
            "retry_rejected": retry_rejected,
            "initial_values": resend_initial,
            "dry_run": dry_run,
            "override_guards": override_guards,
        },
    }
    settings = settings_of(context)
    log_command(context, settings, makes_data=True)
    tags = {DRY_RUN_TAG: "true"} if dry_run else {}
    run_and_show(settings, verbosity_of(context), WantedRun(op_config, partition=partition, tags=tags), json=json)
