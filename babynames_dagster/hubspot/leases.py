"""One sender a partition: each sender is known to every other one of the same database, and waited for.

What belongs here: how long a claim lasts, keeping it alive, waiting for another's. What does not: the rows (SQL is in
`database/senders.py`), and what is sent.

A claim is a lease: it is renewed while its sender lives, and ends by itself after `LEASE_SECONDS` where it was killed
or its host is gone. On the same host the end of the process is seen at once.
"""

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.senders import Claim, SenderRow, claim_partitions, release_claim, renew_claim
from babynames_dagster.datafile.workspace import is_running
from babynames_dagster.errors import ErrorCode, PipelineError

LEASE_SECONDS: float = 90.0
_RENEW_SECONDS: float = 20.0
_ASK_SECONDS: float = 1.0
_SAY_SECONDS: float = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Waiting:
    """How a sender waits for others.

    Attributes:
        seconds: How long, at most.
        say: Called with who is waited for, at once and from time to time.
    """

    seconds: float
    say: Callable[[str], None] = field(default=_log.warning)


@dataclass
class HeldLease:
    """A claim that is held.

    Attributes:
        stop: Set when nothing more may be sent, because the sender was asked to stop or the claim is lost.
        lost: Why the claim was lost; None where it was not.
    """

    stop: threading.Event
    lost: PipelineError | None = None


@contextmanager
def sole_sender(  # noqa: PLR0913 - who, what and how, by keyword
    engine: Engine,
    *,
    ledger: Ledger,
    partitions: Sequence[str],
    sender: str | None,
    waiting: Waiting,
    stop: threading.Event,
    lease: float = LEASE_SECONDS,
) -> Iterator[HeldLease]:
    """Be the only sender of these partitions for as long as the block lasts; wait for others to end before.

    Args:
        engine: The database.
        ledger: The source and the account.
        partitions: What is to be sent. All are claimed at once, so that two senders never wait for each other.
        sender: Whose claim it is, for people; None for this process's number.
        waiting: How others are waited for.
        stop: Ends the waiting; and is set when the claim is lost.
        lease: Seconds until a claim that is not renewed ends.

    Raises:
        PipelineError: HUBSPOT_BUSY where another sender does not end in time; INTERRUPTED where `stop` is set
            meanwhile; TAKEN_OVER where the block was interrupted because the claim is lost; any DB_* code.
    """
    claim = Claim(secrets.token_hex(16), sender or f"process {os.getpid()} on {socket.gethostname()}", this_process())
    _wait_for_claim(engine, ledger, partitions, claim, waiting, stop, lease)
    held = HeldLease(stop)
    ended = threading.Event()
    keeper = threading.Thread(target=_keep, args=(engine, claim, len(partitions), held, ended, lease), daemon=True)
    keeper.start()
    try:
        yield held
    except PipelineError as error:
        if held.lost is not None and error.code is ErrorCode.INTERRUPTED:
            raise held.lost from error
        raise
    finally:
        ended.set()
        keeper.join()
        with suppress(PipelineError):  # it ends by itself
            release_claim(engine, claim.holder)


def describe_senders(rows: Sequence[SenderRow]) -> str:
    """Say who sends what, one sender after the other."""
    partitions: dict[str, list[str]] = {}
    for row in rows:
        partitions.setdefault(row.sender, []).append(row.partition)
    return "; ".join(f"{sender} sends {', '.join(sent)}" for sender, sent in partitions.items())


def this_process() -> str:
    """Return what this process is known by on its host.

    Two containers may share a host's name and count their processes apart: the boot and the process namespace
    distinguish them where the system has these (`proc(5)`, `pid_namespaces(7)`).
    """
    return f"{_host()} {os.getpid()}"


def has_ended(process: str) -> bool:
    """Say whether a process has ended for certain; of other hosts' processes that can't be known."""
    host, _, number = process.rpartition(" ")
    return host == _host() and number.isdigit() and not is_running(int(number))


def _host() -> str:
    boot = space = ""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = str(Path("/proc/self/ns/pid").readlink())
    return f"{socket.gethostname()} {boot} {space}".encode("ascii", "replace").decode()


def _wait_for_claim(  # noqa: PLR0913, PLR0917 - as above
    engine: Engine,
    ledger: Ledger,
    partitions: Sequence[str],
    claim: Claim,
    waiting: Waiting,
    stop: threading.Event,
    lease: float,
) -> None:
    began = time.monotonic()
    say_at = began
    while others := claim_partitions(
        engine, ledger=ledger, partitions=partitions, claim=claim, seconds=lease, is_gone=has_ended
    ):
        seconds = time.monotonic() - began
        if seconds >= waiting.seconds:
            raise PipelineError(
                ErrorCode.HUBSPOT_BUSY, f"Waited {seconds:.0f} s for another run: {describe_senders(others)}."
            )
        if time.monotonic() >= say_at:
            waiting.say(f"Waiting for another run, so that no contact is sent twice: {describe_senders(others)}.")
            say_at = time.monotonic() + _SAY_SECONDS
        if stop.wait(_ASK_SECONDS):
            raise PipelineError(ErrorCode.INTERRUPTED, "The run was asked to stop while it waited for another one.")


def _keep(  # noqa: PLR0913, PLR0917 - as above
    engine: Engine, claim: Claim, partitions: int, held: HeldLease, ended: threading.Event, lease: float
) -> None:
    """Renew a claim until its sender is done; where it is lost, stop the sender."""
    renewed = time.monotonic()
    while not ended.wait(min(_RENEW_SECONDS, lease / 4)):
        asked = time.monotonic()
        try:
            kept = renew_claim(engine, claim.holder, seconds=lease)
        except PipelineError:
            if time.monotonic() - renewed < lease:
                continue
            kept = 0
        if kept < partitions:
            held.lost = PipelineError(
                ErrorCode.TAKEN_OVER,
                f"The claim on the partitions was not renewed for {time.monotonic() - renewed:.0f} s, so that another "
                "run may send them.",
            )
            held.stop.set()
            return
        renewed = asked
