"""Where the demo keeps its state: never a real run's, and apart for each dataset."""

import os
from pathlib import Path

from babynames_dagster.datafile.inspect import sha256_of
from babynames_dagster.settings import Settings, current_settings

DEMO_TAG = "babynames/demo"
"""Tells which demo a recorded run belongs to: all are recorded where the real ones are."""

_SAMPLE = "sample"
_OTHER_ROADS_TO_A_DATABASE = ("DB_DIALECT", "DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD")


def demo_name(dataset: Path | None) -> str:
    """Return the name of a dataset's demo.

    Args:
        dataset: The file that the sandbox serves; None for the sample.
    """
    return _SAMPLE if dataset is None else sha256_of(dataset)[:12]


def demo_folder(data: Path, name: str) -> Path:
    """Return the folder of a demo's state below the data folder."""
    return data / "demo" / name


def demos(data: Path) -> list[str]:
    """Return the names of the demos that have a state, the sample first."""
    found = (path.name for path in (data / "demo").glob("*") if path.is_dir())
    return sorted(found, key=lambda name: (name != _SAMPLE, name))


def enter_demo(folder: Path) -> Settings:
    """Let this process's settings be those of a demo.

    What DATABASE_URL, DOWNLOAD_DIR or LOG_DIR say in the environment wins. What `.env` says does not: it names a real
    run's.

    Args:
        folder: The folder of the demo's state.

    Returns:
        The settings.
    """
    os.environ.update(
        {
            "DATA_DIR": str(folder),
            "DATABASE_URL": os.environ.get("DATABASE_URL") or f"sqlite:///{folder / 'babynames.db'}",
            "DOWNLOAD_DIR": os.environ.get("DOWNLOAD_DIR") or str(folder / "downloads"),
            "LOG_DIR": os.environ.get("LOG_DIR") or str(folder / "logs"),
            **dict.fromkeys(_OTHER_ROADS_TO_A_DATABASE, ""),
        }
    )
    current_settings.cache_clear()
    return current_settings()
