"""Two senders of one partition: the second one waits, and a dead one loses its claim."""

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import pytest
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.database.ledger.key import NAMES, Ledger
from babynames_dagster.database.senders import Claim, active_senders, claim_partitions, release_claim
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.leases import HeldLease, Waiting, describe_senders, has_ended, sole_sender, this_process
from babynames_dagster.hubspot.sync.report import SyncReport
from babynames_dagster_tests.support.processes import processes
from babynames_dagster_tests.support.stand_ins.hubspot import LEDGER, PARTITIONS, PORTAL, StandIn
from babynames_dagster_tests.support.syncing import add_names, sync, undo_names

OTHER_HOST = "elsewhere - pid:[1] 17"


@contextmanager
def sending(
    engine: Engine, *partitions: str, wait: float = 0.0, lease: float = 30.0, sender: str = "me"
) -> Iterator[HeldLease]:
    with sole_sender(
        engine,
        ledger=LEDGER,
        partitions=partitions,
        sender=sender,
        waiting=Waiting(wait, say=lambda _: None),
        stop=threading.Event(),
        lease=lease,
    ) as held:
        yield held


def claim_elsewhere(engine: Engine, *partitions: str, seconds: float = 60.0) -> None:
    """Claim partitions as a process of another host does."""
    claim = Claim("theirs", "run 12345678 of babynames on elsewhere", OTHER_HOST)
    assert not claim_partitions(
        engine, ledger=LEDGER, partitions=partitions, claim=claim, seconds=seconds, is_gone=has_ended
    )


def test_a_partition_has_one_sender_and_others_of_the_account_and_other_accounts_are_free(engine: Engine) -> None:
    with sending(engine, "A", "B", sender="run 1 on web"):
        with pytest.raises(PipelineError, match="run 1 on web sends B") as caught, sending(engine, "B", "C"):
            pass
        assert caught.value.code is ErrorCode.HUBSPOT_BUSY
        with sending(engine, "C"):
            assert [row.partition for row in active_senders(engine, LEDGER)] == ["A", "B", "C"]
        assert active_senders(engine, Ledger(PORTAL + 1, NAMES)) == []
        assert describe_senders(active_senders(engine, LEDGER)) == "run 1 on web sends A, B"
    assert active_senders(engine, LEDGER) == []


def test_a_claim_that_is_not_whole_claims_nothing(engine: Engine) -> None:
    with sending(engine, "B"):
        with pytest.raises(PipelineError), sending(engine, "A", "B"):
            pass
        assert [row.partition for row in active_senders(engine, LEDGER)] == ["B"]


def test_the_second_sender_says_whom_it_waits_for_and_begins_when_the_first_one_ends(engine: Engine) -> None:
    said: list[str] = []
    first = sending(engine, "A", sender="run 1 on web")
    first.__enter__()

    def say(text: str) -> None:
        said.append(text)
        first.__exit__(None, None, None)

    with sole_sender(
        engine,
        ledger=LEDGER,
        partitions=["A"],
        sender="run 2",
        waiting=Waiting(30.0, say),
        stop=threading.Event(),
    ):
        assert [row.sender for row in active_senders(engine, LEDGER)] == ["run 2"]
    assert said == ["Waiting for another run, so that no contact is sent twice: run 1 on web sends A."]


def test_many_claims_at_once_are_one_after_the_other(engine: Engine) -> None:
    inside, most = 0, 0
    watch = threading.Lock()
    errors: list[BaseException] = []

    def work() -> None:
        nonlocal inside, most
        try:
            with sending(engine, *PARTITIONS, wait=60.0):
                with watch:
                    inside += 1
                    most = max(most, inside)
                with watch:
                    inside -= 1
        except BaseException as error:  # noqa: BLE001 - shown by the test
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert most == 1


def test_a_claim_of_another_host_ends_by_the_databases_clock(engine: Engine) -> None:
    claim_elsewhere(engine, "A", seconds=1.0)
    with pytest.raises(PipelineError), sending(engine, "A"):
        pass
    began = time.monotonic()
    with sending(engine, "A", wait=30.0):
        assert time.monotonic() - began < 15.0


def test_a_claim_of_another_host_outlives_no_clock_that_was_set_back(engine: Engine) -> None:
    claim_elsewhere(engine, "A", seconds=3600.0)
    with sending(engine, "A", wait=30.0, lease=0.5):
        pass


