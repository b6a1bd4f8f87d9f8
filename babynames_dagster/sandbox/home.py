"""Where a sandbox keeps what the pipeline makes against it: never where a real run does, and apart for each dataset.

What belongs here: the folder and the variables that name it. What does not: the stand-ins' own variables (`server.py`).
"""

import re
from pathlib import Path

from babynames_dagster.datafile.digest import sha256_of
from babynames_dagster.settings.groups.group import is_secret
from babynames_dagster.settings.model import VARIABLES

SAMPLE = "sample"
STAND_IN = "stand-in"
"""The folder of the stand-ins' own state within a sandbox's."""

_DEMO = "demo"

_ANOTHER_PLACE = ("DATABASE_", "DB_", "DATASET_STORE", "ALERT_", "SMTP_")
"""How the names of those settings begin that lead to a database, a store or a receiver of messages."""

_LONGEST_STEM = 60


def sandbox_name(dataset: Path | None) -> str:
    """Return the name of a dataset's sandbox: its file's, and the beginning of its SHA-256.

    Args:
        dataset: The file that the sandbox serves; None for the sample.
    """
    if dataset is None:
        return SAMPLE
    stem = re.sub(r"\.(zip|csv)$", "", re.sub(r"\.zip$", "", dataset.name, flags=re.IGNORECASE), flags=re.IGNORECASE)
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:_LONGEST_STEM]
    return f"{plain or 'dataset'}-{sha256_of(dataset)[:4]}"


def sandbox_folder(data: Path, name: str) -> Path:
    """Return the folder of a sandbox below the data folder."""
    return data / _DEMO / name


def demo_state(data: Path) -> Path:
    """Return the folder of what demos left: that of all sandboxes, or the data folder itself if a sandbox's."""
    is_a_sandboxs = data.parent.name == _DEMO and (data / STAND_IN).is_dir()
    return data if is_a_sandboxs else data / _DEMO


def sandbox_names(data: Path) -> list[str]:
    """Return the names of the sandboxes that have a folder, the sample's first."""
    found = (path.name for path in (data / _DEMO).glob("*") if path.is_dir())
    return sorted(found, key=lambda name: (name != SAMPLE, name))


def own_variables(folder: Path) -> dict[str, str]:
    """Return the variables that keep the pipeline in a sandbox's folder, whatever `.env` says.

    A secret, a database, a store or a receiver of alerts that has no value here is blank, because a blank variable
    leaves out what `.env` says of it. The stand-ins' own variables go on top.

    Args:
        folder: The sandbox's folder.
    """
    elsewhere = {name: "" for name, field in VARIABLES.items() if is_secret(field) or name.startswith(_ANOTHER_PLACE)}
    return {
        **elsewhere,
        "DATABASE_URL": f"sqlite:///{folder / 'babynames.db'}",
        "DATA_DIR": str(folder),
        "DOWNLOAD_DIR": str(folder / "downloads"),
        "LOG_DIR": str(folder / "logs"),
        "DAGSTER_HOME": str(folder / "dagster"),
    }
