"""Where the demo keeps its state: never a real run's, and apart for each dataset."""

from collections.abc import Mapping
from pathlib import Path

from babynames_dagster.datafile.inspect import sha256_of

SAMPLE = "sample"
_OTHER_ROADS_TO_A_DATABASE = ("DB_DIALECT", "DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD")


def demo_environment(dataset: Path | None, environment: Mapping[str, str], data: Path) -> tuple[dict[str, str], Path]:
    """Return the variables of a demo's own state, and the folder of the sandbox's.

    Args:
        dataset: The file that the sandbox serves; None for the sample.
        environment: The process's variables; what DATABASE_URL or DOWNLOAD_DIR say there wins. What `.env` says does
            not: it names a real run's.
        data: The data folder.
    """
    folder = data / "demo" / (SAMPLE if dataset is None else sha256_of(dataset)[:12])
    variables = {
        "DATA_DIR": str(folder),
        "DATABASE_URL": environment.get("DATABASE_URL") or f"sqlite:///{folder / 'babynames.db'}",
        "DOWNLOAD_DIR": environment.get("DOWNLOAD_DIR") or str(folder / "downloads"),
        "LOG_DIR": environment.get("LOG_DIR") or str(folder / "logs"),
        **dict.fromkeys(_OTHER_ROADS_TO_A_DATABASE, ""),
    }
    return variables, folder / "sandbox"