def test_a_live_sender_keeps_its_claim_beyond_the_lease(engine: Engine) -> None:
    with sending(engine, "A", lease=1.0) as held:
        deadline = time.monotonic() + 2.5
        while time.monotonic() < deadline:
            with pytest.raises(PipelineError), sending(engine, "A"):
                pass
            time.sleep(0.1)
        assert held.lost is None


def test_a_sender_that_lost_its_claim_is_stopped(engine: Engine) -> None:
    with sending(engine, "A", lease=1.0) as held:
        release_claim(engine, _holder(engine))
        assert held.stop.wait(30.0)
    assert held.lost is not None
    assert held.lost.code is ErrorCode.TAKEN_OVER


def test_a_sender_that_is_interrupted_by_its_lost_claim_says_so(engine: Engine) -> None:
    with pytest.raises(PipelineError) as caught, sending(engine, "A", lease=1.0) as held:
        _be_interrupted_by_the_lost_claim(engine, held)
    assert caught.value is held.lost
    assert caught.value.code is ErrorCode.TAKEN_OVER


def _be_interrupted_by_the_lost_claim(engine: Engine, held: HeldLease) -> None:
    release_claim(engine, _holder(engine))
    assert held.stop.wait(30.0)
    raise PipelineError(ErrorCode.INTERRUPTED, "The run was asked to stop.")


def _holder(engine: Engine) -> str:
    with engine.connect() as connection:
        holder: str = connection.exec_driver_sql("SELECT holder FROM senders WHERE holder <> ''").scalar_one()
    return holder


def _send_for_ever(control: Connection, url: str) -> None:
    with sending(open_engine(make_url(url)), "A", lease=3600.0):
        control.send("sending")
        signal.pause()


def test_a_killed_sender_of_this_host_blocks_no_other(engine: Engine) -> None:
    ours, theirs = processes().Pipe()
    url = engine.url.render_as_string(hide_password=False)
    other = processes().Process(target=_send_for_ever, args=(theirs, url))
    other.start()
    assert ours.recv() == "sending"
    with pytest.raises(PipelineError), sending(engine, "A"):
        pass
    assert other.pid is not None
    os.kill(other.pid, signal.SIGKILL)
    other.join()
    with sending(engine, "A"):
        assert [row.sender for row in active_senders(engine, LEDGER)] == ["me"]


def test_only_a_process_of_this_host_is_known_to_have_ended() -> None:
    host = this_process().rpartition(" ")[0]
    gone = processes().Process(target=int)
    gone.start()
    gone.join()
    assert has_ended(f"{host} {gone.pid}")
    assert not has_ended(this_process())
    assert not has_ended(f"elsewhere {gone.pid}")
    assert not has_ended("")


def test_two_syncs_at_once_send_each_contact_once(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 600)
    reports: list[SyncReport] = []
    threads = [threading.Thread(target=lambda: reports.append(sync(engine, stand_in))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((report.total.created, report.total.unchanged) for report in reports) == [(0, 600), (600, 0)]
    assert len(stand_in.writes()) == 6


def test_a_sync_that_waits_in_vain_has_sent_nothing_and_a_dry_run_waits_for_nothing(
    engine: Engine, stand_in: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    add_names(engine, 10)
    claim_elsewhere(engine, "A")
    with caplog.at_level(logging.WARNING):
        stopped = sync(engine, stand_in, hubspot_wait=0).stopped
    assert stopped is not None
    assert stopped.code is ErrorCode.HUBSPOT_BUSY
    assert "on elsewhere sends A" in stopped.what
    assert stand_in.writes() == []
    assert sync(engine, stand_in, partitions=["B", "other"], hubspot_wait=0).total.unsent == 0


def test_undo_waits_for_a_sync(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 10)
    sync(sqlite_engine, stand_in)
    claim_elsewhere(sqlite_engine, "A")
    settings = stand_in.settings(sqlite_engine, hubspot_wait=0)
    with open_client(settings.account, sqlite_engine) as client, pytest.raises(PipelineError) as caught:
        undo_names(sqlite_engine, client, settings)
    assert caught.value.code is ErrorCode.HUBSPOT_BUSY
    assert stand_in.stats()["contacts"] == 10
