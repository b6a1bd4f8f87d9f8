"""Where the settings' texts come from: the environment, SECRETS_DIR and AWS_SECRET below it, and `.env` below all.

What belongs here: names of variables, and texts in files of their own. What does not: `.env` (`env_file.py`), and what
a text means.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from babynames_dagster.errors import ErrorCode, PipelineError

OLDER_NAMES = {"HUBSPOT_API_KEY": "HUBSPOT_ACCESS_TOKEN"}
"""Variables that had another name in the TypeScript version of this pipeline; the newer name wins."""


FOR_OTHERS = frozenset({"DAGSTER_MYSQL_URL", "DAGSTER_QUEUE_URL", "TEST_DATABASE_URL"})
"""Variables of this project that others read (`dagster.yaml`, the tests), and that look like settings."""


def named_texts(texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts by the upper-case names that the settings have; a newer name with a text wins over an older one."""
    found = {name.upper(): text for name, text in texts.items()}
    for older, newer in OLDER_NAMES.items():
        text = found.pop(older, None)
        if text is not None and not found.get(newer, "").strip():
            found[newer] = text
    return found


def with_files(texts: Mapping[str, str], known: Iterable[str]) -> dict[str, str]:
    """Return texts with those that a file holds: DB_PASSWORD_FILE names the file of DB_PASSWORD, as in official images.

    Args:
        texts: Texts by variable; one that is there wins over its file.
        known: The variables that may be in a file.

    Raises:
        PipelineError: INVALID_CONFIG where a named file can't be read.
    """
    found = {name.upper(): text for name, text in texts.items()}
    for name in known:
        named = found.get(f"{name}_FILE", "").strip()
        if named and name not in found:
            found[name] = _secret_text(Path(named).expanduser(), f"{name}_FILE")
    return found


def folder_texts(folder: Path | None, known: Iterable[str]) -> dict[str, str]:
    """Return the texts of SECRETS_DIR: one file a variable, as Docker, Kubernetes and Vault's agent write them.

    Args:
        folder: The folder; None for none.
        known: The variables that may be there.

    Raises:
        PipelineError: INVALID_CONFIG where the folder or a file of it can't be read.
    """
    if folder is None:
        return {}
    if not folder.is_dir():
        raise PipelineError(ErrorCode.INVALID_CONFIG, f"SECRETS_DIR={folder} is no folder that can be read.")
    files = {path.name.upper(): path for path in sorted(folder.iterdir()) if path.is_file()}
    return {name: _secret_text(files[name], "SECRETS_DIR") for name in known if name in files}


def _secret_text(path: Path, variable: str) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"{variable}: {path} can't be read: {reason}.",
            remedy=f"Make {path} readable for this user, or correct {variable}.",
        ) from None
    # Editors and `echo` end a file with a line break that is no part of the secret.
    return re.sub(r"\r?\n\Z", "", text)
