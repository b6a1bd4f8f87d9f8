"""The sync of a table beside drt's, on the same rows and the same stand-in: `make bench-drt`, half an hour to an hour.

5,000 customers, one of whom has an email that HubSpot refuses; each call takes 200 ms, and the account takes 100 in
10 s. The sync is killed (SIGKILL) when half of the contacts are there, run to its end, and once more with nothing
changed.

drt is no dependency. It calls api.hubapi.com by a constant of its own, which is set to the stand-in's address; all else
is its command as released. `--drt` names a Python that has it:

    python -m venv /tmp/drt && /tmp/drt/bin/pip install drt-core
    make bench-drt ARGS="--drt /tmp/drt/bin/python"
"""

import argparse
import importlib.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster_tests.bench.measuring import machine
from babynames_dagster_tests.docs.markdown import CHECKOUT, write_text
from babynames_dagster_tests.support.customers import add_customers, customer, entries, make_table, sync_table
from babynames_dagster_tests.support.stand_ins.hubspot import TOKEN, StandIn, standing_in_elsewhere

_PAGE = "docs/your-own-table.md"
_POISON, _POISON_EMAIL = 17, "no email at all"
_LOOK_SECONDS = 0.02
_OUTPUT = "output"
_LAUNCHER = """
import sys
from drt.destinations import hubspot
hubspot._HUBSPOT_API = sys.argv.pop(1) + "/crm/v3/objects"
from drt.cli.main import app
app()
"""
_SYNC = """
name: customers
model: "SELECT id, email, first_name, last_name FROM customers ORDER BY id"
destination:
  type: hubspot
  object_type: contacts
  id_property: email
  properties_template: |
    {"email": "{{ row.email }}", "firstname": "{{ row.first_name }}", "lastname": "{{ row.last_name }}"}
  auth: {type: bearer, token_env: HUBSPOT_TOKEN}
sync:
  mode: full
  batch_size: 100
  rate_limit: {requests_per_second: 10}
  on_error: skip
  dlq: {enabled: true}
"""
_ADD = (
    "drt is not installed, so that only this sync was measured. To measure it, too: "
    "`python -m venv /tmp/drt && /tmp/drt/bin/pip install drt-core`, then "
    '`make bench-drt ARGS="--drt /tmp/drt/bin/python"`.'
)


@dataclass(frozen=True)
class Leg:
    """One run of one tool.

    Attributes:
        seconds: From the start of its process to its end or kill.
        calls: What HubSpot was asked.
        contacts: How many contacts the account has after it.
    """

    seconds: float
    calls: int
    contacts: int


@dataclass(frozen=True)
class Beside:
    """What one tool did: until it was killed, then to the end, then with nothing changed; and what it knows at last."""

    killed: Leg
    after: Leg
    unchanged: Leg
    poison: str


