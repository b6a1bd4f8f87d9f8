"""Where Dagster starts: everything in `defs/`."""

from pathlib import Path

import dagster as dg


@dg.definitions
def definitions() -> dg.Definitions:
    """Return what is in `defs/`."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent / "defs")
