"""How long users wait for a command: `make bench-startup`.

Each command takes its turn, several times, and the medians count. What is compared with a limit are the CPU seconds of
a command and all its processes: other work on the machine hardly changes them. Bytecode is compiled before, as it is on
a user's machine after the first command. Exits with 1 where a limit is missed.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from babynames_dagster_tests.bench.measuring import machine
from babynames_dagster_tests.docs.markdown import write_text

_PAGE = "docs/performance.md"
_HEAD = "| | seconds | CPU s | CPU s, at most |\n|---|--:|--:|--:|"
DAGSTER, DEFINITIONS = "`import dagster`", "the definitions, loaded"


@dataclass(frozen=True)
class Took:
    """What a command took.

    Attributes:
        seconds: From its start to its end.
        cpu: CPU seconds of all its processes.
    """

    seconds: float
    cpu: float


_HELP, _DEMO = "`babynames --help`", "`babynames demo`, nothing to do"
_STATUS, _STATUS_OF_RUNS = "`babynames status`, no run yet", "`babynames status`, with runs"
LIMITS = {_HELP: 0.4, _STATUS: 1.2, _STATUS_OF_RUNS: 1.2, _DEMO: 3.5}
"""CPU seconds, by command; to show runs takes importing Dagster, and opening its records."""
DEFINITIONS_LIMIT = 1.5
"""Times `import dagster` alone."""


def missed(took: Mapping[str, Took]) -> list[str]:
    """Return the limits that were missed, one sentence each."""
    found = [
        f"{what}: {took[what].cpu:.2f} CPU seconds, at most {most} wanted"
        for what, most in LIMITS.items()
        if took[what].cpu > most
    ]
    times = took[DEFINITIONS].cpu / took[DAGSTER].cpu
    if times > DEFINITIONS_LIMIT:
        found.append(f"{DEFINITIONS}: {times:.1f} times {DAGSTER}, at most {DEFINITIONS_LIMIT} wanted")
    return found


def table(took: Mapping[str, Took]) -> str:
    """Return the figures as a Markdown table."""
    rows = [
        f"| {what} | {one.seconds:.2f} | {one.cpu:.2f} | {LIMITS.get(what, '')} |"
        for what, one in took.items()
        if what != DEFINITIONS
    ]
    one, times = took[DEFINITIONS], took[DEFINITIONS].cpu / took[DAGSTER].cpu
    rows.append(f"| {DEFINITIONS}: {times:.1f} times that | {one.seconds:.2f} | {one.cpu:.2f} | {DEFINITIONS_LIMIT}x |")
    return "\n".join([_HEAD, *rows])


def main(arguments: Sequence[str]) -> int:
    """Measure, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each command (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help=f"write the table into {_PAGE}")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="babynames-startup-") as name:
        took = _measured(Path(name), options.rounds)
    sys.stdout.write(f"{table(took)}\n")
    if options.write:
        write_text(_PAGE, "bench-startup", f"Measured by `make bench-startup` on {machine()}.\n\n{table(took)}")
    shortfalls = missed(took)
    sys.stdout.writelines(f"MISSED: {shortfall}\n" for shortfall in shortfalls)
    return 1 if shortfalls else 0


def _measured(folder: Path, rounds: int) -> dict[str, Took]:
    babynames = str(Path(sys.executable).with_name("babynames"))
    commands = {
        _HELP: [babynames, "--help"],
        _STATUS: [babynames, "status"],
        _STATUS_OF_RUNS: [babynames, "status", "--demo", "sample"],
        _DEMO: [babynames, "demo"],
        DAGSTER: [sys.executable, "-c", "import dagster"],
        DEFINITIONS: [
            sys.executable,
            "-c",
            "from babynames_dagster.definitions import definitions; definitions().get_repository_def()",
        ],
    }
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    _timed(commands[_DEMO], folder, environment)
    turns = [
        {what: _timed(command, folder, environment) for what, command in commands.items()} for _ in range(rounds + 1)
    ]
    return {
        what: Took(median(turn[what].seconds for turn in turns[1:]), median(turn[what].cpu for turn in turns[1:]))
        for what in commands
    }


def _timed(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Took:
    started, before = time.perf_counter(), _children_cpu()
    subprocess.run(command, check=True, cwd=folder, env=dict(environment), capture_output=True)  # noqa: S603 - ours
    return Took(time.perf_counter() - started, _children_cpu() - before)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