def main(arguments: Sequence[str]) -> int:
    """Measure, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000, help="(default: %(default)s)")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds of each call (default: %(default)s)")
    parser.add_argument("--drt", help="a Python that has drt-core (default: this one, if it has)")
    parser.add_argument("--write", action="store_true", help=f"write the table into {_PAGE}")
    chosen = parser.parse_args(arguments)
    drt = chosen.drt or (sys.executable if importlib.util.find_spec("drt") else None)
    results = {"this sync": _measure(chosen.rows, chosen.latency, _ours, _what_we_know)}
    if drt is not None:
        version = _version(drt)
        results[f"drt {version}"] = _measure(
            chosen.rows, chosen.latency, lambda folder, url: _drt(drt, folder, url), _what_drt_knows
        )
    table = _table(results)
    sys.stdout.write(table if drt is not None else f"{table}\n{_ADD}\n")
    if chosen.write and drt is not None:
        by = f'`make bench-drt ARGS="--drt PYTHON"` with {chosen.rows:,} rows on {machine()}'
        write_text(_PAGE, "drt", f"{by}:\n\n{table}")
    return 0


def _measure(
    rows: int,
    latency: float,
    start: Callable[[Path, str], "subprocess.Popen[str]"],
    know: Callable[[Path, str], str],
) -> Beside:
    with tempfile.TemporaryDirectory(prefix="babynames-drt-") as name:
        folder = Path(name)
        engine = open_engine(make_url(f"sqlite:///{folder / 'customers.db'}"))
        upgrade(engine)
        make_table(engine)
        add_customers(engine, [_customer(number) for number in range(1, rows + 1)])
        engine.dispose()
        limits = {"calls": 100, "window_seconds": 10.0, "latency": (latency, latency)}
        with standing_in_elsewhere(folder, **limits) as stand_in:
            killed = _leg(stand_in, lambda: start(folder, stand_in.url), kill_at=rows // 2)
            after = _leg(stand_in, lambda: start(folder, stand_in.url))
            poison = know(folder, (folder / _OUTPUT).read_text(encoding="utf-8", errors="replace"))
            unchanged = _leg(stand_in, lambda: start(folder, stand_in.url))
    return Beside(killed, after, unchanged, poison)


def _customer(number: int) -> dict[str, object]:
    return customer(number, email=_POISON_EMAIL) if number == _POISON else customer(number)


def _leg(stand_in: StandIn, start: Callable[[], "subprocess.Popen[str]"], *, kill_at: int | None = None) -> Leg:
    before, began = stand_in.stats()["requests"], time.monotonic()
    process = start()
    while process.poll() is None:
        if kill_at is not None and stand_in.stats()["contacts"] >= kill_at:
            process.send_signal(signal.SIGKILL)
            process.wait()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_SECONDS)
    seconds = time.monotonic() - began
    stats = stand_in.stats()
    leg = Leg(seconds, stats["requests"] - before, stats["contacts"])
    sys.stdout.write(f"  {leg}\n")
    sys.stdout.flush()
    return leg


def _ours(folder: Path, url: str) -> "subprocess.Popen[str]":
    code = f"from babynames_dagster_tests.bench.beside_drt import run_ours; run_ours({str(folder)!r}, {url!r})"
    return _started([sys.executable, "-c", code], folder, CHECKOUT, {})


def run_ours(folder: str, url: str) -> None:
    """Sync the customers of a folder, in a process that may be killed."""
    engine = open_engine(make_url(f"sqlite:///{Path(folder) / 'customers.db'}"))
    report = sync_table(engine, StandIn(url))
    sys.stdout.write(f"{report.total.rejected} rejected\n")


def _what_we_know(folder: Path, _: str) -> str:
    engine = open_engine(make_url(f"sqlite:///{folder / 'customers.db'}"))
    entry = entries(engine)[str(_POISON)]
    engine.dispose()
    return f"in the ledger: {entry.category}, {entry.message}"


def _drt(python: str, folder: Path, url: str) -> "subprocess.Popen[str]":
    project, home = folder / "project", folder / "home"
    if not project.exists():
        (project / "syncs").mkdir(parents=True)
        (home / ".drt").mkdir(parents=True)
        (project / "drt_project.yml").write_text("name: customers\nprofile: local\n", encoding="utf-8")
        (project / "syncs" / "customers.yml").write_text(_SYNC, encoding="utf-8")
        profile = f"local:\n  type: sqlite\n  database: {folder / 'customers.db'}\n"
        (home / ".drt" / "profiles.yml").write_text(profile, encoding="utf-8")
    own = {"HOME": str(home), "HUBSPOT_TOKEN": TOKEN, "DO_NOT_TRACK": "1"}
    return _started([python, "-c", _LAUNCHER, url, "run", "--output", "json"], folder, project, own)


def _what_drt_knows(folder: Path, said: str) -> str:
    queue = folder / "project" / ".drt" / "dlq" / "customers.jsonl"
    queued = queue.read_text(encoding="utf-8").splitlines() if queue.exists() else []
    found = re.search(r'"status":\s*"(\w+)"', said)
    with_reason = all("Email address" in line for line in queued)
    reason = ", with HubSpot's answer" if queued and with_reason else ""
    return f"the run says `{found[1] if found else '?'}`; {len(queued)} in its queue of failed records{reason}"


def _started(command: Sequence[str], folder: Path, where: Path, own: dict[str, str]) -> "subprocess.Popen[str]":
    with (folder / _OUTPUT).open("w", encoding="utf-8") as output:
        return subprocess.Popen(  # noqa: S603 - our own commands
            command, cwd=where, env={**os.environ, **own}, stdout=output, stderr=subprocess.STDOUT, text=True
        )


def _version(python: str) -> str:
    code = "from importlib.metadata import version; print(version('drt-core'))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


def _table(results: dict[str, Beside]) -> str:
    lines = [
        "| time, calls | until the kill | run again | contacts then | nothing changed | the refused row |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for name, found in results.items():
        legs = (f"{leg.seconds:,.1f} s, {leg.calls:,}" for leg in (found.killed, found.after))
        idle = f"{found.unchanged.seconds:,.1f} s, {found.unchanged.calls:,}"
        lines.append(f"| {name} | {' | '.join(legs)} | {found.after.contacts:,} | {idle} | {found.poison} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
