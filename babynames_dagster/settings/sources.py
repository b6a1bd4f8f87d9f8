"""Where the settings' texts come from: the environment, and `.env` below it.

What belongs here: names of variables, and the syntax of `.env`. What does not: what a text means.
"""

import io
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from babynames_dagster.errors import ErrorCode, PipelineError

OLDER_NAMES = {"HUBSPOT_API_KEY": "HUBSPOT_ACCESS_TOKEN"}
"""Variables that had another name in the TypeScript version of this pipeline; the newer name wins."""


def named_texts(texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts by the upper-case names that the settings have; a newer name with a text wins over an older one."""
    found = {name.upper(): text for name, text in texts.items()}
    for older, newer in OLDER_NAMES.items():
        text = found.pop(older, None)
        if text is not None and not found.get(newer, "").strip():
            found[newer] = text
    return found


def env_file(path: Path) -> dict[str, str]:
    """Return the texts of a `.env`; an absent one is empty.

    It is read as Node's dotenv reads it, as the TypeScript version did: a `$` in a value is a dollar sign, and
    backticks quote as well.

    Raises:
        PipelineError: INVALID_CONFIG where it can't be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"{path} is not UTF-8 text ({error.reason} at byte {error.start}).",
            remedy=f"Save {path} as UTF-8.",
        ) from None
    except OSError as error:
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"{path} can't be read: {error.strerror}.",
            remedy=f"Make {path} readable for this user, or remove it.",
        ) from None
    values = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: _without_backticks(value or "") for name, value in values.items()}


def _without_backticks(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == "`" else value
