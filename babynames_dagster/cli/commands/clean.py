"""`babynames clean`: removes what the demo, or all of the pipeline, left in the data folder."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from babynames_dagster.cli.terminal import out
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import load_settings


def clean(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="The whole data folder: downloads, SQLite file, logs, session, runs.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove the demo's state; with --all, everything in the data folder.

    Examples: `babynames clean`, `babynames clean --all --yes`
    """
    data = load_settings().files.data
    target = data if everything else data / "demo"
    if not target.exists():
        out.print(f"Nothing to remove: {target} does not exist.", markup=False)
        return
    if target in {Path.home(), Path.cwd(), *Path.cwd().parents} or (target / ".git").exists():
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"{target} is not the pipeline's alone, so it is left as it is.",
            remedy="Remove by hand what is to go, or let DATA_DIR name a folder of its own.",
        )
    if not yes:
        typer.confirm(f"Remove {target}?", abort=True)
    shutil.rmtree(target)
    out.print(f"Removed {target}.", markup=False)
