"""`babynames clean`: removes what the demo, or all of the pipeline, left in the data folder."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from babynames_dagster.cli.options import settings_of
from babynames_dagster.cli.terminal import out
from babynames_dagster.common.paths import printable
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.sandbox.home import demo_state


def clean(
    context: typer.Context,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="The whole data folder: downloads, SQLite file, logs, session, runs.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove the demo's state; with --all, everything in the data folder.

    With the settings of a sandbox (`--env-file sandbox.env`), it is that sandbox's state alone. What is to go is named
    before it goes.

    Examples: `babynames clean`, `babynames clean --all --yes`
    """
    data = settings_of(context).files.data
    target = data if everything else demo_state(data)
    if not target.exists():
        out.print(f"Nothing to remove: {target} does not exist.", markup=False)
        return
    if target in {Path.home(), Path.cwd(), *Path.cwd().parents} or (target / ".git").exists():
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"{target} is not the pipeline's alone, so it is left as it is.",
            remedy="Remove by hand what is to go, or let DATA_DIR name a folder of its own.",
        )
    try:
        what = f"{target} ({_contents(target)})"
        if not yes:
            typer.confirm(f"Remove {what}?", abort=True)
        shutil.rmtree(target)
    except OSError as error:
        raise PipelineError(
            ErrorCode.FILE_NOT_WRITABLE,
            f"{target} can't be removed whole: {printable(error.filename)}: {error.strerror}.",
            remedy="End the commands that still use it, make it writable for this user, and run this one again.",
        ) from error
    out.print(f"Removed {what}.", markup=False)


def _contents(folder: Path) -> str:
    """Say what a folder has at its top, and how large it is in all."""
    names = [path.name + "/" * path.is_dir() for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    size = sum(path.lstat().st_size for path in folder.rglob("*"))
    return f"{size / 1e6:.1f} MB: {', '.join(map(printable, names)) or 'empty'}"
