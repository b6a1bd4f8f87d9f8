"""The environment as the user's shell gave it, also below Dagster's commands.

Every `dagster` and `dg` command reads `.env` in its folder, in a syntax of its own, and lets it overrule the
environment. The processes that it starts inherit that (`_inject_local_env_file` in `dagster/_cli/utils.py`, 1.13).
There is no switch for it. So the system is asked what the environment was: the one that the outermost of these
processes was started with.

What belongs here: finding it, and lending to it. What does not: what `.env` says (`sources.py`).
"""

import os
from collections.abc import Mapping, Sequence

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings.env_file import ENV_FILE, env_file

HOME = "DAGSTER_HOME"


def shell_environment() -> dict[str, str]:
    """Return this process's environment without what Dagster took from `.env`.

    Raises:
        PipelineError: INVALID_CONFIG where `.env` can't be read, or names another DAGSTER_HOME than the shell, because
            Dagster has opened the file's by then.
    """
    current, named_in_file = dict(os.environ), [*env_file(ENV_FILE)]
    if not named_in_file:
        return current
    from babynames_dagster.settings.ancestry import environment_before_dagster  # noqa: PLC0415 - few have a `.env`

    return restored(current, environment_before_dagster(), named_in_file)


def lend_to_dagster(below: Mapping[str, str], above: Mapping[str, str] | None = None) -> None:
    """Put variables into this process's environment, as Dagster's commands do with `.env`.

    What `env:` in a `dagster.yaml`, or `EnvVar` in a project's code, names is looked up in `os.environ` alone, when
    Dagster opens a storage or a resource. Nothing else can hand it a value. This is the one place where our code
    changes the environment of a running process.

    Args:
        below: Texts that count where the environment has none: those of the file of settings.
        above: Texts that win over the environment: what options of the command say.
    """
    os.environ.update({**below, **os.environ, **(above or {})})


def restored(
    current: Mapping[str, str], before: Mapping[str, str] | None, named_in_file: Sequence[str]
) -> dict[str, str]:
    """Return the environment with the variables of `.env` as they were before Dagster read it.

    Args:
        current: The environment of this process.
        before: That of the outermost Dagster process at its start; None where no Dagster command is above.
        named_in_file: The variables that `.env` names.

    Raises:
        PipelineError: INVALID_CONFIG; see `shell_environment`.
    """
    if before is None:
        return dict(current)
    if HOME in named_in_file and before.get(HOME) and before[HOME] != current.get(HOME):
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"{HOME} is {before[HOME]} in the environment and {current.get(HOME)} in .env. Dagster's commands take the "
            "one of .env, `babynames` that of the environment: runs would be recorded in two places.",
            remedy=f"Remove {HOME} from .env, or unset it in the environment.",
        )
    others = {name: value for name, value in current.items() if name not in named_in_file}
    return others | {name: before[name] for name in named_in_file if name in before}
