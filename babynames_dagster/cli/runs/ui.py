"""Dagster's UI as a child of a command: started, waited for, and ended with it.

What belongs here: the process. What does not: which settings it gets.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from babynames_dagster.errors import ErrorCode, PipelineError

_START_SECONDS = 180.0
_END_SECONDS = 20.0
_LOOK_SECONDS = 0.3
_CODE = "babynames_dagster.definitions"


@dataclass(frozen=True)
class ServedUI:
    """A running `dagster dev`.

    Attributes:
        url: Its address on loopback.
        is_alive: Says whether its process runs.
    """

    url: str
    is_alive: Callable[[], bool]


@contextmanager
def serving_ui(folder: Path, environment: Mapping[str, str], *, port: int, log: Path) -> Iterator[ServedUI]:
    """Serve Dagster's UI and daemon with `dagster dev` for as long as the block lasts.

    Args:
        folder: The working folder. One without a `.env`: Dagster's commands let it overrule the environment.
        environment: All variables of the process.
        port: The port that is preferred; where it is taken, any free one.
        log: The file that gets what the process says.

    Raises:
        PipelineError: RUN_NOT_LAUNCHED where it does not start.
    """
    chosen = free_port(port)
    url = f"http://127.0.0.1:{chosen}"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - this interpreter
            [sys.executable, "-m", "dagster", "dev", "-m", _CODE, "--host", "127.0.0.1", "--port", str(chosen)],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(url, process, log)
        yield ServedUI(url, lambda: process.poll() is None)
    finally:
        _end(process)


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(requests.RequestException):
            if requests.get(f"{url}/server_info", timeout=5).ok:
                return
        time.sleep(_LOOK_SECONDS)
    raise PipelineError(
        ErrorCode.RUN_NOT_LAUNCHED, f"Dagster's UI did not start on {url}.", remedy=f"Read why in {log}."
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the process as Ctrl-C does, then whatever is left of its group."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_END_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port(wanted: int) -> int:
    """Return a port of loopback that is free: this one, else any."""
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    message = "there is no free port"
    raise OSError(message)
