"""The file of settings below the environment: which one it is, its syntax, and writing one.

What belongs here: `.env` in the working folder, or the file that BABYNAMES_ENV_FILE names in its place. What does not:
what wins over it (`model.py`), and what a text means.
"""

import io
import shlex
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from babynames_dagster.errors import ErrorCode, PipelineError

ENV_FILE = Path(".env")

CHOICE = "BABYNAMES_ENV_FILE"
"""The variable that names another file; it counts in the environment alone, never in a file."""


def chosen_path(environment: Mapping[str, str]) -> Path | None:
    """Return the file that BABYNAMES_ENV_FILE names; None where it names none, and `.env` is meant."""
    named = environment.get(CHOICE, "").strip()
    return Path(named).expanduser().absolute() if named else None


def env_texts(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of the file that is meant: of `.env`, which may be absent, or of the one that was chosen.

    Raises:
        PipelineError: INVALID_CONFIG where the chosen one is not there, or where the file can't be read.
    """
    chosen = chosen_path(environment)
    if chosen is None:
        return env_file(ENV_FILE)
    if not chosen.exists():
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"{CHOICE}={chosen}: there is no such file.",
            remedy=f"Correct --env-file or {CHOICE}; without them, .env in the working folder is read.",
        )
    return env_file(chosen)


def looked_at(environment: Mapping[str, str]) -> Path:
    """Return the file of settings that an environment makes this process look at, absolute; it need not be there."""
    return chosen_path(environment) or ENV_FILE.absolute()


def env_file(path: Path) -> dict[str, str]:
    """Return the texts of a `.env`; an absent one is empty.

    It is read as Node's dotenv reads it, as the TypeScript version did: a `$` in a value is a dollar sign, and
    backticks quote as well.

    Raises:
        PipelineError: INVALID_CONFIG where it, or a line of it, can't be read.
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
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            found = binding.original.string
            line = binding.original.line + found.count("\n", 0, len(found) - len(found.lstrip()))
            raise PipelineError(
                ErrorCode.INVALID_CONFIG,
                f"{path}, line {line:,}, is no NAME=value, or its quotes don't match.",
                remedy="Correct that line; a value with quotes in it is enclosed in quotes of another kind.",
            )
    return _texts(text)


def env_line(name: str, value: str) -> str:
    """Return the line of a setting, which `.env` and POSIX shells read the same way.

    Raises:
        PipelineError: INVALID_CONFIG where no quotes make both read the same.
    """
    if shlex.quote(value) == value or not value:
        line = f"{name}={value}"
    elif "'" not in value:
        line = f"{name}='{value}'"
    else:
        line = f'{name}="{value}"' if set(value).isdisjoint('"$`\\') else ""
    if _texts(line) == {name: value}:
        return line
    raise PipelineError(
        ErrorCode.INVALID_CONFIG,
        f"{name} can't be written into a file of settings: dotenv and a shell would read its quotes or backslashes "
        "differently.",
        remedy="Let DATA_DIR name a folder without quotes and backslashes.",
    )


def _texts(text: str) -> dict[str, str]:
    return {binding.key: _value(binding) for binding in parse_stream(io.StringIO(text)) if binding.key is not None}


def _value(binding: Binding) -> str:
    value = binding.value or ""
    is_enclosed = len(value) > 1 and value[0] == value[-1] == "`"
    written = binding.original.string.partition("=")[2].lstrip()
    return value[1:-1] if is_enclosed and written.startswith("`") else value
