"""The file of settings that `babynames sandbox` writes, and what to do once the sandbox that it names has ended.

What belongs here: knowing such a file and the command that wrote it, and addresses of this machine. What does not: the
stand-ins (`sandbox/`).
"""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from babynames_dagster.settings.env_file import env_line

NOTHING_SERVES = "nothing serves {}, so the sandbox there is not running"

_HEADER = "# Settings of `babynames sandbox`, good while it serves; what the environment says wins."
_STARTED = "# Started by: "


def sandbox_file_text(command: str, ways: Iterable[str], variables: Mapping[str, str]) -> str:
    """Return the file that dotenv and a shell read the same way.

    Args:
        command: What starts this sandbox.
        ways: Commands that use the file.
        variables: The settings.

    Raises:
        PipelineError: As `env_line`.
    """
    settings = (env_line(*item) for item in sorted(variables.items()))
    return "\n".join([_HEADER, _STARTED + command, *(f"#   {way}" for way in ways), *settings]) + "\n"


def is_sandbox_file(path: Path) -> bool:
    """Say whether `babynames sandbox` wrote a file."""
    return path.is_file() and path.read_text(encoding="utf-8", errors="replace").startswith(_HEADER)


def is_loopback(host: str) -> bool:
    """Say whether a host is this very machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost"


def remedy_of_refused(address: str, variable: str, file: Path) -> str | None:
    """Return what to do where nothing listens at an address of this machine: only a sandbox does; None elsewhere.

    Args:
        address: The address that refused a connection.
        variable: The setting that names it.
        file: The file of settings.
    """
    if not is_loopback(urlsplit(address).hostname or ""):
        return None
    start = "babynames sandbox"
    if is_sandbox_file(file):
        lines = file.read_text(encoding="utf-8").splitlines()
        start = next((line.removeprefix(_STARTED) for line in lines if line.startswith(_STARTED)), start)
    return f"Start the sandbox again: `{start}`; or correct {variable}."
