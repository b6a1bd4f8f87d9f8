"""The processes above this one that are Dagster's, and the environment that the outermost was started with.

What belongs here: asking the system. What does not: what becomes of the answer (`shell.py`).
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile
from pathlib import PurePath

import psutil

_PROGRAMS = {"dagster", "dagster-daemon", "dagster-webserver", "dg"}
_WORDS_LOOKED_AT = 3  # interpreter, `-m` or script, module
_SPAWNED = "from multiprocessing.spawn import"


def is_of_dagster(command: Sequence[str]) -> bool:
    """Say whether a process is one of Dagster's, by its command line; a child that Python spawned counts as well."""
    words = [PurePath(word).name for word in command[:_WORDS_LOOKED_AT]]
    module = next((after for word, after in pairwise(command) if word == "-m"), "")
    return (
        not _PROGRAMS.isdisjoint(words)
        or module.split(".")[0] == "dagster"
        or any(word.startswith(_SPAWNED) for word in command)
    )


def environment_before_dagster() -> dict[str, str] | None:
    """Return what the outermost Dagster process was started with; None where no Dagster command is above."""
    found = None
    for process in takewhile(lambda candidate: is_of_dagster(_command(candidate)), _lineage()):
        try:
            found = process.environ()
        except (psutil.Error, OSError):
            break
    return found


def _lineage() -> Iterator[psutil.Process]:
    process: psutil.Process | None = psutil.Process()
    while process is not None:
        yield process
        try:
            process = process.parent()
        except psutil.Error:
            return


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
